"""`manage.py tenant`: what an operator sees, and the exit codes."""

import io
import json
import os
import subprocess
import sys
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from tenants.context import current_or_none, use_control
from tenants.models import OperatorEvent, Tenant
from tests.tenants.worker import ROOT, surroundings

OWNER = ("--owner-email", "operator@newcomer.test")


def run(*words: str) -> str:
    """Return what a verb prints."""
    out = io.StringIO()
    call_command("tenant", *words, stdout=out, stderr=io.StringIO())
    assert current_or_none() is None
    return out.getvalue()


def fails(*words: str) -> tuple[int, str]:
    """Return the exit code and the line of a verb that does not work."""
    with pytest.raises(CommandError) as caught:
        run(*words)
    assert current_or_none() is None
    return caught.value.returncode, str(caught.value)


@pytest.fixture(autouse=True)
def _seed(settings) -> None:
    settings.TENANT_PROVISIONING_STEPS = []


def test_list_is_an_aligned_table(acme, globex) -> None:
    lines = run("list").splitlines()
    assert lines[0].split() == ["SLUG", "NAME", "STATE", "DOMAIN", "CREATED"]
    assert [line.split()[:4] for line in lines[1:]] == [
        ["acme", "Acme", "active", "acme.localhost"],
        ["globex", "Globex", "active", "globex.localhost"],
    ]
    assert (
        len(
            {
                line.index(word)
                for line, word in zip(lines[1:], ["Acme", "Globex"], strict=True)
            }
        )
        == 1
    )


def test_list_can_be_narrowed_and_counted(acme, globex) -> None:
    assert "globex" not in run("list", "--search", "ACM")
    assert len(run("list", "--limit", "1").splitlines()) == 2
    assert len(run("list", "--state", "suspended").splitlines()) == 1
    assert run("list", "--sort", "created").splitlines()[1].startswith("globex")


def test_list_as_json_has_stable_keys(acme, globex) -> None:
    rows = json.loads(run("list", "--json"))
    assert [row["slug"] for row in rows] == ["acme", "globex"]
    assert set(rows[0]) == {
        "slug",
        "name",
        "uuid",
        "state",
        "domain",
        "url",
        "created",
    }


@pytest.mark.parametrize("name", ["acme", "ACME", "acme.localhost", "uuid"])
def test_show_finds_a_tenant_by_slug_uuid_or_domain(acme, name: str) -> None:
    name = str(acme.uuid) if name == "uuid" else name
    text = run("show", name)
    assert f"uuid          {acme.uuid}" in text
    assert "domains       acme.localhost" in text
    facts = json.loads(run("show", name, "--json"))
    assert (facts["slug"], facts["state"]) == ("acme", "active")
    assert facts["domains"] == ["acme.localhost"]


@pytest.mark.parametrize(
    "name", ["nobody", "nobody.test", str(UUID(int=7)), "", "\x00", "a b", "é" * 500]
)
@pytest.mark.parametrize("verb", [["show"], ["suspend", "--reason", "x"], ["resume"]])
def test_an_unknown_tenant_is_exit_code_3(acme, verb, name: str) -> None:
    code, line = fails(verb[0], name, *verb[1:])
    assert (code, line.startswith("There is no tenant")) == (3, True)


def test_suspend_and_resume_name_both_states(acme) -> None:
    said = run("suspend", "acme", "--reason", "Unpaid.", "--actor", "operator")
    assert said == "acme: active -> suspended\n"
    shown = json.loads(run("show", "acme", "--json"))
    assert (shown["state"], shown["state_reason"]) == ("suspended", "Unpaid.")
    facts = json.loads(run("resume", "acme", "--json", "--reason", "Paid."))
    assert (facts["before"], facts["state"]) == ("suspended", "active")
    with use_control():
        event = OperatorEvent.objects.filter(action="tenant.suspended").latest("at")
    assert (event.actor, event.args["reason"]) == ("operator", "Unpaid.")


def test_a_move_that_the_state_refuses_is_exit_code_4(acme) -> None:
    code, line = fails("resume", "acme")
    assert (code, line) == (4, "acme is active, so this is refused.")
    run("suspend", "acme", "--reason", "Unpaid.")
    assert fails("suspend", "acme", "--reason", "Unpaid.")[0] == 4


def test_a_blank_reason_is_exit_code_2(acme) -> None:
    code, line = fails("suspend", "acme", "--reason", "  ")
    assert code == 2
    assert line == "Say why: the reason goes into the operators' book."


@pytest.mark.parametrize("answer", ["", "n", "nonsense"])
def test_a_person_who_does_not_say_yes_changes_nothing(acme, monkeypatch, answer):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))
    assert fails("suspend", "acme", "--reason", "x") == (4, "Nothing was changed.")
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert run("suspend", "acme", "--reason", "x").endswith("suspended\n")


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (("create", "x", *OWNER), 2, "An address has 3 to 32 characters."),
        (("create", "admin", *OWNER), 2, "kept for the platform"),
        (("create", "acme", *OWNER), 4, "This address is taken"),
        (("create", "newcomer", "--owner-email", "x"), 2, "Enter an e-mail address"),
        (("create", "newcomer", *OWNER, "--locale", "tlh"), 2, "not installed"),
        (("create", "newcomer", *OWNER, "--timezone", "Mars"), 2, "Europe/Berlin"),
        (("create", "newcomer", *OWNER, "--name", "<b>"), 2, "no markup"),
    ],
)
def test_a_wrong_order_is_one_line_and_its_exit_code(acme, words, code, line) -> None:
    got = fails(*words)
    assert got[0] == code
    assert line in got[1]
    assert "\n" not in got[1]
    with use_control():
        assert Tenant.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_create_makes_a_tenant_and_tells_its_steps() -> None:
    lines = run("create", "newcomer", *OWNER, "--key", "k1").splitlines()
    assert lines[0].split() == ["STEP", "STATE", "TIME"]
    assert [line.split()[:2] for line in lines[1:7]] == [
        [name, "done"]
        for name in ("reserve", "schema", "seed", "schedule", "activate", "announce")
    ]
    assert lines[-1] == "url    http://newcomer.localhost:8000/"
    again = json.loads(run("create", "newcomer", *OWNER, "--key", "k1", "--json"))
    assert (again["slug"], again["state"]) == ("newcomer", "active")
    assert len(again["steps"]) == 6


@pytest.mark.django_db(transaction=True)
def test_a_set_up_that_fails_is_exit_code_1_and_leaves_nothing(
    settings, monkeypatch
) -> None:
    from tenants.management.commands import tenant
    from tests.tenants import seeds

    seeds.faults.update(left=99, error=RuntimeError("broken"))
    settings.TENANT_PROVISIONING_STEPS = ["tests.tenants.seeds.break_down"]
    real = tenant.provision
    monkeypatch.setattr(
        tenant, "provision", lambda **order: real(**order, pauses=(0, 0, 0))
    )
    code, line = fails("create", "newcomer", *OWNER)
    assert code == 1
    assert "step seed failed with RuntimeError: broken" in line
    seeds.faults["left"] = 0
    with use_control():
        assert Tenant.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_process_itself_ends_with_these_codes() -> None:
    """The same through manage.py: one line on stderr, nothing of it on stdout."""
    for words, code, line in (
        (["show", "nobody"], 3, "There is no tenant 'nobody'."),
        (["suspend", "acme"], 2, "--reason"),
        (["bogus"], 2, "invalid choice"),
        ([], 2, "VERB"),
        (["list", "--json"], 0, ""),
    ):
        ended = subprocess.run(
            [sys.executable, "manage.py", "tenant", *words],
            check=False,
            cwd=ROOT,
            env={**os.environ, **surroundings()},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (ended.returncode, line in ended.stderr) == (code, True), ended.stderr
        assert "Traceback" not in ended.stderr
        assert bool(ended.stdout) == (code == 0)
