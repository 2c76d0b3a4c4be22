"""The page of security events: for administrators, by kind, by person, in pages."""

import re
from pathlib import Path

import pytest

from accounts import event_words, events
from accounts.models import SecurityEvent
from tenants.context import use

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
RECORDED = re.compile(r"events\.record\(\s*\"([\w.]+)\"")


def names() -> set[str]:
    sources = (ROOT / "accounts").rglob("*.py")
    texts = [path.read_text(encoding="utf-8") for path in sources]
    return {name for text in texts for name in RECORDED.findall(text)}


def test_every_recorded_event_has_its_words_and_its_kind() -> None:
    beginnings = tuple(
        part for _label, parts in event_words.KINDS.values() for part in parts
    )
    found = {name for name in names() if not name.startswith("operator.")}
    assert found >= {"sign_in", "role.changed"}
    assert found <= event_words.WORDS.keys()
    found |= event_words.WORDS.keys() - {"operator.created"}
    assert [name for name in sorted(found) if not name.startswith(beginnings)] == []


def test_a_member_may_not_read_the_events(browser_of, alice) -> None:
    assert browser_of("alice").get("/accounts/events").status_code == 403


def test_an_administrator_reads_who_did_what_to_whom(
    browser_of, acme, alice, bob, admin
) -> None:
    with use(acme):
        events.record("role.changed", subject=bob, by=alice, details={"role": "admin"})
    page = browser_of("admin").get("/accounts/events").content.decode()
    assert "Role changed" in page
    assert "role: admin" in page
    assert alice.display_name in page
    assert bob.display_name in page


def test_the_events_are_narrowed_down_to_a_kind_and_a_person(
    browser_of, acme, alice, bob
) -> None:
    with use(acme):
        events.record("role.changed", subject=bob, by=alice)
        events.record("sign_in_failed", subject=alice)
    client = browser_of("admin")
    of_people = client.get("/accounts/events?show=people").content.decode()
    assert "Role changed" in of_people
    assert "A sign-in failed" not in of_people
    of_bob = client.get(f"/accounts/events?person={bob.pk}").content.decode()
    assert "Role changed" in of_bob
    assert "A sign-in failed" not in of_bob


@pytest.mark.parametrize(
    "address", ["?person=x", "?person=9" * 40, "?show=%00", "?before=-1"]
)
def test_an_address_that_means_nothing_shows_the_first_page(
    browser_of, address
) -> None:
    assert browser_of("admin").get(f"/accounts/events{address}").status_code == 200


def test_older_events_are_a_page_further_and_keep_the_choice(
    browser_of, acme, bob
) -> None:
    with use(acme):
        SecurityEvent.objects.bulk_create(
            SecurityEvent(name="role.changed", subject=bob.pk) for _number in range(51)
        )
    client = browser_of("admin")
    first = client.get(f"/accounts/events?show=people&person={bob.pk}")
    older = re.search(r'rel="next" href="([^"]+)"', first.content.decode())
    assert older is not None
    address = older[1].replace("&amp;", "&")
    assert address.startswith(f"?show=people&person={bob.pk}&before=")
    assert "Role changed" in client.get(f"/accounts/events{address}").content.decode()


def test_a_page_of_events_costs_the_same_for_one_and_for_fifty(
    browser_of, acme, alice, bob, django_assert_max_num_queries
) -> None:
    with use(acme):
        SecurityEvent.objects.bulk_create(
            SecurityEvent(name="role.changed", subject=bob.pk, actor=alice.pk)
            for _number in range(50)
        )
    client = browser_of("admin")
    with django_assert_max_num_queries(9):
        client.get("/accounts/events")
