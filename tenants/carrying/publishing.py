"""Every message of a task says for whom it is, whichever way it is published.

    remember.delay("word")                      # for the tenant of the context
    group(...), chain(...), app.send_task(...)  # likewise
    tick.delay()                                # a task of the control plane: for none

Loaded before the apps, so it imports no model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from celery import Celery
from celery._state import get_current_worker_task
from django.core.exceptions import ImproperlyConfigured

from kernel.errors import ApplicationError
from tenants.context import Control, NoTenantError, TenantInfo, current_or_none

#: The headers of a message: the tenant's uuid, and its generation at that time.
TENANT: Final = "tenant"
GENERATION: Final = "generation"

Context = TenantInfo | Control


class WrongAddress(ApplicationError):
    """A tenant publishes for itself; only the control plane publishes for others."""

    code = "wrong_address"


@dataclass(slots=True)
class Run:
    """How far a message has come: for whom it runs, and whether its function ended.

    Celery publishes what follows a task when its function has ended and its context
    is left: the next of a chain, a link, the body of a chord.
    """

    context: Context | None = None
    ended: bool = False


def run_of(request: Any) -> Run | None:
    """Return how far a message has come; None where its function has not begun."""
    run = getattr(request, "tenant_run", None)
    return run if isinstance(run, Run) else None


def publisher() -> Context | None:
    """Return who is at work: the context, or between two tasks that of the first."""
    task = get_current_worker_task()
    run = run_of(task.request) if task else None
    return run.context if run and run.ended else current_or_none()


def address_of(tenant: TenantInfo) -> dict[str, Any]:
    """Return the headers of a message for a tenant."""
    return {TENANT: str(tenant.uuid), GENERATION: tenant.generation}


def read_address(headers: Mapping[str, Any] | None) -> tuple[UUID, int] | None:
    """Return the tenant and generation that the headers name, or None."""
    named = headers or {}
    generation = named.get(GENERATION)
    if type(generation) is not int:
        return None
    try:
        return UUID(str(named.get(TENANT))), generation
    except ValueError:
        return None


def addressed(headers: Mapping[str, Any] | None, *, plane: str) -> dict[str, Any]:
    """Return the headers with the address of the tenant that publishes.

    The control plane gives the address itself, and a task of its own needs none.
    Raises NoTenantError where there is no tenant, and WrongAddress for another one.
    """
    given = dict(headers or {})
    if plane == "control":
        return given
    who = publisher()
    if isinstance(who, TenantInfo):
        own = address_of(who)
        if any(given.get(name, value) != value for name, value in own.items()):
            raise WrongAddress
        return {**given, **own}
    if who is None or TENANT not in given:
        raise NoTenantError("This task is for a tenant, and none is entered.")
    return given


class TenantCelery(Celery):
    """The Celery app: all ways to publish lead through its `send_task`."""

    task_cls = "tenants.celery:TenantTask"

    def send_task(
        self,
        name: str,
        args: Any = None,
        kwargs: Any = None,
        *rest: Any,
        headers: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Publish with an address. Raises before anything is sent, as `addressed`."""
        plane = plane_of(options.get("task_type") or self.tasks.get(name))
        headers = addressed(headers, plane=plane)
        return super().send_task(name, args, kwargs, *rest, headers=headers, **options)


def plane_of(task: Any) -> str:
    """Return the plane of a task; one that another process knows is a tenant's."""
    if task is None:
        return "tenant"
    plane: str | None = getattr(task, "plane", None)
    if plane is None:
        raise ImproperlyConfigured(
            f"{task.name} has a base of its own; take tenants.celery.TenantTask."
        )
    return plane
