"""The database keeps the book of security events; retention alone takes leaves."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection, transaction

from accounts import events, purging
from accounts.models import SecurityEvent
from kernel import clock
from tenants.context import TenantInfo, as_owner, use, use_control
from tenants.provisioning import provision
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


@contextmanager
def plane(name: str) -> Iterator[None]:
    """Enter acme or the operators' schema as the owner of the tables."""
    if name == "operators":
        with use_control():
            yield
    else:
        with use(as_owner(twins.info(name))):
            yield


def refused(*statements: str, words: str = "only appended") -> None:
    """Expect that the last statement is refused, whatever the others allow."""
    *before, last = statements
    with transaction.atomic(), connection.cursor() as cursor:
        for one in before:
            cursor.execute(one)
        with pytest.raises(ProgrammingError, match=words), transaction.atomic():
            cursor.execute(last)


@pytest.mark.parametrize("statement", [CHANGE, DELETE, EMPTY])
@pytest.mark.parametrize("name", ["acme", "operators"])
def test_not_even_the_owner_changes_the_book(db, name, statement):
    with plane(name):
        events.record("sign_in")
        before = SecurityEvent.objects.count()
        refused(statement)
        assert SecurityEvent.objects.count() == before > 0


@pytest.mark.parametrize("statement", [CHANGE, EMPTY])
@pytest.mark.parametrize("name", ["acme", "operators"])
def test_the_word_of_retention_allows_no_change_and_no_truncate(db, name, statement):
    with plane(name):
        events.record("sign_in")
        refused(ALLOW, statement)


@pytest.mark.parametrize("name", ["acme", "operators"])
def test_the_word_of_retention_ends_with_its_transaction(
    transactional_db, name: str
) -> None:
    with plane(name):
        events.record("sign_in")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(ALLOW)
            cursor.execute(DELETE)
        events.record("sign_in")
        refused(DELETE)
        assert SecurityEvent.objects.count() == 1


@pytest.mark.parametrize("statement", [CHANGE, DELETE, EMPTY])
def test_a_tenant_has_neither_the_right_nor_the_word(in_acme, statement):
    refused(ALLOW, statement, words="permission denied")


@pytest.mark.parametrize("statement", [CHANGE, DELETE, EMPTY])
def test_a_tenant_that_was_given_the_right_by_mistake_changes_nothing(
    acme: TenantInfo, statement
):
    with use(as_owner(acme)), connection.cursor() as cursor:
        cursor.execute(f'GRANT UPDATE, DELETE, TRUNCATE ON {TABLE} TO "{acme.db_role}"')
    with use(acme):
        before = SecurityEvent.objects.count()
        refused(ALLOW, statement)
        assert SecurityEvent.objects.count() == before > 0


def test_appending_goes_on_for_tenants_and_operators(acme):
    for context in (lambda: use(acme), use_control):
        with context():
            assert events.record("sign_in").pk


@pytest.mark.parametrize("name", ["acme", "operators"])
def test_retention_takes_what_is_old_and_leaves_the_trigger_shut(
    db, frozen_clock, name
):
    context = use_control if name == "operators" else lambda: use(twins.info(name))
    with context():
        events.record("sign_in")
        clock.advance(timedelta(days=401))
        young = events.record("sign_in")
        with transaction.atomic():
            assert purging.run()["events"] >= 1
            assert list(SecurityEvent.objects.all()) == [young]
            clock.advance(timedelta(seconds=1))
    with plane(name):
        refused(DELETE)


@pytest.mark.django_db(transaction=True)
def test_every_schema_has_the_trigger_and_a_new_tenant_too(globex):
    provision(slug="initech", name="Initech", owner_email="o@initech.test", by="tests")
    for slug in ("globex", "initech"):
        with use(twins.info(slug)):
            assert triggers() == EXPECTED
    with use_control():
        assert triggers() == EXPECTED


def test_the_migration_can_be_taken_back_and_done_again(acme):
    from importlib import import_module

    steps = import_module("accounts.migrations.0003_events_append_only")
    with use(as_owner(acme)), connection.cursor() as cursor:
        for statement in steps.BACK:
            cursor.execute(statement)
        assert triggers() == []
        for statement in steps.FORWARD:
            cursor.execute(statement)
        assert triggers() == EXPECTED
