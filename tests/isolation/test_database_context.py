"""The connection is told the tenant in one statement, which proves itself."""

import threading
from contextlib import suppress
from dataclasses import replace

import psycopg
import pytest
from django.db import (
    DataError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)
from django.test.utils import CaptureQueriesContext
from psycopg import sql

from accounts.models import User
from kernel.translation import translated
from tenants import roles
from tenants.context import (
    NoTenantError,
    TenantInfo,
    TenantSwitchInTransaction,
    as_owner,
    use,
    use_control,
)
from tenants.db import base, login
from tenants.db.base import (
    ContextApplyError,
    ContextLost,
    SchemaIdentityError,
    TenantUnavailable,
)
from tenants.stamp import WrongTenantError
from tests.databases import server

NOW = "SELECT current_schema(), current_user, current_setting('app.tenant')"


def now() -> tuple[str, str, str]:
    with connection.cursor() as cursor:
        return cursor.execute(NOW).fetchone()


@pytest.fixture
def told(monkeypatch) -> list[str]:
    """Return the schemas that the connection is told of, one a statement."""
    seen: list[str] = []
    real = base.told

    def remember(context):
        seen.append(context.schema_name)
        return real(context)

    monkeypatch.setattr(base, "told", remember)
    return seen


def test_schema_role_and_uuid_of_a_tenant_hold_together(acme, globex) -> None:
    for tenant in (acme, globex, acme):
        with use(tenant):
            assert now() == (tenant.schema_name, tenant.db_role, str(tenant.uuid))


def test_the_control_plane_works_as_the_login_itself(db) -> None:
    login = connection.settings_dict["USER"]
    with use_control():
        assert now()[:2] == ("public", login)


def test_one_statement_tells_a_context_and_staying_in_it_none(
    acme, globex, told
) -> None:
    with use(acme):
        connection._applied = None
        for _number in range(20):
            User.objects.count()
    assert told == [acme.schema_name]
    with use(acme):
        User.objects.count()
    with use(globex):
        User.objects.count()
    assert told == [acme.schema_name, globex.schema_name]


def test_a_tenant_waits_so_long_and_the_control_plane_without_limit(
    acme, settings
) -> None:
    with use(acme), connection.cursor() as cursor:
        assert cursor.execute("SHOW statement_timeout").fetchone() == ("30s",)
        assert cursor.execute("SHOW lock_timeout").fetchone() == ("10s",)
    for context in (use_control(), use(as_owner(acme))):
        with context, connection.cursor() as cursor:
            assert cursor.execute("SHOW statement_timeout").fetchone() == ("0",)
            assert cursor.execute("SHOW lock_timeout").fetchone() == ("0",)


def test_a_statement_that_takes_too_long_is_given_up_and_says_so(
    acme, monkeypatch
) -> None:
    monkeypatch.setattr(base, "waits", lambda _limits: ("20", "20", "0"))
    with use(acme), transaction.atomic(), connection.cursor() as cursor:
        connection._applied = None
        with pytest.raises(OperationalError) as caught:
            cursor.execute("SELECT pg_sleep(5)")
        transaction.set_rollback(True)
    error = translated(caught.value)
    assert (error.status, error.code) == (503, "query_timeout")


# What the server answers is compared


@pytest.mark.django_db(transaction=True)
def test_a_schema_that_is_closed_to_the_role_cannot_be_entered(acme) -> None:
    with use_control():
        roles.close_schema(acme)
    connection.close()
    with use(acme), pytest.raises(TenantUnavailable):
        User.objects.count()
    with use_control():
        roles.open_schema(acme)
    with use(acme):
        assert User.objects.count()


@pytest.mark.django_db(transaction=True)
def test_a_schema_under_the_name_of_another_tenant_cannot_be_entered(
    acme, globex
) -> None:
    mixed = replace(acme, schema_name=globex.schema_name, db_role=globex.db_role)
    with use(mixed), pytest.raises(SchemaIdentityError):
        User.objects.count()
    assert connection.connection is None
    with use(acme):
        assert now()[0] == acme.schema_name


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "wrong", [{"db_role": "r_aaaaaaaaaaaa"}, {"schema_name": "t_aaaaaaaaaaaa"}]
)
def test_a_role_or_a_schema_that_is_not_there_is_an_error(acme, wrong) -> None:
    with use(replace(acme, **wrong)), pytest.raises(ContextApplyError):
        User.objects.count()
    assert connection.connection is None


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_is_an_error_and_not_a_stale_answer(acme) -> None:
    with use(acme):
        now()
        with server("postgres") as bare:
            pid = connection.connection.info.backend_pid
            bare.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with use_control(), pytest.raises(ContextLost) as caught:
        User.objects.count()
    assert isinstance(caught.value, OperationalError)
    assert caught.value.code == "database_unavailable"
    with use(acme):
        assert now()[0] == acme.schema_name


# A statement that reads carries its context along, in one message


@pytest.fixture
def trips(monkeypatch) -> list[str]:
    """Return what is sent to the server, one entry a round trip."""
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(cursor, query, *args, **kwargs):
        sent.append(str(query))
        return execute(cursor, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    return sent


@pytest.mark.django_db(transaction=True)
def test_a_read_carries_the_context_and_answers_for_itself(acme, globex, trips) -> None:
    for tenant in (acme, globex, acme):
        trips.clear()
        with use(tenant), connection.cursor() as cursor:
            cursor.execute("SELECT %s::text, current_schema() ", ["100 %"])
            assert cursor.description[0].name == "text"
            assert cursor.rowcount == 1
            assert cursor.fetchall() == [("100 %", tenant.schema_name)]
            assert not cursor.nextset()
            assert now() == (tenant.schema_name, tenant.db_role, str(tenant.uuid))
        assert len(trips) == 2


@pytest.mark.django_db(transaction=True)
def test_a_read_that_fails_leaves_the_next_one_in_its_tenant(acme, globex) -> None:
    for tenant in (acme, globex, acme):
        with use(tenant), connection.cursor() as cursor:
            for wrong in ("SELECT 1 / 0", "SELECT nothing", "SELECT FROM nowhere"):
                connection._applied = None
                with pytest.raises((DataError, ProgrammingError)) as caught:
                    cursor.execute(wrong)
                assert not isinstance(caught.value, ContextApplyError)
                assert now() == (tenant.schema_name, tenant.db_role, str(tenant.uuid))


@pytest.mark.django_db(transaction=True)
def test_a_read_does_nothing_where_its_context_cannot_be_entered(acme, globex) -> None:
    """The statement that would be carried is a write in disguise."""
    wrong = (
        replace(acme, schema_name=globex.schema_name, db_role=globex.db_role),
        replace(acme, schema_name="t_aaaaaaaaaaaa"),
        replace(acme, db_role="r_aaaaaaaaaaaa"),
        replace(acme, schema_name=globex.schema_name),
    )
    for mixed in wrong:
        with use(mixed), pytest.raises(ContextApplyError):
            connection.cursor().execute("SELECT nextval('auth_group_id_seq')")
        assert connection.connection is None
    with use(globex), connection.cursor() as cursor:
        cursor.execute("SELECT last_value, is_called FROM auth_group_id_seq")
        before = cursor.fetchone()
    with use(wrong[0]), pytest.raises(SchemaIdentityError):
        connection.cursor().execute("SELECT nextval('auth_group_id_seq')")
    with use(globex), connection.cursor() as cursor:
        cursor.execute("SELECT last_value, is_called FROM auth_group_id_seq")
        assert cursor.fetchone() == before


@pytest.mark.django_db(transaction=True)
def test_a_read_that_carries_is_given_up_in_its_tenants_time(
    acme, globex, monkeypatch
) -> None:
    with use(globex):
        assert value("statement_timeout") == "30s"
    monkeypatch.setattr(base, "waits", lambda _limits: ("20", "20", "0"))
    with use(acme), connection.cursor() as cursor:
        with pytest.raises(OperationalError) as caught:
            cursor.execute("SELECT pg_sleep(5)")
        assert not isinstance(caught.value, ContextLost)
        assert value("statement_timeout") == "20ms"


@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_gone_is_said_of_a_read_that_carries(acme, globex) -> None:
    with use(globex):
        now()
        with server("postgres") as bare:
            pid = connection.connection.info.backend_pid
            bare.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with use(acme), pytest.raises(ContextLost):
        User.objects.count()
    with use(acme):
        assert now()[0] == acme.schema_name


@pytest.mark.django_db(transaction=True)
def test_what_cannot_carry_is_sent_by_itself(acme, trips) -> None:
    with use(acme):
        connection.ensure_connection()
        for statement in ("VALUES (1)", "SELECT 1; SELECT 1", "/* */ SELECT 1"):
            connection._applied = None
            trips.clear()
            with connection.cursor() as cursor:
                cursor.execute(statement)
                assert cursor.fetchall() == [(1,)]
            assert len(trips) == 2
        connection._applied = None
        with connection.connection.pipeline():
            assert now()[0] == acme.schema_name
        connection._applied = None
        assert len(list(User.objects.iterator())) == User.objects.count()


@pytest.mark.django_db(transaction=True)
def test_what_is_written_down_of_a_read_is_the_read(acme, settings) -> None:
    with use(acme), CaptureQueriesContext(connection) as captured:
        connection._applied = None
        assert now()[0] == acme.schema_name
    assert [one["sql"] for one in captured] == [NOW]


# What is forgotten, and when


def forget_by_rollback() -> None:
    with transaction.atomic():
        now()
        transaction.set_rollback(True)


def forget_by_error() -> None:
    with pytest.raises(Exception, match="division"), transaction.atomic():
        connection.cursor().execute("SELECT 1 / 0")


def forget_by_close() -> None:
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "forget", [forget_by_rollback, forget_by_error, forget_by_close]
)
def test_the_context_is_told_again_after(acme, told, forget) -> None:
    with use(acme):
        now()
        told.clear()
        forget()
        told.clear()
        assert now()[0] == acme.schema_name
    assert told == [acme.schema_name]


def test_a_savepoint_that_is_rolled_back_takes_the_context_with_it(acme, told) -> None:
    with use(acme), transaction.atomic():
        with transaction.atomic():
            with use(as_owner(acme)):
                assert now()[1] != acme.db_role
            transaction.set_rollback(True)
        assert now() == (acme.schema_name, acme.db_role, str(acme.uuid))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", ["control", "globex"])
def test_a_commit_that_the_server_turns_into_a_rollback_takes_the_context_with_it(
    acme, globex, before
) -> None:
    """An error that is swallowed inside a transaction spoils it without a word."""
    with use_control() if before == "control" else use(globex):
        now()
    with use(acme):
        with transaction.atomic(), suppress(DataError):
            connection.cursor().execute("SELECT 1 / 0")
        assert now() == (acme.schema_name, acme.db_role, str(acme.uuid))


@pytest.mark.django_db(transaction=True)
def test_the_same_holds_for_a_commit_by_hand(acme, globex) -> None:
    with use(globex):
        now()
    with use(acme):
        transaction.set_autocommit(False)
        with suppress(DataError):
            connection.cursor().execute("SELECT 1 / 0")
        transaction.commit()
        assert now()[:2] == (acme.schema_name, acme.db_role)
        transaction.rollback()
        transaction.set_autocommit(True)
        assert now()[:2] == (acme.schema_name, acme.db_role)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "end", ["ROLLBACK", "rollback", "ABORT", " ROLLBACK TO SAVEPOINT here"]
)
def test_a_transaction_ended_in_raw_sql_takes_the_context_with_it(acme, end) -> None:
    with use(acme), connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SAVEPOINT here")
        cursor.execute("SELECT 1")
        cursor.execute(end)
        assert now()[:2] == (acme.schema_name, acme.db_role)
        cursor.execute("ROLLBACK")
        assert now()[:2] == (acme.schema_name, acme.db_role)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_begun_in_raw_sql_is_one_tenants_too(acme, globex) -> None:
    with use(acme), connection.cursor() as cursor:
        cursor.execute("BEGIN")
    with use(globex), pytest.raises(TenantSwitchInTransaction):
        now()
    with use(acme), pytest.raises(TenantSwitchInTransaction), use(globex):
        pass
    with use(acme), connection.cursor() as cursor:
        cursor.execute("COMMIT")
        cursor.execute("SELECT 1")
    with use(globex), connection.cursor() as cursor:
        cursor.execute("BEGIN")
        assert now()[0] == globex.schema_name
        cursor.execute("ROLLBACK")
    with use(acme):
        assert now()[0] == acme.schema_name


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE NONE",
        "RESET ROLE",
        "SET search_path TO public",
        "DISCARD ALL",
        b"RESET ROLE",
        sql.SQL("SET search_path TO {}").format(sql.Identifier("public")),
        "/* request 1 */ RESET ROLE",
        "-- why\nRESET ROLE",
        "SELECT 1; RESET ROLE",
        ";RESET ROLE",
        "SELECT pg_catalog.set_config('search_path', 'public', false)",
        "select SET_CONFIG('role', 'none', false)",
        "DO $$ BEGIN PERFORM set_config('role', 'none', false); END $$",
        "BEGIN; SET LOCAL lock_timeout = '5s'; SET search_path TO public; COMMIT",
    ],
)
@pytest.mark.django_db(transaction=True)
def test_a_setting_changed_in_raw_sql_is_set_again(acme, statement) -> None:
    with use(acme):
        now()
        connection.cursor().execute(statement)
        assert now() == (acme.schema_name, acme.db_role, str(acme.uuid))


@pytest.mark.parametrize(
    "statement", ["SET LOCAL ROLE NONE", "set local search_path = public"]
)
@pytest.mark.django_db(transaction=True)
def test_so_is_one_that_was_meant_for_the_transaction(acme, statement) -> None:
    with use(acme), transaction.atomic():
        now()
        connection.cursor().execute(statement)
        assert now() == (acme.schema_name, acme.db_role, str(acme.uuid))


@pytest.mark.django_db(transaction=True)
def test_a_time_limit_for_a_transaction_stays_in_force_to_its_end(acme, told) -> None:
    with use(acme):
        with transaction.atomic(), connection.cursor() as cursor:
            for limit in ("lock_timeout", "statement_timeout"):
                cursor.execute(f"SET LOCAL {limit} = 1234")
                assert value(limit) == "1234ms"
            assert value("lock_timeout") == "1234ms"
        assert value("lock_timeout") == "10s"
    assert len(told) <= 1


def value(setting: str) -> str:
    with connection.cursor() as cursor:
        return cursor.execute(f"SHOW {setting}").fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_what_a_sound_commit_held_is_not_told_again(acme, told) -> None:
    with use(acme):
        connection._applied = None
        with transaction.atomic():
            now()
        now()
    assert told == [acme.schema_name]


# A transaction is one tenant's


@pytest.mark.django_db(transaction=True)
def test_a_transaction_by_hand_is_one_tenants_too(acme, globex) -> None:
    with use(acme):
        transaction.set_autocommit(False)
        now()
    with pytest.raises(TenantSwitchInTransaction), use(globex):
        now()
    with use(acme):
        with pytest.raises(TenantSwitchInTransaction), use_control():
            pass
        transaction.commit()
    with use(globex):
        assert now()[0] == globex.schema_name
        transaction.rollback()
        transaction.set_autocommit(True)


def test_another_tenant_is_not_entered_while_a_transaction_is_open(
    acme, globex
) -> None:
    with use(acme), transaction.atomic():
        with pytest.raises(TenantSwitchInTransaction), use(globex):
            pass
        with pytest.raises(TenantSwitchInTransaction), use_control():
            pass
        with use(acme), use(as_owner(acme)):
            assert now()[0] == acme.schema_name


@pytest.mark.django_db(transaction=True)
def test_a_transaction_takes_no_statement_of_another_tenant_until_it_ends(
    acme, globex
) -> None:
    with transaction.atomic():
        with use(acme):
            now()
        with pytest.raises(TenantSwitchInTransaction), use(globex):
            now()
    with use(globex), transaction.atomic():
        assert now()[0] == globex.schema_name
    with use_control(), transaction.atomic(durable=True):
        assert now()[0] == "public"


def test_who_writes_in_two_planes_at_once_says_so(acme, globex) -> None:
    with use(acme), transaction.atomic():
        with use(globex, same_transaction=True):
            assert now()[0] == globex.schema_name
        assert now()[0] == acme.schema_name
    with (
        use(acme),
        transaction.atomic(),
        pytest.raises(TenantSwitchInTransaction),
        use(globex),
    ):
        pass


def test_a_decorated_function_may_run_for_one_tenant_after_the_other(
    acme, globex
) -> None:
    @transaction.atomic
    def work() -> str:
        return now()[0]

    for tenant in (acme, globex, acme):
        with use(tenant):
            assert work() == tenant.schema_name


def test_another_threads_transaction_is_its_own(acme, globex) -> None:
    seen: list[str] = []

    def work() -> None:
        with use(globex):
            seen.append(now()[0])
        connection.close()

    with use(acme), transaction.atomic():
        now()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [globex.schema_name]


def test_a_role_that_is_none_is_refused(acme) -> None:
    for name in ("", "postgres", "r_", "r_x; RESET ROLE", "R_X"):
        with pytest.raises(ValueError, match="role"):
            replace(acme, db_role=name)


def test_the_owners_view_of_a_tenant_is_the_same_tenant(acme: TenantInfo) -> None:
    owner = as_owner(acme)
    assert (owner.uuid, owner.is_owner, acme.is_owner) == (acme.uuid, True, False)


def test_a_cursor_asks_for_the_context_also_for_what_is_no_statement(
    acme, globex
) -> None:
    with use(acme):
        cursor = connection.cursor()
    with use(globex):
        with cursor.copy("COPY (SELECT current_schema()) TO STDOUT") as copy:
            assert list(copy.rows()) == [(globex.schema_name,)]
        assert list(cursor.stream("SELECT current_schema()")) == [(globex.schema_name,)]
    for ask in (cursor.copy, cursor.stream):
        with pytest.raises(NoTenantError):
            ask("SELECT 1")
    with pytest.raises(NoTenantError):
        cursor.callproc("now")


SURNAME = "SELECT last_name FROM accounts_user WHERE username = 'alice'"


@pytest.mark.django_db(transaction=True)
def test_what_is_sent_later_is_sent_for_whoever_asked(acme, globex) -> None:
    with use(acme), connection.cursor() as cursor:
        rows = cursor.stream(SURNAME)
        copy = cursor.copy(f"COPY ({SURNAME}) TO STDOUT")
        with use(globex):
            now()
        with copy as lines:
            assert list(lines.rows()) == [("Acme",)]
        with use(globex):
            now()
        assert list(rows) == [("Acme",)]


@pytest.mark.django_db(transaction=True)
def test_what_is_sent_later_is_sent_for_nobody_else(acme, globex) -> None:
    into = "COPY auth_group (name) FROM STDIN"
    with use(acme), connection.cursor() as cursor:
        later = [cursor.stream(SURNAME), cursor.copy(into)]
        begun = cursor.stream("SELECT generate_series(1, 3)")
        next(begun)
        with use(globex), pytest.raises(WrongTenantError):
            next(begun)
        for one in later:
            with use(globex), pytest.raises(WrongTenantError):
                next(one) if one is later[0] else one.__enter__()


# The login


def test_the_login_of_the_platform_is_no_superuser(db) -> None:
    assert login.login_is_harmless(None, databases=["default"]) == []
    assert login.login_is_harmless(None) == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [("true, true", "tenants.E003"), ("false, false", "tenants.E004")],
)
def test_a_login_that_holds_no_border_is_told(db, monkeypatch, answer, code) -> None:
    monkeypatch.setattr(login, "LOGIN", f"SELECT 'postgres', {answer}")
    (message,) = login.login_is_harmless(None, databases=["default"])
    assert message.id == code
    assert "postgres" in message.hint
