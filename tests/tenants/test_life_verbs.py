"""`manage.py tenant suspend|resume|maintenance|rename`: output, JSON, exit codes."""

import json
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError

from tenants import states
from tenants.context import use_control
from tenants.management import finding
from tenants.models import OperatorEvent, SlugHold, Tenant
from tests.tenants.test_command import fails, run

KEYS = {
    "suspend": {"slug", "uuid", "before", "state", "reason", "dry_run"},
    "maintenance": {"slug", "uuid", "until", "link", "dry_run"},
    "rename": {"before", "slug", "name", "uuid", "domain", "dry_run"},
}
WORDS = {
    "suspend": ["suspend", "acme", "--reason", "Unpaid."],
    "maintenance": ["maintenance", "acme", "--for", "30m"],
    "rename": ["rename", "acme", "acme-new"],
}


def put_into(state: str, before: str = "") -> None:
    with use_control():
        rows = Tenant.objects.filter(slug="acme")
        rows.update(state=state, state_before=before)


def facts(*words: str) -> dict[str, object]:
    return json.loads(run(*words, "--json"))


def row() -> Tenant:
    with use_control():
        return Tenant.objects.get(pk=Tenant.objects.order_by("pk").first().pk)


@pytest.mark.parametrize("verb", KEYS)
def test_cmd_3_json_has_stable_keys(acme, verb: str) -> None:
    assert set(facts(*WORDS[verb])) == KEYS[verb]


@pytest.mark.parametrize("verb", KEYS)
def test_cmd_3_a_dry_run_changes_nothing_and_says_so(acme, verb: str) -> None:
    with use_control():
        before = (*Tenant.objects.values(),)
        events = OperatorEvent.objects.count()
    assert "not done" in run(*WORDS[verb], "--dry-run")
    assert facts(*WORDS[verb], "--dry-run")["dry_run"] is True
    with use_control():
        assert (*Tenant.objects.values(),) == before
        assert OperatorEvent.objects.count() == events
        assert not SlugHold.objects.exists()


def test_a_dry_run_refuses_what_would_be_refused(acme) -> None:
    put_into("purged")
    for words in WORDS.values():
        named = [str(acme.uuid) if word == "acme" else word for word in words]
        assert fails(*named, "--dry-run")[0] == 4


@pytest.mark.parametrize("verb", KEYS)
def test_cmd_3_an_unknown_tenant_is_exit_code_3(acme, verb: str) -> None:
    words = ["nobody" if word == "acme" else word for word in WORDS[verb]]
    assert fails(*words)[0] == 3


@pytest.mark.parametrize(
    ("state", "before", "after"),
    [
        ("suspended", "", "active"),
        ("past_due", "", "active"),
        ("deleting", "active", "active"),
        ("deleting", "past_due", "past_due"),
        ("deleting", "trial", "trial"),
        ("deleting", "suspended", "suspended"),
    ],
)
def test_resume_leads_back(acme, state: str, before: str, after: str) -> None:
    put_into(state, before)
    assert run("resume", "acme") == f"acme: {state} -> {after}\n"


@pytest.mark.parametrize("state", ["provisioning", "failed", "trial", "active"])
def test_resume_of_what_was_not_stopped_is_exit_code_4(acme, state: str) -> None:
    put_into(state)
    assert fails("resume", "acme") == (4, f"acme is {state}, so this is refused.")


def test_resume_of_an_archived_tenant_needs_its_archive(acme) -> None:
    put_into("archived")
    code, line = fails("resume", "acme")
    assert (code, "archive of acme" in line) == (3, True)


def test_maintenance_prints_its_end_and_a_link_that_works(acme, visitor) -> None:
    said = run("maintenance", "acme", "--for", "30m", "--actor", "operator")
    first, second = said.splitlines()
    assert first.startswith("acme: in maintenance until 20")
    client = visitor()
    path = urlsplit(second.rpartition(" ")[2]).path
    assert client.get("/accounts/sign-in").status_code == 503
    assert client.get(path).status_code == 302
    assert client.get("/accounts/sign-in").status_code == 200
    assert run("maintenance", "acme", "--off") == "acme: maintenance ended\n"
    assert visitor().get("/accounts/sign-in").status_code == 200
    assert fails("maintenance", "acme", "--off") == (4, "acme is in no maintenance.")
    with use_control():
        event = OperatorEvent.objects.filter(action="tenant.maintenance").latest("at")
    assert event.actor == "operator"


def test_resume_ends_a_maintenance(acme) -> None:
    run("maintenance", "acme", "--for", "1h")
    assert run("resume", "acme") == "acme: maintenance ended\n"
    assert row().maintenance_until is None


@pytest.mark.parametrize(
    "words",
    [
        ("--for", "30"),
        ("--for", "0m"),
        ("--for", "-5m"),
        ("--for", "1w"),
        ("--for", "1h30m"),
        ("--for", "30 m"),
        ("--for", "9999999d"),
        ("--for", "30s"),
        ("--for", "8d"),
        (),
        ("--for", "5m", "--off"),
    ],
)
def test_a_wrong_duration_is_exit_code_2(acme, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as caught:
        run("maintenance", "acme", *words)
    assert getattr(caught.value, "returncode", 2) in {1, 2}
    assert row().maintenance_until is None


def test_rename_names_both_and_finds_the_tenant_by_its_old_address(acme) -> None:
    said = run("rename", "acme", "ACME-new", "--name", "Acme New")
    assert said == "acme -> acme-new (Acme New)\n"
    assert facts("show", "acme.localhost")["slug"] == "acme-new"
    assert facts("show", "acme-new")["domain"] == "acme-new.localhost"


@pytest.mark.parametrize(
    ("slug", "code"), [("globex", 4), ("acme", 4), ("admin", 2), ("-", 2), ("ä", 2)]
)
def test_rename_to_what_cannot_be_is_refused(acme, globex, slug, code) -> None:
    assert fails("rename", "acme", slug)[0] == code


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("maintenance", "acme", "--for", "5m"), 0),
        (("suspend", "acme", "--reason", "x"), 4),
    ],
)
def test_an_operator_runs_commands_during_a_maintenance(acme, words, code) -> None:
    run(*words)
    if code:
        assert fails("run", "acme", "--", "check")[0] == code
    else:
        run("run", "acme", "--", "check")


def test_commands_read_a_debtor_and_wait_for_a_migration(acme) -> None:
    put_into("past_due")
    run("run", "acme", "--", "check")
    states.hold(row(), on=True, by="operator")
    line = "acme waits for a migration, so nothing runs for it."
    assert fails("run", "acme", "--", "check") == (4, line)


@pytest.mark.parametrize("over", ["maintenance", "hold", "past_due"])
def test_what_runs_for_each_tenant_passes_by_who_does_not_work(
    acme, globex, over: str
) -> None:
    if over == "maintenance":
        run("maintenance", "acme", "--for", "5m")
    elif over == "hold":
        states.hold(row(), on=True, by="operator")
    else:
        put_into("past_due")
    assert [tenant.slug for tenant in finding.all_served()] == ["globex"]
