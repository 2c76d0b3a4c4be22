"""`manage.py api_token`: tokens from a terminal, each text printed once."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from accounts.models import ApiToken, User
from tenants.context import use

READ = ("--scope", "profile:read")


@pytest.fixture(autouse=True)
def _no_tenant_is_entered(acme):
    """Let each command enter its tenant by itself."""


def run(*words, tenant="acme"):
    """Return what a command prints to stdout and to stderr."""
    out, err = io.StringIO(), io.StringIO()
    call_command("api_token", "--tenant", tenant, *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def fails(*words, tenant="acme"):
    with pytest.raises(CommandError) as caught:
        run(*words, tenant=tenant)
    return caught.value.returncode, str(caught.value)


def me(visitor, text):
    answer = visitor().get(
        "/api/protected/me", headers={"authorization": f"Bearer {text}"}
    )
    return answer.json().get("username", answer.status_code)


@pytest.mark.parametrize("owner", ["bob", "BOB", "bob@acme.test"])
def test_a_new_token_is_all_that_stdout_gets(visitor, owner):
    out, err = run("create", owner, "--name", "Wall", *READ)
    text = out.strip()
    assert me(visitor, text) == "bob"
    assert err.startswith(text[:12])
    assert text not in err


def test_a_service_account_is_made_where_there_is_none(visitor, acme):
    words = ("create", "payroll", "--name", "Wall", *READ)
    assert fails(*words)[0] == 3
    texts = [run(*words, "--service")[0].strip() for _ in range(2)]
    assert [me(visitor, text) for text in texts] == ["payroll", "payroll"]
    with use(acme):
        assert User.objects.filter(username="payroll", kind="service").count() == 1


def test_the_list_names_tokens_and_never_their_secrets():
    text = run("create", "bob", "--name", "Wall", *READ)[0].strip()
    out, _ = run("list")
    assert out.split()[:3] == [text[:12], "active", "bob"]
    (listed,) = json.loads(run("list", "--owner", "bob", "--json")[0])
    assert (listed["scopes"], listed["name"]) == (["profile:read"], "Wall")
    assert text.split("_")[2] not in out + str(listed)
    assert run("list", "--owner", "alice")[0] == ""


def test_a_token_is_rotated_and_revoked_by_number_or_beginning(visitor, acme):
    first = json.loads(run("create", "bob", "--name", "x", *READ, "--json")[0])
    rotated = run("rotate", str(first["id"]), "--overlap-hours", "0")[0].strip()
    assert [me(visitor, one) for one in (first["token"], rotated)] == [401, "bob"]
    assert run("revoke", rotated[:12])[0] == f"{rotated[:12]}: revoked\n"
    assert me(visitor, rotated) == 401


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("create", "bob", "--name", "x", "--scope", "everything"), 2),
        (("create", "bob", "--name", " ", *READ), 2),
        (("create", "bob", "--name", "x", *READ, "--days", "367"), 2),
        (("create", "bob", "--name", "x", *READ, "--days", "0"), 2),
        (("create", "bob", "--name", "x", *READ, "--days", "9" * 30), 2),
        (("create", "bob", "--name", "x", *READ, "--service"), 4),
        (("create", "robot", "--name", "<b>", *READ, "--service"), 2),
        (("create", "robot", "--name", "x", "--scope", "all", "--service"), 2),
        (("create", "nobody", "--name", "x", *READ), 3),
        (("create", "bob\x00", "--name", "x", *READ), 3),
        (("create", "a@b", "--name", "x", *READ, "--service"), 2),
        (("rotate", "12345"), 3),
        (("rotate", "tnp_AAAAAAAA"), 3),
        (("revoke", "\x00"), 3),
        (("list", "--owner", "nobody"), 3),
    ],
    ids=str,
)
def test_what_cannot_be_done_ends_with_its_code_and_changes_nothing(
    acme, words, status
):
    with use(acme):
        before = set(User.objects.values_list("pk", flat=True))
    assert fails(*words)[0] == status
    with use(acme):
        assert not ApiToken.objects.exists()
        assert set(User.objects.values_list("pk", flat=True)) == before


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--days", "367"), "--days is 1 to 366."),
        (("--scope", "all"), "No such scope: all. Known: profile:read, processes:read"),
        (("--service",), "'bob' is a person: leave --service out"),
    ],
    ids=str,
)
def test_a_refusal_says_what_to_type_instead(words, line):
    assert fails("create", "bob", "--name", "x", *READ, *words)[1].startswith(line)


def test_the_tenant_is_named_before_the_verb_or_after_it(acme):
    """And by whoever entered it, as `manage.py tenant run` does."""
    words = ("create", "bob", "--name", "x", *READ)
    out = io.StringIO()
    call_command("api_token", *words, "--tenant", "acme", stdout=out, stderr=out)
    with use(acme):
        call_command("api_token", *words, stdout=out, stderr=out)
        assert ApiToken.objects.count() == 2
    with pytest.raises(CommandError) as caught:
        call_command("api_token", "list")
    assert caught.value.returncode == 2


def test_an_empty_list_says_so_beside_the_output():
    assert run("list") == ("", "There is no token.\n")


def test_a_database_that_is_away_is_one_line(monkeypatch):
    def away(*_):
        raise OperationalError("connection refused")

    monkeypatch.setattr("tenants.management.planes.wanted", away)
    assert fails("list") == (
        1,
        "No database answers: start the demo with `make demo`, or set DATABASE_URL.",
    )


def test_an_overlap_has_bounds():
    first = json.loads(run("create", "bob", "--name", "x", *READ, "--json")[0])
    for hours in ("-1", "169", "1000000000000000"):
        words = ("rotate", str(first["id"]), "--overlap-hours", hours)
        assert fails(*words)[0] == 2
    run("revoke", str(first["id"]))
    assert fails("rotate", str(first["id"]))[0] == 4


def test_no_tenant_and_another_tenants_token_are_told_apart_from_success(globex):
    text = run("create", "bob", "--name", "x", *READ)[0].strip()
    assert fails("list", tenant="nowhere")[0] == 3
    assert fails("revoke", text[:12], tenant="globex")[0] == 3
    assert run("list", tenant="globex")[0] == ""
