"""What the embedded PostgreSQL accepts, refuses and offers."""

import resource
import time

import pytest

from kernel.embedded import addresses, services
from kernel.embedded.errors import CannotStart, EmbeddedError, InUse
from kernel.embedded.postgres import PostgresServer
from tests.platform.embedded.running import launcher, rows

LOGIN = "SELECT rolsuper, rolinherit, rolcreaterole, rolcreatedb FROM pg_roles "
OWNER = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'tenantry'"


@pytest.fixture
def server(data, copied):
    server = PostgresServer(copied(data / "pg18"), test=True)
    yield server
    server.stop()


def test_the_login_is_no_superuser_and_owns_its_database(server):
    url = server.start()

    assert rows(url, LOGIN + "WHERE rolname = 'tenantry'") == [
        (False, False, True, True)
    ]
    assert rows(url, OWNER) == [("tenantry",)]
    assert rows(url, "SHOW listen_addresses") == [("",)]


def test_the_same_options_as_in_production_are_preloaded(server):
    url = server.start()

    assert rows(url, "SELECT count(*) > 0 FROM pg_stat_statements") == [(True,)]
    assert rows(url, "SELECT 'Zoé' < 'a', upper('é')") == [(True, "É")]


def test_a_second_start_names_the_owner_at_once(server, data, start):
    server.start()
    begun = time.monotonic()

    second = start(launcher("postgres"), data)

    assert second.code() == 1
    assert time.monotonic() - begun < 2
    assert f"{data}/pg18 is in use by pid" in second.text
    assert len(second.text.splitlines()) == 1


def test_a_stopped_server_can_be_started_again_and_kept_its_rows(server):
    server.start()
    server.stop()

    assert rows(server.start(), "SELECT one FROM kept") == [(1,)]


def test_data_of_another_major_version_are_refused_by_name(server):
    (server.data / "PG_VERSION").write_text("17\n")

    with pytest.raises(CannotStart, match=r"made by PostgreSQL 17.*PostgreSQL 18"):
        server.start()


def test_a_directory_of_something_else_is_refused_and_left(data):
    (data / "pg18").mkdir(parents=True)
    (data / "pg18" / "notes.txt").write_text("mine")

    with pytest.raises(CannotStart, match="holds no PostgreSQL cluster"):
        PostgresServer(data / "pg18").start()

    assert (data / "pg18" / "notes.txt").read_text() == "mine"


def test_test_data_that_do_not_start_are_made_anew_once(server, monkeypatch):
    monkeypatch.setattr("kernel.embedded.server.RETRY_WITHIN", 0.2)
    (server.data / "global" / "pg_control").write_bytes(b"")
    said = []
    server.say = said.append

    url = server.start()

    assert rows(url, "SELECT to_regclass('kept')") == [(None,)]
    assert said == [f"{server.data} does not start and is made anew."]


def test_data_of_the_demo_are_never_made_anew(server, monkeypatch):
    monkeypatch.setattr("kernel.embedded.server.RETRY_WITHIN", 0.2)
    (server.data / "global" / "pg_control").write_bytes(b"")
    server.test = False

    with pytest.raises(CannotStart, match="did not stay up"):
        server.start()

    assert (server.data / "base").exists()


def test_a_full_disk_is_told_and_leaves_nothing_half_made(data, monkeypatch):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(CannotStart, match="initdb could not make"):
            PostgresServer(data / "pg18", test=True).start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    left = {path.name for path in data.iterdir()}
    assert left == {"pg18.lock", "pg18.log"}


def test_a_place_that_cannot_be_written_is_named_with_its_cause(data):
    data.write_text("a file")

    with pytest.raises(EmbeddedError, match=r"Cannot make .*: Not a directory"):
        PostgresServer(data / "deep" / "pg18").start()

    data.unlink()


def test_a_planted_socket_directory_is_refused(server):
    server.start()
    sockets = server.sockets
    server.stop()
    assert not sockets.exists()
    sockets.mkdir()
    sockets.chmod(0o777)
    try:
        with pytest.raises(EmbeddedError, match="is not a directory that only user"):
            server.start()
    finally:
        sockets.rmdir()


def test_other_processes_find_the_running_server(server, data, monkeypatch):
    monkeypatch.setenv("TENANTRY_DATA_DIR", str(data))
    url = server.start()
    assert addresses.running() == {"DATABASE_URL": url}

    server.stop()
    assert addresses.running() == {}

    addresses.publish(server.data, url)
    assert addresses.running() == {}  # an address where nobody answers


def test_the_lock_of_a_live_owner_is_never_taken(server):
    server.start()

    with pytest.raises(InUse, match="pid"):
        PostgresServer(server.data, test=True).start()

    assert rows(server.url, "SELECT 1") == [(1,)]


def test_production_never_starts_an_embedded_server(monkeypatch):
    monkeypatch.setenv("DJANGO_ENV", "production")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://broker.test/0")

    with pytest.raises(CannotStart, match="needs DATABASE_URL"):
        services.missing()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://t:secret@db/x", "postgres://t:***@db/x"),
        ("redis://:secret@db:6379/0", "redis://:***@db:6379/0"),
        ("postgres://t@/x?host=%2Ftmp", "postgres://t@/x?host=%2Ftmp"),
    ],
)
def test_a_shown_address_has_no_password(url, shown):
    assert addresses.masked(url) == shown
