"""A real worker process for tests, with a corner of the broker to itself.

    python -m tests.tenants.worker PREFIX POOL

The prefix stands before every key in the broker, so that test processes that run at
the same time do not take each other's messages.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from kombu import pools

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30.0


def corner(app: Any, prefix: str) -> None:
    """Keep an app's messages under a prefix."""
    options = {**app.conf.broker_transport_options, "global_keyprefix": prefix}
    app.conf.broker_transport_options = options
    forget_connections(app)


def forget_connections(app: Any) -> None:
    """Have the app connect anew, with what its settings say now."""
    pools.reset()
    app.amqp._producer_pool = None
    app._pool = None


@contextmanager
def running(*, pool: str = "threads", **environment: str) -> Iterator["Worker"]:
    """Start a worker and wait until it listens; stop it at the end."""
    from config.celery import app

    prefix = f"tests-{uuid4().hex}:"
    before = dict(app.conf.broker_transport_options)
    corner(app, prefix)
    worker = Worker(prefix, pool, environment)
    try:
        worker.wait_until_ready()
        yield worker
    finally:
        worker.stop()
        app.conf.broker_transport_options = before
        forget_connections(app)


class Worker:
    """The process, and what it wrote."""

    def __init__(self, prefix: str, pool: str, environment: dict[str, str]) -> None:
        self.log = Path(tempfile.gettempdir()) / f"{prefix.rstrip(':')}.log"
        self.file = self.log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.tenants.worker", prefix, pool],
            cwd=ROOT,
            env={**os.environ, **surroundings(), **environment},
            stdout=self.file,
            stderr=subprocess.STDOUT,
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
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
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
    from config.celery import app

    options = {**app.conf.broker_transport_options, "global_keyprefix": prefix}
    app.conf.broker_transport_options = options
    words = ["worker", "--pool", pool, "--concurrency", "2", "--loglevel", "INFO"]
    words += ["--queues", "default,provisioning", "--include", "tests.tenants.tasks"]
    app.worker_main([*words, "--without-gossip", "--without-mingle"])


if __name__ == "__main__":
    main(*sys.argv[1:])
