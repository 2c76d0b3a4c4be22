import io
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from estate.site import Fleet

from tenants import directory, fleet, scheduler
from tenants.context import use_control
from tenants.domains.asking import PATH, AskMiddleware, Rate
from tenants.models import Domain, Tenant, WakeUp
from tenants.provisioning import provision

#: How many ticks new tenants keep a scheduler busy, at most.
BUSY = 60


class Service(Fleet):
    def make(self, slug: str) -> None:
        provision(slug=slug, name=slug, owner_email=f"owner@{slug}.test")

    def fill(self, target: int) -> int:
        """Let so many schemas wait."""
        return fleet.fill_pool(target)

    def migrate_all(self) -> None:
        call_command("tenant", "migrate", "--json", stdout=io.StringIO())

    def schema(self, slug: str) -> str:
        with use_control():
            return str(Tenant.objects.get(slug=slug).schema_name)

    def export(self, slug: str) -> int:
        """Return the time in which a tenant is in a file."""
        with tempfile.TemporaryDirectory() as place:
            target = Path(place) / "one.tenantry"
            begun = time.perf_counter_ns()
            call_command(
                "tenant", "export", slug, "--output", str(target), stdout=io.StringIO()
            )
            return time.perf_counter_ns() - begun

    def register(self, count: int, prefix: str = "idle") -> None:
        """Write so many tenants into the control plane that have nothing to do."""
        with use_control():
            rows = Tenant.objects.bulk_create(
                Tenant(
                    slug=f"{prefix}-{n}",
                    name="Idle",
                    state="active",
                    storage_prefix=f"{prefix}-{n}",
                )
                for n in range(count)
            )
            Domain.objects.bulk_create(
                Domain(
                    domain=f"{row.slug}.localhost",
                    tenant=row,
                    verified_at=row.state_since,
                )
                for row in rows
            )
            WakeUp.objects.bulk_create(WakeUp(tenant=row, enabled=True) for row in rows)

    def idle_tick(self, count: int) -> dict[str, Any]:
        """Return the statements of a tick with nothing due, and its median time.

        What new tenants and the hourly duties have to do is done before.
        """
        for _time in range(BUSY):
            scheduler.tick()
        with use_control(), CaptureQueriesContext(connection) as asked:
            scheduler.tick()
        times = []
        for _time in range(count):
            begun = time.perf_counter_ns()
            scheduler.tick()
            times.append(time.perf_counter_ns() - begun)
        return {"statements": len(asked), "nanoseconds": median(times)}

    def ask(self, count: int, prefix: str = "idle") -> list[int]:
        """Return how long it takes to say of so many names that they are ours."""
        asking = AskMiddleware(nobody)
        asking.rate = Rate(10 * count)  # the limit is no matter of time
        requests, times = RequestFactory(), []
        for number in range(-1, count):
            name = f"{prefix}-{max(number, 0)}.localhost"
            request = requests.get(PATH, {"domain": name}, REMOTE_ADDR="127.0.0.1")
            directory.empty()
            begun = time.perf_counter_ns()
            answer = asking(request)
            times.append(time.perf_counter_ns() - begun)
            if answer.status_code != 200:
                raise RuntimeError(f"{name} is answered {answer.status_code}.")
        return times[1:]  # the first one connects


def nobody(request: HttpRequest) -> HttpResponse:
    raise RuntimeError(f"{request.path} is no question.")
