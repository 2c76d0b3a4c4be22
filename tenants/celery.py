"""Tasks run for one tenant, or say that they are for the control plane.

The message names the tenant (tenants.carrying.publishing); the worker enters that
tenant, or refuses the task and keeps its message (tenants.carrying.dead_letters).
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, ParamSpec, TypeVar, cast
from uuid import UUID

from celery import Task, shared_task
from celery.contrib.django.task import DjangoTask
from celery.exceptions import Ignore, Reject, Retry
from django.db import Error, InterfaceError, OperationalError
from structlog.contextvars import bound_contextvars

from tenants import lookup
from tenants.carrying import dead_letters
from tenants.carrying.dead_letters import Reason
from tenants.carrying.publishing import (
    TENANT,
    Context,
    Run,
    addressed,
    publisher,
    read_address,
    run_of,
)
from tenants.carrying.serving import serving
from tenants.context import (
    CONTROL,
    NoTenantError,
    TenantInfo,
    TenantSwitchInTransaction,
    adopt,
    current_or_none,
    use_control,
)
from tenants.db.base import ContextApplyError
from tenants.errors import TenantHeld, TenantRefused
from tenants.life import conduct
from tenants.life.conduct import Tasks

logger = logging.getLogger(__name__)

#: Counts the look-ups that the control plane did not answer.
LOOK_UPS: Final = "look_ups"
#: The pause doubles up to this; it stays below the broker's visibility_timeout.
LONGEST_PAUSE_SECONDS: Final = 300
#: The pause of a tenant whose schema waits for a migration.
HOLD_PAUSE_SECONDS: Final = 60
#: What says that the database is away; the tenant may be there.
AWAY: Final = (OperationalError, InterfaceError)

P = ParamSpec("P")
R = TypeVar("R")

if TYPE_CHECKING:
    BaseTask = DjangoTask[..., Any]
else:
    BaseTask = DjangoTask


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is not run, for whom it was, and whether it is kept."""

    reason: Reason
    detail: str
    tenant: UUID | None = None
    dropped: bool = False


class TenantTask(BaseTask):
    """The base of all tasks. `plane="control"` declares one for the control plane.

    `while_past_due=True` declares one that only reads, or mails or exports what is
    there: it runs also where the tenant's payment is overdue.

    Only the function itself has a context: receivers of Celery's signals and methods
    such as `on_failure` have none.
    """

    abstract = True
    plane = "tenant"
    while_past_due = False

    def apply(self, *args: Any, **options: Any) -> Any:
        """Run here and now, as a worker would; where nobody is at work, as told."""
        headers = options.pop("headers", None) or {}
        if publisher() is not None or TENANT not in headers:
            headers = addressed(headers, plane=self.plane)
        options["headers"] = headers
        return super().apply(*args, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run in the context that the message names; as a function, in the caller's."""
        request: Any = self.request
        if request.called_directly or run_of(request):
            return self.call(*args, **kwargs)
        before, run = current_or_none(), Run()
        request.tenant_run = run
        try:
            with bound_contextvars(task=self.name, task_id=request.id):
                return self.serve(run, *args, **kwargs)
        finally:
            # A time limit may strike while the context is left.
            adopt(before)
            run.ended = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Run as a function. Raises NoTenantError where the caller has no context."""
        context = publisher()
        if context is None:
            raise NoTenantError
        if context == current_or_none():
            return super().__call__(*args, **kwargs)
        with serving(context):
            return super().__call__(*args, **kwargs)

    def serve(self, run: Run, *args: Any, **kwargs: Any) -> Any:
        """Run for the tenant of the message, unless it is refused."""
        run.context = context = self.context()
        try:
            with serving(context):
                return self.run(*args, **kwargs)
        except (Error, ContextApplyError):
            self.refuse_if_stopped(context)
            raise

    # Whom for

    def context(self) -> Context:
        """Return the context of the message; ends the task where it is refused."""
        if self.plane == "control":
            return CONTROL
        found = self.judge()
        if isinstance(found, Refusal):
            self.refuse(found)
        return found

    def judge(self) -> TenantInfo | Refusal:
        """Return the tenant of the message, or why it may not run."""
        address = read_address(self.request.headers)
        if address is None:
            return Refusal(Reason.NAMELESS, "it names no tenant")
        uuid, generation = address
        tenant = self.look_up(uuid)
        if tenant is None:
            return Refusal(Reason.UNKNOWN, "the tenant is unknown", uuid)
        if self.becomes_of(tenant) is Tasks.DROPPED and not tenant.is_shadow:
            # Before its age is looked at: what a task was told of a tenant that is
            # purged is not kept.
            return self.judge_state(tenant) or tenant
        if tenant.generation != generation:
            return Refusal(Reason.STALE, "it was sent before the tenant's reset", uuid)
        if self.becomes_of(tenant) is Tasks.LATER:
            self.come_back(TenantHeld(), pause=HOLD_PAUSE_SECONDS)
        return self.judge_state(tenant) or tenant

    def becomes_of(self, tenant: TenantInfo) -> Tasks:
        """Return what becomes of this task in the tenant's present state."""
        found = conduct.of(tenant).tasks
        if found is Tasks.READS:
            return Tasks.RUN if self.while_past_due else Tasks.KEPT
        return found

    def judge_state(self, tenant: TenantInfo) -> Refusal | None:
        """Return why this task does not run for the tenant now; None where it does."""
        if tenant.is_shadow:
            return Refusal(Reason.STALE, "the tenant is a shadow", tenant.uuid)
        found = self.becomes_of(tenant)
        if found is Tasks.RUN:
            return None
        if found is Tasks.DROPPED:
            return Refusal(
                Reason.UNKNOWN, stopped_by(tenant), tenant.uuid, dropped=True
            )
        return Refusal(Reason.STOPPED, stopped_by(tenant), tenant.uuid)

    def look_up(self, uuid: UUID) -> TenantInfo | None:
        try:
            return lookup.by_uuid(uuid)
        except TenantSwitchInTransaction:
            # Only a task that runs in its caller's thread stands in a transaction.
            caller = current_or_none()
            if caller is None or caller.uuid != uuid:
                raise
            return cast("TenantInfo", caller)
        except AWAY as error:
            self.come_back(error)

    # Not now

    def come_back(self, error: Exception, *, pause: int | None = None) -> NoReturn:
        """Send the message again, for later; this is no retry of the task's own.

        Without a pause it is longer each time.
        """
        if self.request.is_eager:
            raise error
        headers = self.request.headers or {}
        # A message that names nobody goes on naming nobody.
        headers = {TENANT: None, **headers}
        if pause is None:
            tried = int(headers.get(LOOK_UPS, 0))
            pause = min(2 ** min(tried, 10), LONGEST_PAUSE_SECONDS)
            headers[LOOK_UPS] = tried + 1
            logger.warning("task.look_up_failed", extra={"pause": pause})
        again = self.signature_from_request(countdown=pause, headers=headers)
        try:
            with use_control():
                again.apply_async()
        except Exception as unsent:  # noqa: BLE001 - else the message would be lost
            raise Reject(unsent, requeue=True) from error
        raise Retry(exc=error, when=cast("Any", pause)) from error

    # Never

    def refuse_if_stopped(self, context: Context) -> None:
        """Refuse a task that failed because its tenant was stopped meanwhile."""
        if self.request.is_eager or not isinstance(context, TenantInfo):
            return
        with suppress(*AWAY):
            tenant = lookup.by_uuid(context.uuid)
            refusal = self.judge_state(tenant) if tenant else None
            if refusal:
                self.refuse(refusal)

    def refuse(self, refusal: Refusal) -> NoReturn:
        """End the task, and see that operators can find it."""
        logger.error(
            "task.refused",
            extra={
                "task": self.name,
                "for": str(refusal.tenant),
                "reason": refusal.detail,
            },
        )
        error: Any = TenantRefused(f"{self.name} was refused: {refusal.detail}.")
        if self.request.is_eager:
            raise error
        try:
            self.keep(refusal)
        except AWAY as away:
            self.come_back(away)
        if not (self.ignore_result or self.request.ignore_result):
            self.update_state(state="FAILURE", meta=error)
        # Not Reject: the worker would then call the errbacks, outside of any tenant.
        raise Ignore(str(error))

    def keep(self, refusal: Refusal) -> None:
        if refusal.dropped and refusal.tenant:
            dead_letters.note_dropped(self.name, refusal.tenant, refusal.detail)
            return
        dead_letters.keep(
            self.signature_from_request(),
            tenant=refusal.tenant,
            reason=refusal.reason,
            detail=refusal.detail,
        )


def stopped_by(tenant: TenantInfo) -> str:
    """Return what stops a tenant's tasks, in words for operators."""
    now = conduct.of(tenant)
    if now is conduct.MAINTENANCE:
        return "the tenant is in maintenance"
    if now is conduct.HOLD:
        return "the tenant's schema waits for a migration"
    return f"the tenant is {tenant.state}"


def control_task(name: str, **options: Any) -> Callable[[Callable[P, R]], "Task[P, R]"]:
    """Declare a task of the control plane: `shared_task(plane="control")`, typed."""
    declare: Any = shared_task
    return cast(
        "Callable[[Callable[P, R]], Task[P, R]]",
        declare(name=name, plane="control", **options),
    )
