"""The embedded PostgreSQL: a server on a socket, with the login `tenantry`.

Django never connects as superuser, so grants are as strict as in production.
"""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from kernel.embedded import addresses, binaries, cluster, identity, places, process
from kernel.embedded.errors import CannotStart
from kernel.embedded.left import clear
from kernel.embedded.server import Server

OPTIONS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "shared_preload_libraries": "pg_stat_statements",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "max_locks_per_transaction": "256",  # building a schema takes about 540
}
FAST_BUT_UNSAFE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "256MB",  # the data may lie in memory
    # Its workers hold databases that the tests replace by copies all the time.
    "autovacuum": "off",
}
FOUND = """
SELECT (SELECT count(*) FROM pg_roles WHERE rolname = 'tenantry'),
       (SELECT count(*) FROM pg_database WHERE datname = 'tenantry')
"""
MAKE_ROLE = "CREATE ROLE tenantry LOGIN NOINHERIT CREATEROLE CREATEDB"
MAKE_DATABASE = "CREATE DATABASE tenantry OWNER tenantry"
MAKE_EXTENSION = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"


class PostgresServer(Server):
    """PostgreSQL on one data directory; `url` is set once it is started."""

    name = "postgres"
    stop_within = 30.0

    def describe(self) -> str:
        note = f", {self.seat.note}" if self.seat.note else ""
        return f"PostgreSQL {self.seat.binaries.major} in {self.data}{note}"

    @property
    def place(self) -> Path:
        return self.seat.data

    def _launch(self) -> None:
        self.seat = identity.choose(binaries.postgres(), self.data)
        self.sockets = places.socket_directory(
            self.data, uid=self.seat.uid, gid=self.seat.gid
        )
        clear(self.seat.data, say=self.say)
        self._make_cluster()
        try:
            self._spawn_until_it_answers()
        except CannotStart:
            # Test data may be lost at a power cut, so they are made anew, once.
            if not self.test:
                raise
            self.say(f"{self.seat.data} does not start and is made anew.")
            shutil.rmtree(self.seat.data)
            self._make_cluster()
            self._spawn_until_it_answers()
        self._make_login()
        self.url = addresses.database_url(self.sockets)

    def _make_cluster(self) -> None:
        cluster.ensure(self.seat, log=self.log, test=self.test, pause=self.pause)

    def _spawn(self) -> None:
        options = OPTIONS | (FAST_BUT_UNSAFE if self.test else {})
        with places.open_log(self.log) as output:
            self.process = process.spawn(
                [
                    self.seat.binaries.program("postgres"),
                    *("-D", str(self.seat.data)),
                    *("-k", str(self.sockets)),
                    *(word for k, v in options.items() for word in ("-c", f"{k}={v}")),
                ],
                death=signal.SIGINT,  # the fast shutdown: clean, without waiting
                output=output,
                options=[*self.seat.options, "--chdir=/"],
                env=cluster.ENVIRONMENT,
            )

    def _answers(self) -> bool:
        if not addresses.accepts(self._directory() / ".s.PGSQL.5432"):
            return False
        answer = self._psql("postgres", FOUND)
        self.found = answer.stdout.strip()
        return answer.returncode == 0

    def _make_login(self) -> None:
        """Make the role and the database that the first start lacks."""
        roles, databases = self.found.split("|")
        if roles == "0":
            self._run("postgres", MAKE_ROLE)
        if databases == "0":
            self._run("postgres", MAKE_DATABASE)
            self._run("tenantry", MAKE_EXTENSION)

    def _run(self, database: str, statement: str) -> None:
        answer = self._psql(database, statement)
        if answer.returncode != 0:
            raise CannotStart(f"{statement}: {answer.stderr.strip()}")

    def _psql(self, database: str, sql: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                self.seat.binaries.program("psql"),
                "-XAtq",
                *("-h", str(self.sockets)),
                *("-U", "postgres"),
                *("-d", database),
                *("-c", sql),
            ],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.defpath, "PGCONNECT_TIMEOUT": "5"},
        )

    def _directory(self) -> Path:
        if self.sockets is None:
            raise CannotStart("PostgreSQL has no socket directory yet.")
        return self.sockets

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        child.send_signal(signal.SIGINT)
        if process.ended_within(child, self.stop_within):
            return
        self.say(f"PostgreSQL still runs after {self.stop_within:.0f} s: SIGQUIT.")
        child.send_signal(signal.SIGQUIT)
        child.wait()
