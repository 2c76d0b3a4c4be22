"""No database answers: each command says so in one line, ours and Django's."""

from subprocess import CompletedProcess

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from tenants.management.ends import NO_DATABASE, is_away
from tests import forking

#: The port of `discard`, where nothing listens.
DEAD = "postgres://nobody:nothing@127.0.0.1:9/none"


LINES = [
    "mail_config",
    "operator list",
    "purge_accounts",
    "send_test_mail ops@example.com --tenant acme",
    "migrate_schemas",
    "migrate",
    "goflow_validate",
    "check --database default",
]


@pytest.fixture(scope="module")
def ended() -> dict[str, "CompletedProcess[str]"]:
    """Return how each line of manage.py ended, in a process of its own."""
    return {ran.args: ran for ran in forking.manage(LINES, DATABASE_URL=DEAD)}


@pytest.mark.parametrize("words", LINES)
def test_a_dead_database_is_one_line_and_exit_code_1(ended, words):
    ran = ended[words]
    told = (ran.returncode, ran.stdout, ran.stderr.splitlines()[-1])
    assert told == (1, "", f"Refused: {NO_DATABASE}")
    assert "Traceback" not in ran.stderr


def raised_from(cause: Exception) -> OperationalError:
    error = OperationalError(str(cause))
    error.__cause__ = cause
    return error


def test_a_database_that_answers_no_is_not_away():
    for kind in (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
        assert not is_away(raised_from(kind("waited too long")))
    for kind in (psycopg.errors.AdminShutdown, psycopg.OperationalError):
        assert is_away(raised_from(kind("gone")))


def test_a_command_that_is_called_ends_with_the_line_as_well(monkeypatch):
    def away(*_):
        raise raised_from(psycopg.OperationalError("connection refused"))

    monkeypatch.setattr("accounts.mail.printed.configuration", away)
    with pytest.raises(CommandError, match="No database answers") as caught:
        call_command("mail_config")
    assert caught.value.returncode == 1
