"""`manage.py tenant`: what an operator sees, and the exit codes."""

import io
import json
import sys
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command, load_command_class
from django.core.management.base import OutputWrapper
from django.db import connection

from accounts.models import MailMessage
from tenants.context import current_or_none, use, use_control
from tenants.management import utility
from tenants.management.ends import Unexpected
from tenants.models import (
    OperatorEvent,
    ProvisioningRun,
    SchemaTemplate,
    Tenant,
    WarmSchema,
)
from tests import forking
from tests.databases import run_there
from tests.tenants.worker import surroundings

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
    assert lines[0].split() == [
        *["SLUG", "NAME", "STATE", "PLAN", "DOMAIN", "REVISION", "CREATED"]
    ]
    assert [line.split()[:5] for line in lines[1:]] == [
        ["acme", "Acme", "active", "-", "acme.localhost"],
        ["globex", "Globex", "active", "-", "globex.localhost"],
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


def test_list_names_what_lies_over_a_state(acme, globex) -> None:
    run("maintenance", "globex", "--for", "30m")
    with use_control():
        Tenant.objects.filter(uuid=acme.uuid).update(migration_hold=True)
    lines = run("list").splitlines()
    assert "active, held  " in lines[1]
    assert "active, maintenance  " in lines[2]
    assert [row["state"] for row in json.loads(run("list", "--json"))] == [
        "active",
        "active",
    ]
    facts = json.loads(run("show", "acme", "--json"))
    assert (facts["migration_hold"], facts["shadow_of"]) == (True, None)
    assert json.loads(run("show", "globex", "--json"))["maintenance_until"]


def test_list_leaves_purged_tenants_out_unless_they_are_asked_for(acme, globex) -> None:
    with use_control():
        Tenant.objects.filter(uuid=acme.uuid).update(state="purged", slug="")
    assert [line.split()[0] for line in run("list").splitlines()] == ["SLUG", "globex"]
    lines = run("list", "--state", "purged").splitlines()
    assert [line.split()[0] for line in lines] == ["SLUG", str(acme.uuid)]


def test_list_as_json_has_stable_keys(acme, globex) -> None:
    rows = json.loads(run("list", "--json"))
    assert [row["slug"] for row in rows] == ["acme", "globex"]
    assert set(rows[0]) == {
        "slug",
        "name",
        "uuid",
        "state",
        "plan",
        "domain",
        "shadow_of",
        "revision",
        "url",
        "created",
    }


@pytest.mark.parametrize("name", ["acme", "ACME", "acme.localhost", "uuid"])
def test_show_finds_a_tenant_by_slug_uuid_or_domain(acme, name: str) -> None:
    name = str(acme.uuid) if name == "uuid" else name
    shown = dict(line.split("  ", 1) for line in run("show", name).splitlines())
    assert shown["uuid"].strip() == str(acme.uuid)
    assert shown["domains"].strip() == "acme.localhost"
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


@pytest.mark.parametrize(
    ("words", "question"),
    [
        (("rename", "acme", "Acme-New"), "Rename acme to acme-new?"),
        (
            ("maintenance", "acme", "--for", "90m"),
            "Keep everybody out of acme for 90m?",
        ),
        (("maintenance", "acme", "--off"), "Let everybody into acme again?"),
        (("purge", "acme", "--grace", "48h"), "Close acme now, and delete it in 2d?"),
    ],
)
def test_a_question_says_what_would_be(acme, monkeypatch, capsys, words, question):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("no\n"))
    assert fails(*words) == (4, "Nothing was changed.")
    assert capsys.readouterr().err == f"{question} [y/N] "


def test_what_is_being_done_is_no_error_and_not_red() -> None:
    err = io.StringIO()
    command = load_command_class("tenants", "tenant")
    command.stderr = OutputWrapper(err)
    command.stderr.style_func = command.style.ERROR
    command.say_progress("Making acme ...")
    assert err.getvalue() == "Making acme ...\n"


def test_a_verb_tells_its_own_usage_where_it_does_not_know_an_option(
    acme, monkeypatch, capsys
) -> None:
    for words, usage in (
        (["show", "acme", "--nonsense"], "manage.py tenant show"),
        (
            ["domain", "add", "acme", "a.test", "--nonsense"],
            "manage.py tenant domain add",
        ),
    ):
        with pytest.raises(SystemExit) as caught:
            load_command_class("tenants", "tenant").run_from_argv(
                ["manage.py", "tenant", *words]
            )
        said = capsys.readouterr().err
        assert caught.value.code == 2
        assert said.startswith(f"usage: {usage}")
        assert "unrecognized arguments: --nonsense" in said


def test_a_purged_tenant_has_no_address(acme) -> None:
    with use_control():
        rows = Tenant.objects.filter(uuid=acme.uuid)
        rows.update(state="purged", slug="")
        rows.get().domains.all().delete()
    listed = json.loads(run("list", "--state", "purged", "--json"))
    assert (listed[0]["url"], listed[0]["domain"]) == (None, None)
    refused = fails("resume", str(acme.uuid))
    assert refused == (4, f"{acme.uuid} is purged, so this is refused.")


@pytest.mark.parametrize("answer", ["", "n", "nonsense"])
def test_a_person_who_does_not_say_yes_changes_nothing(acme, monkeypatch, answer):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))
    assert fails("suspend", "acme", "--reason", "x") == (4, "Nothing was changed.")
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert run("suspend", "acme", "--reason", "x").endswith("suspended\n")


def test_the_question_goes_to_stderr_and_the_end_of_the_input_is_no(
    acme, monkeypatch, capsys
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(""))
    assert fails("suspend", "acme", "--reason", "x") == (4, "Nothing was changed.")
    asked = capsys.readouterr()
    assert (asked.out, asked.err) == ("", "Suspend acme? [y/N] ")
    run("suspend", "acme", "--reason", "x", "--dry-run")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "--limit", "0"), "'0' is no number of at least 1"),
        (("warm", "--target", "101"), "'101' is no number from 0 to 100"),
        (("tick", "--batch", "x"), "'x' is no number from 1 to 1000"),
        (("tick", "--max-seconds", "-3"), "'-3' is no number of seconds above 0"),
        (("migrate", "--jobs", "0"), "'0' is no number from 1 to 16"),
        (("maintenance", "acme", "--for", "10"), "'10' is no span; write 90s, 45m"),
        (("purge", "acme", "--grace", "0d"), "'0d' is no span; write 90s, 45m"),
    ],
)
def test_a_wrong_number_is_told_with_what_it_may_be(words, said) -> None:
    assert said in fails(*words)[1]


def test_what_nobody_expected_is_called_so(acme) -> None:
    with pytest.raises(Unexpected) as caught:
        run("shell", "acme", "-c", "1/0")
    line = "ZeroDivisionError: division by zero"
    assert (caught.value.returncode, str(caught.value)) == (1, line)


def test_ctrl_c_is_a_line_and_exit_code_130(monkeypatch, capsys) -> None:
    def interrupted(self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(utility.Utility, "execute", interrupted)
    with pytest.raises(SystemExit) as caught:
        utility.execute(["manage.py", "tenant", "list"])
    assert (caught.value.code, capsys.readouterr().err) == (130, "\nInterrupted.\n")


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
def test_prv_3_a_key_given_with_another_order_is_exit_code_4() -> None:
    run("create", "newcomer", *OWNER, "--key", "k1")
    code, line = fails("create", "another", *OWNER, "--key", "k1")
    assert (code, line) == (
        4,
        "This key was used for another order; take another key. (key_used)",
    )
    assert fails("create", "newcomer", *OWNER, "--key", "k1", "--plan", "x")[0] == 4
    for wrong in ("", "k" * 129):
        line = fails("create", "newcomer", *OWNER, "--key", wrong)[1]
        assert "a key has 1 to 128 characters" in line
    with use_control():
        assert Tenant.objects.count() == 3


def test_cmd_3_a_creation_that_is_only_tried_makes_nothing(acme) -> None:
    facts = json.loads(run("create", "newcomer", *OWNER, "--dry-run", "--json"))
    assert facts == {
        "slug": "newcomer",
        "name": "Newcomer",
        "plan": None,
        "domain": "newcomer.localhost",
        "dry_run": True,
    }
    lines = run("create", "newcomer", *OWNER, "--dry-run").splitlines()
    assert [line.split()[0] for line in lines] == list(facts)
    assert fails("create", "acme", *OWNER, "--dry-run")[0] == 4
    assert fails("create", "x", *OWNER, "--dry-run")[0] == 2
    with use_control():
        assert not Tenant.objects.filter(slug="newcomer").exists()
        assert not ProvisioningRun.objects.filter(slug="newcomer").exists()
        ordered = OperatorEvent.objects.filter(action="tenant.ordered")
        assert not ordered.filter(args__slug="newcomer").exists()


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


# A command of Django in a tenant


@pytest.mark.parametrize("name", ["acme", "acme.localhost", "uuid"])
def test_run_runs_a_command_in_the_tenant(acme, globex, name: str) -> None:
    name = str(acme.uuid) if name == "uuid" else name
    rows = json.loads(run("run", name, "--", "dumpdata", "accounts.user"))
    assert {row["fields"]["last_name"] for row in rows} >= {"Acme"}
    assert "Globex" not in str(rows)


def test_run_hands_the_arguments_on_as_they_are(acme) -> None:
    plain = run("run", "acme", "--", "dumpdata", "auth.group")
    indented = run("run", "acme", "--", "dumpdata", "auth.group", "--indent", "2")
    assert json.loads(plain) == json.loads(indented)
    assert indented.splitlines()[1] == "{"
    assert run("run", "acme", "dumpdata", "auth.group") == plain
    after = run("run", "acme", "--actor", "operator", "--", "dumpdata", "auth.group")
    assert after == plain


def test_run_enters_the_tenant_with_its_time_zone(acme, capsys) -> None:
    with use_control():
        Tenant.objects.filter(slug="acme").update(timezone="Pacific/Auckland")
    run("run", "acme", "--", "shell", "-v", "0", "-c", WHERE)
    assert capsys.readouterr().out == "acme Pacific/Auckland\n"


WHERE = """
from django.utils import timezone
from tenants.context import current
print(current().slug, timezone.get_current_timezone_name())
"""


def test_run_for_a_stranger_is_exit_code_3(acme) -> None:
    line = "There is no tenant 'nobody'."
    assert fails("run", "nobody", "--", "check") == (3, line)


def test_run_for_a_stopped_tenant_is_exit_code_4(acme) -> None:
    run("suspend", "acme", "--reason", "Unpaid.")
    line = "acme is suspended, so nothing runs for it."
    assert fails("run", "acme", "--", "check") == (4, line)


def test_run_of_no_command_is_exit_code_2(acme) -> None:
    line = "There is no command 'no_such'."
    assert fails("run", "acme", "--", "no_such") == (2, line)


@pytest.mark.parametrize(
    "words",
    [
        ("migrate",),
        ("migrate", "accounts", "zero"),
        ("migrate_schemas",),
        ("makemigrations",),
        ("flush", "--noinput"),
        ("sqlflush",),
        ("createcachetable",),
        ("dbshell",),
        ("runserver",),
        ("test",),
        ("testserver",),
        ("tenant", "suspend", "globex", "--reason", "x"),
        ("tenant", "run", "globex", "--", "check"),
        ("tenant_command", "-s", "globex", "check"),
        ("all_tenants_command", "check"),
        ("create_operator",),
        ("goflow_cron",),
        ("delete_tenant", "-s", "globex"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_run_refuses_what_would_go_around_the_tenant(acme, globex, words) -> None:
    with use_control():
        before = list(OperatorEvent.objects.values_list("pk", flat=True))
    code, line = fails("run", "acme", "--", *words)
    assert (code, line.startswith(f"{words[0]} is refused: ")) == (4, True)
    with use_control():
        assert list(OperatorEvent.objects.values_list("pk", flat=True)) == before
        assert set(Tenant.objects.values_list("state", flat=True)) == {"active"}


def test_run_is_written_in_the_operators_book_without_the_arguments(acme) -> None:
    run("run", "acme", "--actor", "operator", "--", "dumpdata", "auth.group")
    with use_control():
        event = OperatorEvent.objects.latest("at")
    assert (event.action, event.actor) == ("tenant.command", "operator")
    assert (event.tenant, event.args) == (acme.uuid, {"command": "dumpdata"})


def test_run_ends_with_the_code_of_the_command(acme) -> None:
    code, line = fails("run", "acme", "--", "dumpdata", "no_such")
    assert (code, line.split(".")[0]) == (1, "No installed app with label 'no_such'")
    code, line = fails("run", "acme", "--", "shell", "-c", "1 / 0")
    assert (code, line) == (1, "ZeroDivisionError: division by zero")


@pytest.mark.django_db(transaction=True)
def test_a_command_of_django_without_a_tenant_ends_with_one_line() -> None:
    """The same through manage.py, in a process of its own."""
    expected = {
        "dumpdata": (2, f"Refused: {NAMELESS} dumpdata\n"),
        "tenant run acme -- dumpdata --bogus": (2, "usage: "),
    }
    for ended in forking.manage(list(expected), **surroundings()):
        code, line = expected[ended.args]
        assert ended.returncode == code, ended.stderr
        assert ended.stderr.startswith(line)
        assert "Traceback" not in ended.stderr
        assert ended.stdout in {"", "["}  # dumpdata opens its list first


NAMELESS = "No tenant is named. Use: manage.py tenant run SLUG --"


@pytest.mark.django_db(transaction=True)
def test_the_process_itself_ends_with_these_codes() -> None:
    """The same through manage.py: one line on stderr, nothing of it on stdout."""
    expected = {
        "tenant show nobody": (3, "There is no tenant 'nobody'."),
        "tenant suspend acme": (2, "--reason"),
        "tenant bogus": (2, "invalid choice"),
        "tenant": (2, "VERB"),
        "tenant list --json": (0, ""),
    }
    for ended in forking.manage(list(expected), **surroundings()):
        code, line = expected[ended.args]
        assert (ended.returncode, line in ended.stderr) == (code, True), ended.stderr
        assert "Traceback" not in ended.stderr
        assert bool(ended.stdout) == (code == 0)


@pytest.mark.django_db(transaction=True)
def test_warm_makes_schemas_that_wait_and_lists_them() -> None:
    head, *lines = run("warm", "--target", "2").splitlines()
    assert head.split() == ["SCHEMA", "REVISION", "STATE", "SINCE"]
    assert [line.split()[2] for line in lines] == ["ready", "ready"]
    rows = json.loads(run("warm", "--target", "1", "--json"))
    assert [set(row) for row in rows] == [{"schema", "revision", "state", "since"}] * 2
    with use_control():
        WarmSchema.objects.filter(pk=rows[0]["schema"]).update(state="claimed")
    left = json.loads(run("warm", "--target", "1", "--json"))
    assert left == rows[1:]  # what was claimed waits no longer


@pytest.mark.django_db(transaction=True)
def test_warm_without_a_template_says_what_is_missing(quickly_compiled) -> None:
    with use_control():
        SchemaTemplate.objects.all().delete()
    code, line = fails("warm", "--target", "1")
    assert (code, line) == (
        4,
        "No template is compiled yet: run tenant warm --compile.",
    )
    assert len(run("warm", "--compile").splitlines()) == 1
    with use_control():
        assert SchemaTemplate.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_warm_can_drop_what_waits_in_vain_and_do_no_more() -> None:
    run("warm", "--target", "1")
    with use_control():
        WarmSchema.objects.update(revision="older")
    assert run("warm", "--drop-stale").splitlines() == [
        "SCHEMA  REVISION  STATE  SINCE"
    ]


@pytest.mark.parametrize("number", ["-1", "101", "many", "1.5", ""])
def test_a_target_that_is_no_number_of_schemas_is_wrong_usage(number: str) -> None:
    with pytest.raises((CommandError, SystemExit)) as caught:
        run("warm", f"--target={number}")
    assert "Traceback" not in str(caught.value)


@pytest.mark.django_db(transaction=True)
def test_drift_groups_equal_schemas(acme, globex) -> None:
    head, line = run("drift").splitlines()
    assert head.split() == ["FINGERPRINT", "TENANTS", "FOR", "EXAMPLE"]
    assert line.split()[1:] == ["2", "acme,", "globex"]
    rows = json.loads(run("drift", "--json", "--only", "acme"))
    (word,) = {row.pop("fingerprint") for row in rows}
    assert rows == [{"slug": "acme", "lacks": [], "has": []}]
    assert word.startswith(line.split()[0])


@pytest.mark.django_db(transaction=True)
def test_drift_tells_what_differs_and_exits_with_6(acme, globex) -> None:
    run_there(f"DROP INDEX {acme.schema_name}.mail_due")
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("tenant", "drift", stdout=out, stderr=io.StringIO())
    assert caught.value.returncode == 6
    assert str(caught.value) == "1 of 2 differ: acme"
    assert "acme lacks mail_due: CREATE INDEX mail_due ON" in out.getvalue()
    assert len(run("drift", "--only", "globex").splitlines()) == 2


def test_drift_of_a_tenant_that_is_not_there_is_exit_code_3(acme) -> None:
    assert fails("drift", "--only", "acme", "nobody")[0] == 3


@pytest.mark.django_db(transaction=True)
def test_create_without_mail_prints_the_owners_link(settings, visitor) -> None:
    settings.TENANT_PROVISIONING_STEPS = ["accounts.provisioning.prepare"]
    made = json.loads(run("create", "newcomer", *OWNER, "--no-mail", "--json"))
    assert made["invitation"].startswith("http://newcomer.localhost:8000/accounts/")
    with use_control():
        tenant = Tenant.objects.get(slug="newcomer")
    with use(tenant):
        assert MailMessage.objects.count() == 0
    said = run("create", "another", *OWNER, "--no-mail")
    assert "invitation  http://another.localhost:8000/accounts/" in said
    assert "invitation" not in run("create", "third-one", *OWNER)


def rows_of(tenant) -> int:
    with use(tenant), connection.cursor() as cursor:
        there = connection.introspection.table_names(cursor)
        asked = [f'SELECT count(*) FROM "{table}"' for table in there]
        cursor.execute(" UNION ALL ".join(asked))
        return sum(number for (number,) in cursor.fetchall())


def test_show_with_size_counts_tables_and_files(acme) -> None:
    with use(acme):
        default_storage.save("logos/one.txt", ContentFile(b"12345"))
    facts = json.loads(run("show", "acme", "--size", "--json"))
    assert facts["table_bytes"] > 100_000
    assert (facts["files"], facts["file_bytes"]) == (1, 5)
    assert facts["rows_about"] == rows_of(acme)
    assert "table_bytes" not in json.loads(run("show", "acme", "--json"))


def test_list_names_those_whose_schema_is_of_another_revision(acme, globex) -> None:
    assert json.loads(run("list", "--behind", "--json")) == []
    with use_control():
        Tenant.objects.filter(slug="acme").update(schema_rev="of long ago")
    (behind,) = json.loads(run("list", "--behind", "--json"))
    assert (behind["slug"], behind["revision"]) == ("acme", "of long ago")
