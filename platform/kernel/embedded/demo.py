"""`make demo`: the platform with its demo tenants, on this machine."""

import os
import signal
import sys
from pathlib import Path

from kernel import catalogues
from kernel.embedded import places, ports
from kernel.embedded.errors import EmbeddedError
from kernel.embedded.farewell import farewell
from kernel.embedded.plan import Plan, Probe, Program
from kernel.embedded.screen import Screen
from kernel.embedded.supervisor import Supervisor

PYTHON = sys.executable
QUEUES = "default,provisioning"


def run(*, anew: bool) -> int:
    """Run the demo until it is stopped; `anew` forgets the data of earlier runs."""
    screen = Screen()
    os.environ.setdefault("DJANGO_ENV", "development")
    try:
        require_development()
        port = ports.wanted()
        os.environ["PORT"] = str(port)
        if os.environ.get("TENANTRY_DATA_DIR"):
            os.environ["TENANTRY_DATA_DIR"] = str(places.data_dir())
        catalogues.build()  # for a demo that no make has prepared
    except EmbeddedError as error:
        screen.say(str(error))
        return 1
    return Supervisor(plan(port, anew=anew), screen).run()


def require_development() -> None:
    """Refuse elsewhere: the demo's passwords are known to everybody."""
    if os.environ["DJANGO_ENV"] != "development":
        raise EmbeddedError("The demo runs with DJANGO_ENV=development only.")


def plan(port: int, *, anew: bool = False) -> Plan:
    data = places.data_dir()
    return Plan(
        root=places.ROOT,
        data=data,
        port=port,
        prepare=(PYTHON, "manage.py", "demo_prepare"),
        programs=(web(port), worker(), beat(data)),
        probes=(
            Probe("web", "/health/", "localhost"),
            Probe("tenant", "/accounts/sign-in", "acme.localhost"),
            Probe("worker", "/health/worker/", "localhost"),
        ),
        farewell=farewell(port, logs=data / "log"),
        anew=anew,
    )


def web(port: int) -> Program:
    binds = [
        word
        for host in ports.loopback_hosts()
        for word in ("--bind", f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    ]
    return Program(
        "web",
        (
            *(PYTHON, "-m", "gunicorn", "config.wsgi:application"),
            *binds,
            *("--workers", "1", "--threads", "8", "--worker-class", "gthread"),
            *("--graceful-timeout", "2", "--timeout", "60"),
            *("--access-logfile", "-", "--no-control-socket"),
        ),
        patience=3.0,
        death=signal.SIGQUIT,  # ends the worker processes too, without waiting
    )


def worker() -> Program:
    return Program(
        "worker",
        (
            *(PYTHON, "-m", "celery", "-A", "config", "worker"),
            *("--pool", "threads", "--concurrency", "4", "--queues", QUEUES),
            *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
        ),
        patience=8.0,  # unfinished tasks are taken up again: they are acked late
    )


def beat(data: Path) -> Program:
    return Program(
        "beat",
        (
            *(PYTHON, "-m", "celery", "-A", "config", "beat"),
            *("--schedule", str(data / "beat.schedule"), "--pidfile", ""),
            *("--loglevel", "INFO"),
        ),
        patience=2.0,
        is_last=True,
    )
