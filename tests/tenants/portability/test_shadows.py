"""What a shadow is to the rest: operators see it, fleets move it, nobody else does."""

import json
import socket
from pathlib import Path

import pytest
from django.test import Client

from accounts.mail import outbox
from accounts.models import MailMessage, User
from kernel import clock, http
from kernel.errors import ApplicationError
from tenants import directory, domains, fleet, states
from tenants.context import use, use_control
from tenants.fleet import targets
from tenants.fleet.orders import Order
from tenants.fleet.survey import survey
from tenants.life import going_on
from tenants.models import Plan, Survey, Tenant, WakeUp
from tenants.portability import archiving, purging, swapping
from tenants.scheduling import wake_ups
from tenants.states import State
from tenants.watching import surveying
from tests.tenants.portability.conftest import into, tenant
from tests.tenants.portability.test_verbs import run


@pytest.fixture(scope="module")
def shadow(acme_file: Path) -> Tenant:
    return into(acme_file, beside=tenant("acme"))


@pytest.fixture
def swapped(shadow):
    """Swap, and swap back after the test."""
    done = swapping.swap(tenant("acme"), shadow, by="tests", heard_seconds=0)
    yield done
    swapping.swap(done.live, done.shadow, by="tests", heard_seconds=0)


def woken(row: Tenant) -> list[bool]:
    with use_control():
        found = WakeUp.objects.filter(tenant=row, enabled=True)
        return list(found.values_list("enabled", flat=True))


def test_prt_7_timers_run_for_the_live_one_only_also_after_a_swap(
    shadow, request
) -> None:
    assert (woken(tenant("acme")), woken(shadow)) == ([True], [])
    done = request.getfixturevalue("swapped")
    assert (woken(done.live), woken(done.shadow)) == ([True], [])
    with use_control():
        WakeUp.objects.update(next_due=clock.now(), lease_until=None)
        taken = {one.tenant for one in wake_ups.take(100)}
        WakeUp.objects.update(lease_until=None)
    assert done.live.uuid in taken
    assert done.shadow.uuid not in taken


def test_prt_7_no_outgoing_call_leaves_a_shadow(shadow, settings) -> None:
    """By the one client that there is; the live tenant and the control plane may."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    settings.OUTGOING_PRIVATE_HOSTS = ["127.0.0.1"]

    def tried() -> type[Exception]:
        with pytest.raises(http.NotReached) as caught:
            http.post(f"http://127.0.0.1:{port}/hook", data=b"{}")
        return caught.type

    with use(shadow):
        assert tried() is http.Refused
    with use(tenant("acme")):
        assert tried() is http.NotReached
    with use_control():
        assert tried() is http.NotReached


def test_prt_7_a_state_change_gives_a_shadow_no_timers(shadow) -> None:
    states.change_state(shadow, State.SUSPENDED, reason="Looked at.", by="tests")
    going_on.resume(tenant(shadow.slug), reason="Done.", by="tests")
    assert woken(shadow) == []


def test_prt_7_no_host_leads_to_a_shadow_also_after_a_swap(swapped) -> None:
    directory.empty()
    shadow = swapped.shadow
    client = Client(raise_request_exception=False)
    for host in (f"{shadow.slug}.localhost", "nobody-at-all.localhost"):
        answer = client.get("/accounts/sign-in", headers={"host": host})
        assert answer.status_code == 404
    live = client.get("/accounts/sign-in", headers={"host": "acme.localhost"})
    assert live.status_code == 200
    with use_control(), pytest.raises(ApplicationError):
        domains.claim(tenant=shadow, name="shadow.test", by="tests")


def test_prt_7_no_mail_leaves_a_shadow_that_was_live(swapped) -> None:
    with use(swapped.shadow):
        assert outbox.run_due(10) == 0


def test_plan_and_agreements_stay_where_they_are(shadow) -> None:
    with use_control():
        plan, _new = Plan.objects.get_or_create(code="gold", name="Gold")
        Tenant.objects.filter(slug="acme").update(plan=plan)
        tenant("acme").own_quotas.update_or_create(
            resource="seats", defaults={"limit": 77, "hard": True}
        )
    done = swapping.swap(tenant("acme"), shadow, by="tests", heard_seconds=0)
    try:
        with use_control():
            assert done.live.plan == plan
            assert done.live.own_quotas.get(resource="seats").limit == 77
            assert done.live.info().limits.plan == "gold"
    finally:
        swapping.swap(done.live, done.shadow, by="tests", heard_seconds=0)


def test_the_fleet_moves_and_surveys_a_shadow_as_any_other(shadow) -> None:
    uuids = {found.uuid for found in fleet.with_schema()}
    assert {shadow.uuid, tenant("acme").uuid} <= uuids
    with use_control():
        target = targets.Target(fleet.find_template())
    looked = survey(Order(), target)
    assert shadow.uuid in {one.tenant.uuid for one in looked.current}
    surveying.survey()
    with use_control():
        assert Survey.objects.filter(tenant=shadow).exists()


def test_list_and_show_say_whose_shadow_it_is(shadow) -> None:
    lines = run("list", "--search", shadow.slug)
    assert "(shadow of acme)" in lines
    (facts,) = json.loads(run("list", "--search", shadow.slug, "--json"))
    assert (facts["shadow_of"], facts["url"], facts["domain"]) == ("acme", None, None)
    assert json.loads(run("show", shadow.slug, "--json"))["shadow_of"] == "acme"
    live = json.loads(run("show", "acme", "--json"))
    assert (live["shadow_of"], live["shadows"]) == (None, [shadow.slug])


def test_a_shadow_is_not_archived(shadow) -> None:
    with pytest.raises(ApplicationError) as caught:
        archiving.require_movable(tenant(shadow.slug))
    assert caught.value.code == "tenant_state_refused"


def test_a_live_tenant_with_shadows_is_not_archived(shadow, tmp_path) -> None:
    with pytest.raises(ApplicationError) as caught:
        archiving.archive(tenant("acme"), output=tmp_path / "a", by="tests")
    assert caught.value.code == "tenant_state_refused"
    assert shadow.slug in caught.value.detail
    assert tenant("acme").state == "active"


def test_a_purged_shadow_leaves_its_live_tenant_as_it_was(shadow, acme_file) -> None:
    other = into(acme_file, beside=tenant("acme"))
    assert other.slug == "acme-shadow-2"
    purging.purge(other, by="tests", reason="Looked at.")
    assert tenant("acme").state == "active"
    assert tenant(shadow.slug).state == "active"
    again = into(acme_file, beside=tenant("acme"))
    assert again.slug == other.slug, "no slug of a shadow is held"
    purging.purge(again, by="tests", reason="Looked at.")


def test_the_owners_are_not_told_of_the_end_of_a_shadow(shadow) -> None:
    with use(shadow):
        User.objects.filter(role="owner").update(is_active=True)
    facts = json.loads(run("purge", shadow.slug, "--yes", "--json"))
    assert (facts["state"], facts["cancel_link"]) == ("deleting", None)
    with use_control():
        assert not MailMessage.objects.filter(
            template="tenants/deletion_asked"
        ).exists()
    going_on.resume(tenant(shadow.slug), reason="Looked at again.", by="tests")


def test_nothing_is_restored_beside_a_tenant_that_ends(acme_file) -> None:
    purging.ask(tenant("acme"), by="tests", reason="Ended.")
    try:
        with pytest.raises(ApplicationError) as caught:
            into(acme_file, beside=tenant("acme"))
        assert caught.value.code == "swap_refused"
    finally:
        going_on.resume(tenant("acme"), reason="Kept.", by="tests")
