"""The database keeps the book of security events; only retention takes leaves."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import ProgrammingError, connection, transaction

from accounts import events, purging
from accounts.models import SecurityEvent
from kernel import clock
from tenants.context import use, use_control
from tests import twins

TABLE = "accounts_securityevent"
CHANGE = f"UPDATE {TABLE} SET name = name"
DELETE = f"DELETE FROM {TABLE}"
EMPTY = f"TRUNCATE {TABLE}"
ALLOW = "SET LOCAL accounts.retention = 'on'"
OF_TABLE = """
SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND t.tgenabled = 'O'
  AND c.relname = %s AND c.relnamespace = current_schema()::regnamespace ORDER BY 1
"""
EXPECTED = ["security_event_append_only", "security_event_not_emptied"]


def triggers() -> list[str]:
    with connection.cursor() as cursor:
        return [name for (name,) in cursor.execute(OF_TABLE, [TABLE]).fetchall()]


def refused(*statements: str, words: str = "only appended") -> None:
    """Expect that the last statement is refused, whatever the others allow."""
    *before, last = statements
    with transaction.atomic(), connection.cursor() as cursor:
        for one in before:
            cursor.execute(one)
        with pytest.raises(ProgrammingError, match=words), transaction.atomic():
            cursor.execute(last)


@pytest.mark.parametrize("statement", [CHANGE, DELETE, EMPTY])
def test_not_even_their_owner_changes_the_operators_events(db, statement):
    with use_control():
        events.record("sign_in")
        before = SecurityEvent.objects.count()
        refused(statement)
        assert SecurityEvent.objects.count() == before > 0


@pytest.mark.parametrize("statement", [CHANGE, EMPTY])
def test_the_word_of_retention_allows_no_change_and_no_truncate(db, statement):
    with use_control():
        events.record("sign_in")
        refused(ALLOW, statement)


def test_the_word_of_retention_ends_with_its_transaction(transactional_db) -> None:
    with use_control():
        events.record("sign_in")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(ALLOW)
            cursor.execute(DELETE)
        events.record("sign_in")
        refused(DELETE)
        assert SecurityEvent.objects.count() == 1


@pytest.mark.parametrize("statement", [CHANGE, DELETE, EMPTY])
def test_a_tenant_has_no_right_to_change_its_events(in_acme, statement):
    refused(ALLOW, statement, words="permission denied")


def test_appending_goes_on_for_tenants_and_operators(acme):
    for context in (lambda: use(acme), use_control):
        with context():
            assert events.record("sign_in").pk


@pytest.mark.parametrize("name", ["acme", "operators"])
def test_retention_takes_what_is_old_and_nothing_else(db, frozen_clock, name):
    context = use_control if name == "operators" else lambda: use(twins.info(name))
    with context():
        events.record("sign_in")
        clock.advance(timedelta(days=401))
        young = events.record("sign_in")
        with transaction.atomic():
            assert purging.run()["events"] >= 1
            assert list(SecurityEvent.objects.all()) == [young]
            clock.advance(timedelta(seconds=1))
        refused(DELETE, words="only appended|permission denied")


def test_the_trigger_stands_on_the_public_site_and_in_no_tenant(acme):
    with use(acme):
        assert triggers() == []
    with use_control():
        assert triggers() == EXPECTED


def test_the_migration_can_be_taken_back_and_done_again(db):
    steps = import_module("accounts.migrations.0003_events_append_only")
    with use_control(), connection.cursor() as cursor:
        for statement in steps.BACK:
            cursor.execute(statement)
        assert triggers() == []
        for statement in steps.FORWARD:
            cursor.execute(statement)
        assert triggers() == EXPECTED
