"""The platform's own programs, as processes of a test, on the test's database."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
CELERY = "workflow.scheduler.CelerySchedulerBackend"
CRON = "workflow.scheduler.CronSchedulerBackend"
READY_WITHIN = 30.0


def environment(directory: Path) -> dict[str, str]:
    """Return the environment of development on this test's database and broker."""
    return os.environ | {
        "DJANGO_ENV": "development",
        "DJANGO_SETTINGS_MODULE": "config.settings.development",
        "DATABASE_URL": database_url(),
        "CELERY_BROKER_URL": broker_url(),
        "TENANTRY_DATA_DIR": str(directory / "data"),
        "GOFLOW_SCHEDULER_BACKEND": CRON,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
        "PYTHONUNBUFFERED": "1",
    }


def database_url(name: str = "") -> str:
    """Return the address of the test's database, or of another one beside it."""
    values = connection.settings_dict
    user, password = quote(values["USER"]), quote(values["PASSWORD"])
    login = f"{user}:{password}" if password else user
    query = urlencode({"host": values["HOST"], **values["OPTIONS"]})
    port = f":{values['PORT']}" if values["PORT"] else ""
    place = "localhost" + port if port else ""
    return f"postgres://{login}@{place}/{name or values['NAME']}?{query}"


def broker_url() -> str:
    """Return the broker, with a number of its own for each worker of the tests."""
    url: str = settings.CELERY_BROKER_URL
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        return url
    number = 1 + int(worker.removeprefix("gw")) % 15
    if "virtual_host=" in url:
        return f"{url.partition('virtual_host=')[0]}virtual_host={number}"
    return f"{url.rpartition('/')[0]}/{number}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(look: Callable[[], Any], *, within: float = READY_WITHIN) -> Any:
    """Return what `look` finds, as soon as it finds something."""
    end = time.monotonic() + within
    while True:
        found = look()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.1)


@dataclass(frozen=True)
class Web:
    """A web server at a port of the loopback."""

    port: int

    def url(self, path: str, host: str = "acme.localhost") -> str:
        return f"http://{host}:{self.port}{path}"

    def status(self, path: str, host: str) -> int:
        """Return the status of a page; 0 where nobody answers."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            client.request("GET", path, headers={"Host": f"{host}:{self.port}"})
            return client.getresponse().status
        except OSError:
            return 0
        finally:
            client.close()


class Programs:
    """Starts programs and ends all of them, by their process ids."""

    def __init__(self, env: dict[str, str], directory: Path) -> None:
        self.env = env
        self.directory = directory
        self.started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        while self.started:
            self.end(self.started.pop())

    def end(self, program: subprocess.Popen[bytes]) -> None:
        program.terminate()
        try:
            program.wait(10)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()

    def log(self, name: str) -> str:
        with suppress(FileNotFoundError):
            return (self.directory / f"{name}.log").read_text(errors="replace")
        return ""

    def start(self, name: str, *command: str, **env: str) -> subprocess.Popen[bytes]:
        with (self.directory / f"{name}.log").open("wb") as log:
            program = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.env | env,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        self.started.append(program)
        return program

    def manage(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command of manage.py to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def web(self) -> Web:
        """Start a web server and wait until it answers."""
        web = Web(free_port())
        self.start(
            "web",
            *("-m", "gunicorn", "config.wsgi:application"),
            *("--bind", f"127.0.0.1:{web.port}", "--threads", "4"),
            *("--worker-class", "gthread", "--graceful-timeout", "1"),
            "--no-control-socket",
            PORT=str(web.port),
        )
        ready = until(lambda: web.status("/health/", "localhost") == 200)
        assert ready, self.log("web")
        return web

    def worker(self) -> None:
        """Start a Celery worker and Celery beat."""
        (self.directory / "data").mkdir(exist_ok=True)
        backend = {"GOFLOW_SCHEDULER_BACKEND": CELERY}
        self.start(
            "worker",
            *("-m", "celery", "-A", "config", "worker", "--pool", "threads"),
            *("--concurrency", "2", "--queues", "default,provisioning,mail"),
            *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
            **backend,
        )
        schedule = str(self.directory / "schedule")
        self.start(
            "beat",
            *("-m", "celery", "-A", "config", "beat", "--schedule", schedule),
            *("--pidfile", "", "--loglevel", "INFO"),
            **backend,
        )
