"""What one tenant's flood costs another: `python -m tests.bench.fleet.flood`.

A tenant sends a hundred times what its plan gives, while another one reads a page as
people do; its p99 is compared with that of the time in which the first sends what its
plan gives. Both take turns, so that a noise of the machine hits both. It prints one
line of JSON, `flood_p99_ratio` among its figures, and judges nothing.
"""

# ruff: noqa: T201 - talks to a person at a terminal
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import quote, urlencode

from kernel.embedded.testing import Servers
from tests.bench import databases
from tests.bench.report import percentile
from tests.journeys.programs import ROOT, Programs, Web, free_port, until

QUIET: Final = "quiet.localhost"
FLOODING: Final = "flooding.localhost"
PATH: Final = "/accounts/sign-in"
#: What the plan of the flooding tenant gives, and how often that is sent.
PER_MINUTE: Final = 60
TIMES: Final = 100
#: How often the quiet tenant reads in a second.
READS: Final = 25
#: Turns of each kind, and how many seconds one takes.
TURNS: Final = 45
SECONDS: Final = 1.0
#: How long the flood takes to begin and to end.
SETTLE: Final = 0.05

MAKE: Final = f"""
import django
django.setup()
from tenants.plans import choosing
from tenants.context import use_control
from tenants.fleet import compile_template, migrate_control
from tenants.models import Plan
from tenants.provisioning import provision
migrate_control()
with use_control():
    compile_template()
    plan = Plan.objects.create(
        code="flooding", name="Flooding", requests_per_minute={PER_MINUTE}
    )
    for slug in ("quiet", "flooding"):
        tenant = provision(slug=slug, name=slug, owner_email=f"owner@{{slug}}.test")
        if slug == "flooding":
            choosing.put_on(tenant, plan, by="bench")
"""


@dataclass
class Measured:
    """The milliseconds of the quiet tenant's reads, and what the other was answered."""

    usual: list[float] = field(default_factory=list)
    flooded: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)

    @property
    def p99_ratio(self) -> float:
        """Return how many times as long the slowest reads take under the flood."""
        return percentile(sorted(self.flooded), 99) / percentile(sorted(self.usual), 99)

    def figures(self) -> dict[str, float | int]:
        """Return the ratio, and what it is made of."""
        usual, flooded = sorted(self.usual), sorted(self.flooded)
        p99_usual, p99_flooded = percentile(usual, 99), percentile(flooded, 99)
        seconds = TURNS * SECONDS
        return {
            "flood_p99_ratio": round(self.p99_ratio, 3),
            "p99_usual_ms": round(p99_usual, 2),
            "p99_flooded_ms": round(p99_flooded, 2),
            "p50_usual_ms": round(median(usual), 2),
            "p50_flooded_ms": round(median(flooded), 2),
            "reads": len(usual) + len(flooded),
            "flood_per_second": round(self.answers.total() / seconds, 1),
            "refused": self.answers[429],
            "served": self.answers[200],
        }


def main() -> None:
    servers = Servers()
    try:
        servers.start()
        figures = measured().figures()
    finally:
        servers.stop()
    print(json.dumps(figures))
    if path := os.environ.get("JSON"):
        Path(path).write_text(json.dumps(figures) + "\n")


def measured() -> Measured:
    """Serve both tenants and measure; needs the servers that the environment names."""
    with ExitStack() as stack:
        database = stack.enter_context(databases.temporary("bench_flood"))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        env = environment(database, directory)
        made = subprocess.run(
            [sys.executable, "-c", MAKE], cwd=ROOT, env=env, check=False
        )
        if made.returncode:
            sys.exit("The tenants could not be made.")
        databases.tidy(database["NAME"])
        programs = stack.enter_context(Programs(env, directory))
        web = serve(programs)
        return measure(web)


def environment(database: dict[str, str], directory: Path) -> dict[str, str]:
    user, password = quote(database["USER"]), quote(database["PASSWORD"])
    login = f"{user}:{password}" if password else user
    query = urlencode({"host": database["HOST"]})
    port = f":{database['PORT']}" if database["PORT"] else ""
    place = f"localhost{port}" if port else ""
    return os.environ | {
        "DJANGO_ENV": "development",
        "DJANGO_SETTINGS_MODULE": "config.settings.development",
        "DATABASE_URL": f"postgres://{login}@{place}/{database['NAME']}?{query}",
        "TENANTRY_DATA_DIR": str(directory / "data"),
        "TENANT_WARM_TARGET": "0",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
    }


def serve(programs: Programs) -> Web:
    """Start the web server as the demo does, and wait until both tenants answer."""
    web = Web(free_port())
    programs.start(
        "web",
        *("-m", "gunicorn", "config.wsgi:application"),
        *("--bind", f"127.0.0.1:{web.port}", "--workers", "1", "--threads", "8"),
        *("--worker-class", "gthread", "--graceful-timeout", "1"),
        "--no-control-socket",
        PORT=str(web.port),
    )
    ready = until(lambda: all(web.status(PATH, host) == 200 for host in (QUIET,)))
    if not ready:
        sys.exit(programs.log("web"))
    return web


def measure(web: Web) -> Measured:
    found, flood = Measured(), Flood(web)
    read(web, READS * 2)  # finds caches cold
    for _ in range(TURNS):
        flood.tell("usual")
        found.usual += read(web, int(READS * SECONDS))
        flood.tell("flood")
        found.flooded += read(web, int(READS * SECONDS))
    found.answers = flood.end()
    return found


def read(web: Web, times: int) -> list[float]:
    """Read the page so many times at the quiet tenant's pace; return milliseconds."""
    took = []
    client = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
    with closing(client):
        due = time.perf_counter()
        for _ in range(times):
            time.sleep(max(0.0, due - time.perf_counter()))
            due += 1 / READS
            started = time.perf_counter()
            status = ask(client, QUIET, web.port)
            took.append((time.perf_counter() - started) * 1_000)
            if status != 200:
                sys.exit(f"The quiet tenant was answered {status}.")
    return took


def ask(client: http.client.HTTPConnection, host: str, port: int) -> int:
    client.request("GET", PATH, headers={"Host": f"{host}:{port}"})
    answer = client.getresponse()
    answer.read()
    return answer.status


class Flood:
    """The program that floods, in a process of its own; it sends nothing at first."""

    def __init__(self, web: Web) -> None:
        self._program = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.bench.fleet.flooding"),
                *(str(web.port), FLOODING, PATH, str(PER_MINUTE / 60), str(TIMES)),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, word: str) -> None:
        assert self._program.stdin is not None
        self._program.stdin.write(f"{word}\n")
        self._program.stdin.flush()
        time.sleep(SETTLE)

    def end(self) -> Counter[int]:
        """End it, and return how often it was answered with each status."""
        out, _ = self._program.communicate(timeout=60)
        answers = json.loads(out)
        return Counter({int(status): count for status, count in answers.items()})


if __name__ == "__main__":
    main()
