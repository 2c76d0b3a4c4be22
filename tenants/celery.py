"""Tasks run for one tenant, or say that they are for the control plane.

The publisher adds the tenant's uuid as a header; the worker enters that tenant, or
refuses the task, which then counts as failed and not as done.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast
from uuid import UUID

from celery import Task, shared_task
from django.db import InterfaceError, OperationalError

from tenants import lookup, states
from tenants.context import CONTROL, Control, TenantInfo, current_tenant
from tenants.errors import TenantRefused
from tenants.serving import serving

logger = logging.getLogger(__name__)

HEADER: Final = "tenant"
#: A look-up that fails for technical reasons is tried again, later each time.
LOOKUP_RETRIES: Final = 8
LONGEST_PAUSE_SECONDS: Final = 300

P = ParamSpec("P")
R = TypeVar("R")

if TYPE_CHECKING:
    BaseTask = Task[..., Any]
else:
    BaseTask = Task


class TenantTask(BaseTask):
    """The base of all tasks. `control=True` declares one for the control plane."""

    abstract = True
    control = False

    def apply_async(
        self,
        args: Any = None,
        kwargs: Any = None,
        *rest: Any,
        headers: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Publish for the present tenant. Raises NoTenantError where there is none."""
        headers = dict(headers or {})
        if not self.control and HEADER not in headers:
            headers[HEADER] = str(current_tenant().uuid)
        return super().apply_async(args, kwargs, *rest, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run in the context that the message names."""
        if self.request.called_directly:
            return super().__call__(*args, **kwargs)
        with serving(self.context()):
            return self.run(*args, **kwargs)

    def context(self) -> TenantInfo | Control:
        """Return the context of the message. Raises TenantRefused."""
        if self.control:
            return CONTROL
        name = (self.request.headers or {}).get(HEADER)
        try:
            return self.tenant_named(name)
        except (OperationalError, InterfaceError) as error:
            pause = min(2**self.request.retries, LONGEST_PAUSE_SECONDS)
            raise self.retry(
                exc=error, countdown=pause, max_retries=LOOKUP_RETRIES
            ) from error

    def tenant_named(self, name: object) -> TenantInfo:
        try:
            uuid = UUID(str(name))
        except ValueError:
            raise self.refused(name, "it names no tenant") from None
        tenant = lookup.by_uuid(uuid)
        if tenant is None:
            raise self.refused(name, "the tenant is unknown")
        if not states.is_served(tenant.state):
            raise self.refused(name, f"the tenant is {tenant.state}")
        return tenant

    def refused(self, name: object, reason: str) -> TenantRefused:
        """Write the refusal down and return it."""
        logger.error(
            "task.refused",
            extra={"task": self.name, "for": str(name), "reason": reason},
        )
        return TenantRefused(f"{self.name} was refused: {reason}.")


def control_task(name: str, **options: Any) -> Callable[[Callable[P, R]], "Task[P, R]"]:
    """Declare a task of the control plane: `shared_task(control=True)`, typed."""
    declare: Any = shared_task
    return cast(
        "Callable[[Callable[P, R]], Task[P, R]]",
        declare(name=name, control=True, **options),
    )
