"""The database tells of every change, and each process hears it and forgets."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction

from accounts.models import User
from kernel import clock
from tenants import directory, hosts, listener
from tenants.context import use, use_control
from tenants.models import Domain, Tenant
from tenants.states import State, change_state
from tests.tenants import resolver
from tests.tenants.resolver import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)

SESSIONS = "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
OURS = "tenantry listener"


def until(look: Callable[[], object]) -> None:
    """Wait until something is so; the bound is far and no measure."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < give_up
        time.sleep(0.005)


@pytest.fixture
def psql() -> Iterator[psycopg.Connection]:
    """A session of the operator's own: nothing of ours is in it."""
    wanted = connection.get_connection_params()
    with closing(psycopg.connect(**wanted, autocommit=True)) as session:
        yield session


@pytest.fixture
def listening(acme) -> None:
    directory.find("acme.localhost")
    until(listener.connected)
    directory.find("acme.localhost")


def is_hot(host: str = "acme.localhost") -> bool:
    return directory._directory.peek(host) is not directory.UNKNOWN


def is_listening() -> bool:
    return "tenantry-listener" in [thread.name for thread in threading.enumerate()]


def sessions(psql: psycopg.Connection) -> list[int]:
    here = f"{SESSIONS} AND datname = current_database()"
    return [pid for (pid,) in psql.execute(here, [OURS])]


# The database tells


def claim(name: str = "new.test") -> Domain:
    tenant = Tenant.objects.get(slug="acme")
    return Domain.objects.create(domain=name, tenant=tenant, is_primary=False)


CHANGES = {
    "a row is saved": lambda: Tenant.objects.get(slug="acme").save(),
    "rows are updated at once": lambda: Tenant.objects.update(name="Another"),
    "a state is changed": lambda: change_state(
        Tenant.objects.get(slug="acme"), State.SUSPENDED, reason="Unpaid.", by="test"
    ),
    "SQL is sent": lambda: connection.cursor().execute(
        "UPDATE tenants_tenant SET name = 'Another' WHERE slug = 'acme'"
    ),
}


@pytest.fixture
def told(psql) -> Callable[[Callable[[], object]], set[str]]:
    """Return a function that makes a change and returns what was told of it."""
    psql.execute(f"LISTEN {listener.CHANNEL}")

    def hear(change: Callable[[], object]) -> set[str]:
        with use_control():
            change()
        connection.close()
        last = "host the.end"
        psql.execute("SELECT pg_notify(%s, %s)", [listener.CHANNEL, last])
        heard = set()
        for note in psql.notifies(timeout=PATIENCE_SECONDS):
            if note.payload == last:
                return heard
            heard.add(note.payload)
        raise AssertionError(heard)

    return hear


def test_a_change_of_a_tenant_is_told_however_it_is_made(told, acme) -> None:
    for how, change in CHANGES.items():
        assert f"tenant {acme.uuid}" in told(change), how


def test_a_domain_is_told_with_its_old_and_its_new_name(told, acme, globex) -> None:
    assert told(claim) == {"host new.test", f"tenant {acme.uuid}"}
    new = Domain.objects.filter(domain="new.test")
    renamed = {"host new.test", "host newer.test", f"tenant {acme.uuid}"}
    assert told(lambda: new.update(domain="newer.test")) == renamed
    globex_pk = Tenant.objects.filter(slug="globex").values("pk")
    newer = Domain.objects.filter(domain="newer.test")
    assert told(lambda: newer.update(tenant_id=globex_pk)) == {
        "host newer.test",
        f"tenant {acme.uuid}",
        f"tenant {globex.uuid}",
    }
    assert told(lambda: newer.all().delete()) == {
        "host newer.test",
        f"tenant {globex.uuid}",
    }


def test_tables_that_are_emptied_at_once_are_told_too(told) -> None:
    truncate = "TRUNCATE tenants_tenant CASCADE"
    assert told(lambda: connection.cursor().execute(truncate)) == {"everything"}


def test_neither_what_is_taken_back_nor_a_tenants_own_work_is_told(told, acme) -> None:
    def change_and_take_back() -> None:
        with transaction.atomic():
            claim()
            transaction.set_rollback(True)

    @use(acme)
    def work() -> None:
        assert User.objects.update(first_name="Another") > 1

    assert told(change_and_take_back) == set()
    assert told(work) == set()


@pytest.mark.django_db
def test_nobody_else_may_call_what_tells(acme) -> None:
    with use_control(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, has_function_privilege('public', oid, 'EXECUTE')"
            " FROM pg_proc WHERE proname LIKE 'tenants\\_tell\\_of%' ORDER BY 1"
        )
        assert cursor.fetchall() == [
            ("tenants_tell_of_domain", False),
            ("tenants_tell_of_everything", False),
            ("tenants_tell_of_tenant", False),
        ]


# This process hears


def test_what_another_session_changes_is_forgotten_and_nothing_else(
    listening, psql, globex
) -> None:
    directory.find("globex.localhost")
    psql.execute("UPDATE tenants_tenant SET name = 'Another' WHERE slug = 'acme'")
    until(lambda: not is_hot())
    assert directory.find("acme.localhost").tenant.name == "Another"
    assert is_hot("globex.localhost")


def test_a_host_that_led_nowhere_leads_somewhere_once_it_is_told(
    psql, monkeypatch, request
) -> None:
    with monkeypatch.context() as longer:
        longer.setattr(directory, "NOWHERE_SECONDS", 300.0)
        directory._directory.begin_anew()
    request.getfixturevalue("listening")
    assert directory.find("new.test") is None
    assert is_hot("new.test")
    psql.execute(
        "INSERT INTO tenants_domain (domain, tenant_id, is_primary, kind, verified_at,"
        " claimed_at, verification_token, failed_checks)"
        " SELECT 'new.test', id, false, 'custom', now(), now(), '', 0"
        " FROM tenants_tenant WHERE slug = 'acme'"
    )
    until(lambda: not is_hot("new.test"))
    assert directory.find("new.test").tenant.slug == "acme"
    directory._directory.begin_anew()


NONSENSE = ("", "tenant", "tenant acme", "host", "\u2603 \u2603", "x" * 7000)


def test_words_that_make_no_sense_make_it_forget_and_go_on(listening, psql) -> None:
    for words in (*NONSENSE, "everything"):
        until(lambda: directory.find("acme.localhost") and is_hot())
        psql.execute("SELECT pg_notify(%s, %s)", [listener.CHANNEL, words])
        psql.execute("SELECT pg_notify(%s, 'host acme.localhost')", [listener.CHANNEL])
        until(lambda: not is_hot())
    assert listener.connected()


def test_a_lost_connection_empties_and_is_made_again(listening, psql, caplog) -> None:
    (session,) = sessions(psql)
    psql.execute("SELECT pg_terminate_backend(%s)", [session])
    until(lambda: not is_hot())
    directory.find("acme.localhost")
    until(listener.connected)
    assert not is_hot(), "what was remembered unheard is still believed"
    assert [record.message for record in caplog.records] == ["listener.lost"]
    assert sessions(psql) not in ([], [session])


def test_a_server_that_is_away_is_asked_for_again_quietly(
    acme, monkeypatch, caplog
) -> None:
    tries, connect = [], listener.connect
    monkeypatch.setattr(listener, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(listener, "connect", lambda: tries.append(1) or connect())
    with monkeypatch.context() as away:
        away.setitem(connections.settings["default"], "PORT", "1")
        directory.find("acme.localhost")
        until(lambda: len(tries) > 3)
        assert not listener.connected()
        assert directory.find("acme.localhost").tenant == acme
    until(listener.connected)
    assert [record.message for record in caplog.records] == ["listener.lost"]


def test_it_ends_when_told_and_leaves_no_session(listening, psql) -> None:
    assert len(sessions(psql)) == 1
    assert directory._directory._found.ttl == directory.TOLD_SECONDS
    listener.stop()
    assert not listener.connected()
    assert directory._directory._found.ttl == directory.UNTOLD_SECONDS
    until(lambda: sessions(psql) == [])
    assert not is_listening()
    listener.stop()


def test_the_next_look_ups_after_the_end_make_one_new_listener(listening, psql) -> None:
    listener.stop()
    for host in ("globex.localhost", "nobody.test", "acme.localhost"):
        directory.find(host)
    until(listener.connected)
    until(lambda: len(sessions(psql)) == 1)


def test_nobody_listens_before_a_look_up_or_where_the_settings_forbid_it(
    acme, settings, capsys
) -> None:
    listener.stop()  # that of an earlier test
    call_command("tenant", "list")
    assert hosts.absolute_url("/", tenant=acme) == "http://acme.localhost:8000/"
    assert not is_listening()
    for listen, pooler in ((False, "direct"), (True, "transaction")):
        settings.TENANTRY_LISTEN, settings.TENANTRY_POOLING = listen, pooler
        directory.empty()
        directory.find("acme.localhost")
        assert not is_listening()
        assert not listener.connected()
    assert directory._directory._found.ttl == directory.UNTOLD_SECONDS


# What this process changes itself


def test_a_change_of_ones_own_is_in_force_with_its_commit(
    acme, globex, settings, tenant_row
) -> None:
    settings.TENANTRY_LISTEN = False
    directory.empty(told=True)
    for host in ("acme.localhost", "new.test"):
        directory.find(host)
    with use_control(), transaction.atomic():
        claim()
        assert is_hot("new.test")
    assert not is_hot("new.test")
    assert not is_hot()
    directory.find("acme.localhost")
    change_state(tenant_row("acme"), State.SUSPENDED, reason="Unpaid.", by="test")
    assert directory.find("acme.localhost").tenant.state == "suspended"
    with use_control():
        Domain.objects.get(domain="acme.localhost").delete()
    assert directory.find("acme.localhost") is None
    directory.empty(told=False)


def test_a_transaction_sees_what_it_changed_and_leaves_no_trace_of_it(
    listening,
) -> None:
    with use_control(), transaction.atomic():
        Tenant.objects.filter(slug="acme").update(name="Another")
        assert directory.find("acme.localhost").tenant.name == "Another"
        Domain.objects.filter(domain="acme.localhost").update(domain="moved.localhost")
        assert directory.find("acme.localhost") is None
        assert directory.find("moved.localhost").tenant.name == "Another"
        transaction.set_rollback(True)
    assert directory.find("acme.localhost").tenant.name == "Acme"
    assert directory.find("moved.localhost") is None


# Other processes


def test_another_process_obeys_each_change_by_notification(acme, tenant_row) -> None:
    """STA-6; without the notification it would take 30 seconds."""
    with resolver.running() as other:
        other.ask_until("acme.localhost", connected=True, state="active")
        looks = other.ask("acme.localhost")["looks"]
        assert other.ask("acme.localhost")["looks"] == looks, "nothing is remembered"
        change_state(tenant_row("acme"), State.SUSPENDED, reason="Unpaid.", by="test")
        after = other.ask_until("acme.localhost", state="suspended")
        assert (after["slug"], after["looks"]) == ("acme", looks + 1)
        assert other.ask("new.test")["slug"] is None
        with use_control():
            Domain.objects.filter(pk=claim().pk).update(verified_at=clock.now())
        found = other.ask_until("new.test", slug="acme")
        assert found["redirect"] == "acme.localhost"
        with use_control():
            Domain.objects.filter(domain="new.test").update(verified_at=None)
        other.ask_until("new.test", slug=None)


def test_a_forked_child_listens_for_itself_and_leaves_the_parent_its_own(
    acme, psql
) -> None:
    with resolver.running("fork") as child:
        first = child.ask("acme.localhost")
        assert (first["slug"], first["connected"], first["looks"]) == ("acme", False, 1)
        child.ask_until("acme.localhost", connected=True)
        assert len(sessions(psql)) == 2, "the connection of the parent is in use"
        assert child.farewell() == {"child": 0, "parent_hears": True}


def test_sta_6_a_state_is_in_force_in_another_process_within_a_second(
    acme, listening, psql, visitor
) -> None:
    """The other process has heard of nothing but what the database tells."""
    change = "UPDATE tenants_tenant SET state = %s WHERE slug = 'acme'"
    for state, status in (("suspended", 423), ("past_due", 402), ("deleting", 410)):
        directory.find("acme.localhost")
        assert is_hot()
        psql.execute(change, [state])
        begun = time.monotonic()
        until(lambda status=status: visitor().post("/x").status_code == status)
        assert time.monotonic() - begun < 1


def test_sta_6_a_maintenance_is_in_force_within_a_second_and_ends_without_a_word(
    acme, listening, psql, visitor
) -> None:
    psql.execute(
        "UPDATE tenants_tenant SET maintenance_until = %s WHERE slug = 'acme'",
        [clock.now() + timedelta(seconds=2)],
    )
    until(lambda: visitor().get("/accounts/sign-in").status_code == 503)
    with clock.frozen(clock.now() + timedelta(seconds=2)):
        assert visitor().get("/accounts/sign-in").status_code == 200
