"""A real worker process for tests, with a corner of the broker to itself.

    python -m tests.tenants.worker PREFIX POOL

The prefix stands before every key in the broker, so that test processes that run at
the same time do not take each other's messages.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from celery.backends.redis import RedisBackend
from kombu import pools

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30.0


def corner(app: Any, prefix: str) -> None:
    """Keep an app's messages under a prefix, and its results in the broker."""
    options = {**app.conf.broker_transport_options, "global_keyprefix": prefix}
    app.conf.broker_transport_options = options
    app.conf.result_backend = app.conf.broker_url
    forget_connections(app)


@contextmanager
def cornered(app: Any, prefix: str) -> Iterator[None]:
    """Do so for a while."""
    options, backend = app.conf.broker_transport_options, app.conf.result_backend
    corner(app, prefix)
    try:
        yield
    finally:
        app.conf.broker_transport_options = options
        app.conf.result_backend = backend
        forget_connections(app)


def forget_connections(app: Any) -> None:
    """Have the app connect anew, with what its settings say now."""
    pools.reset()
    app.amqp._producer_pool = None
    app._pool = None
    backend = app._backend
    if isinstance(backend, RedisBackend):
        backend.result_consumer.stop()
        # A result that is thrown away later has nothing to unsubscribe from.
        backend.result_consumer._pubsub = None
        backend.client.connection_pool.disconnect()
    app._backend_cache = None
    app._local.__dict__.pop("backend", None)


@contextmanager
def running(*, pool: str = "threads", **environment: str) -> Iterator["Worker"]:
    """Start a worker and wait until it listens; stop it at the end."""
    from config.celery import app

    prefix = f"tests-{uuid4().hex}:"
    with cornered(app, prefix):
        worker = Worker(prefix, pool, environment)
        try:
            worker.wait_until_ready()
            yield worker
        finally:
            worker.stop()


def messages(prefix: str, queue: str = "default") -> list[dict[str, Any]]:
    """Return the messages that wait in a corner, the first one first."""
    from config.tasks import broker

    with broker() as client:
        return [json.loads(line) for line in client.lrange(prefix + queue, 0, -1)][::-1]


class Worker:
    """The process, and what it wrote."""

    def __init__(self, prefix: str, pool: str, environment: dict[str, str]) -> None:
        self.prefix = prefix
        self.log = Path(tempfile.gettempdir()) / f"{prefix.rstrip(':')}.log"
        self.file = self.log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.tenants.worker", prefix, pool],
            cwd=ROOT,
            env={**os.environ, **surroundings(), **environment},
            stdout=self.file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_until_ready(self) -> None:
        self.wait_for("ready.")

    def wait_for(self, words: str) -> None:
        """Wait until the worker has written these words."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while words not in self.text:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < give_up, f"no {words!r} in:\n{self.text}"
            time.sleep(0.05)

    def stop(self) -> None:
        """End the process and its children at once; an orderly end takes seconds."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=15)
        self.file.close()
        self.log.unlink(missing_ok=True)


def surroundings() -> dict[str, str]:
    """Return the environment in which another process works on this test's data."""
    from django.conf import settings
    from django.db import connection

    parts = urlsplit(os.environ["DATABASE_URL"])
    url = parts._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    return {
        "DATABASE_URL": url,
        "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
        "DJANGO_ENV": "test",
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
    }


def main(prefix: str, pool: str) -> None:
    from celery import signals

    from config.celery import app

    corner(app, prefix)
    signals.worker_before_create_process.connect(hold_a_connection)
    words = ["worker", "--pool", pool, "--concurrency", "4", "--loglevel", "INFO"]
    words += ["--queues", "default,provisioning", "--include", "tests.tenants.tasks"]
    app.worker_main([*words, "--without-gossip", "--without-mingle"])


def hold_a_connection(**_more: Any) -> None:
    """Connect to the database in the parent, right before it makes a child."""
    from django.db import connection

    from tenants.context import use_control

    with use_control(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        sys.stdout.write(f"the parent's connection is {cursor.fetchone()[0]}.\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
