"""Drive a run: forward step by step, and back if a step cannot be done.

All that is known of a run stands in its rows, so any process can go on with it.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from kernel import clock
from kernel.errors import ApplicationError
from kernel.translation import told
from tenants import advisory, events
from tenants.carrying import broker
from tenants.context import use_control
from tenants.errors import KeyUsed, ProvisioningFailed, SlugTaken
from tenants.hosts import platform_domain
from tenants.life import slug_holds
from tenants.models import Domain, ProvisioningRun, ProvisioningStep, Tenant
from tenants.plans import choosing
from tenants.provisioning.kinds import act_of
from tenants.provisioning.locks import run_lock
from tenants.provisioning.order import Order
from tenants.provisioning.steps import STEPS
from tenants.states import State, change_state

logger = logging.getLogger(__name__)
Run, Step = ProvisioningRun, ProvisioningStep

#: Seconds before each further try of a step that failed.
PAUSES: Final = (0.5, 1.0, 2.0)
#: How long a step may be silent before another process looks after its run.
SILENCE: Final = timedelta(seconds=60)
#: How long a run waits for its message before the tick takes it up.
MESSAGE_DELAY: Final = timedelta(seconds=15)
#: How long a synchronous caller waits for another process that works on its run.
PATIENCE_SECONDS: Final = 120.0


def begin(
    *,
    slug: str,
    name: str,
    owner_email: str,
    owner_name: str = "",
    locale: str = "en",
    timezone: str = "UTC",
    key: str | None = None,
    by: str = "system",
    mail: bool = True,
    plan: str = "",
    seed: Iterable[str] | None = None,
    background: bool = True,
) -> ProvisioningRun:
    """Reserve the slug and return the run; a worker does the rest after the commit.

    The same order with the same `key` returns the same run; without a `plan` the
    settings' is taken, and without `mail` the owner is not written to.
    Raises SlugTaken where the slug has a tenant or is held, KeyUsed where the key came
    with another order, Invalid where the order is wrong.
    """
    order = Order.checked(
        slug=slug,
        name=name,
        owner_email=owner_email,
        owner_name=owner_name,
        locale=locale,
        timezone=timezone,
        by=by,
        mail=mail,
        plan=plan,
        seed=seed,
    )
    with use_control():
        known = run_of(key, order)
        if known is not None:
            return known
        try:
            return reserved(order, key=key, background=background)
        except IntegrityError:
            # Somebody was first: with the same key, or with the same slug.
            known = run_of(key, order)
            if known is not None:
                return known
            raise SlugTaken from None


def run_of(key: str | None, order: Order) -> ProvisioningRun | None:
    """Return the run of a key, whoever asks again.

    Raises KeyUsed where it was another order that the key came with.
    """
    known = Run.objects.filter(idempotency_key=key).first() if key else None
    if known is not None and not order.is_as(Order.from_json(known.order)):
        raise KeyUsed
    return known


def reserved(order: Order, *, key: str | None, background: bool) -> ProvisioningRun:
    """Write tenant, domain, run and steps in one transaction."""
    now = clock.now()
    with transaction.atomic():
        tenant = Tenant.objects.create(
            slug=order.slug,
            name=order.name,
            locale=order.locale,
            timezone=order.timezone,
            plan=choosing.ordered(order.plan),
        )
        slug_holds.require_free(order.slug, tenant=tenant.uuid)
        Domain.objects.create(
            domain=platform_domain(order.slug),
            tenant=tenant,
            is_primary=True,
            verified_at=now,
        )
        run = Run.objects.create(
            tenant=tenant,
            tenant_uuid=tenant.uuid,
            slug=order.slug,
            order=order.as_json(),
            idempotency_key=key,
            resume_at=now + MESSAGE_DELAY,
        )
        Step.objects.bulk_create(
            Step(run=run, ordinal=number, name=step.name)
            for number, step in enumerate(STEPS, start=1)
        )
        events.record(
            "tenant.ordered", by=order.by, tenant=tenant.uuid, slug=order.slug
        )
        if background:
            transaction.on_commit(partial(hand_over, run.pk))
    return run


def hand_over(run_id: UUID) -> None:
    """Give a run to a worker; where none is to be had, the next tick takes it."""
    from tenants import tasks

    if settings.TENANTRY_DISPATCH == "celery":
        broker.publish(tasks.provision, str(run_id))
    else:
        Run.objects.filter(pk=run_id).update(resume_at=clock.now())


def provision(
    *,
    slug: str,
    name: str,
    owner_email: str,
    owner_name: str = "",
    locale: str = "en",
    timezone: str = "UTC",
    key: str | None = None,
    by: str = "system",
    mail: bool = True,
    plan: str = "",
    seed: Iterable[str] | None = None,
    pauses: Sequence[float] = PAUSES,
) -> Tenant:
    """Make a tenant and return it, ready for use.

    Raises SlugTaken, KeyUsed, Invalid, or ProvisioningFailed once everything is undone.
    """
    run = begin(
        slug=slug,
        name=name,
        owner_email=owner_email,
        owner_name=owner_name,
        locale=locale,
        timezone=timezone,
        key=key,
        by=by,
        mail=mail,
        plan=plan,
        seed=seed,
        background=False,
    )
    run = finished(run, pauses=pauses)
    with use_control():
        if run.state != Run.State.DONE:
            raise failure_of(run)
        tenant: Tenant = Tenant.objects.prefetch_related("domains").get(
            uuid=run.tenant_uuid
        )
        return tenant


def finished(run: ProvisioningRun, *, pauses: Sequence[float]) -> ProvisioningRun:
    """Drive a run to its end, or wait for the process that is at it."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        run = drive(run.pk, pauses=pauses)
        if not run.is_open or time.monotonic() > give_up:
            return run
        time.sleep(0.2)


def failure_of(run: ProvisioningRun) -> ProvisioningFailed:
    """Return the error that tells which step failed."""
    step = run.steps.exclude(error_code="").order_by("ordinal").first()
    if step is None:
        return ProvisioningFailed(extra={"run": str(run.pk)})
    return ProvisioningFailed(
        f"The workspace could not be set up: step {step.name} failed with"
        f" {step.error_code}: {step.error_text}",
        extra={"run": str(run.pk), "step": step.name},
    )


def drive(run_id: UUID, *, pauses: Sequence[float] = PAUSES) -> ProvisioningRun:
    """Go on with a run as far as it goes, and return it.

    It comes back open where another process holds it or the way back is blocked.
    """
    with use_control():
        while (pause := advance(Run.objects.get(pk=run_id), pauses)) is not None:
            if pause:
                time.sleep(pause)
        return Run.objects.get(pk=run_id)


def advance(run: ProvisioningRun, pauses: Sequence[float]) -> float | None:
    """Do the next thing under the run's lock.

    Returns the seconds to wait before the next one, None where there is none.
    """
    with run_lock(run.tenant_uuid) as ours:
        if not ours:
            return None
        run.refresh_from_db()
        if run.state == Run.State.RUNNING:
            return forward(run, pauses)
        if run.state == Run.State.COMPENSATING:
            return back(run)
        return None


def forward(run: ProvisioningRun, pauses: Sequence[float]) -> float | None:
    """Try the next step that is not done."""
    settled = [Step.State.DONE, Step.State.UNDONE]
    step = run.steps.exclude(state__in=settled).order_by("ordinal").first()
    act = act_of(run, step) if step else None
    if step is None or act is None or (exhausted(step, pauses) and not act.vital):
        close(run, Run.State.DONE)
        return None
    if exhausted(step, pauses) and not act.endless:
        return turn_back(run, step)
    started(run, step)
    try:
        act.forward(run)
    except Exception as error:
        logger.exception("provisioning.step_failed", extra={"step": step.name})
        pause = missed(run, step, error, pauses)
        # Nobody waits for what has no way back: the tick goes on with it.
        return None if act.endless and exhausted(step, pauses) else pause
    settle(step, state=Step.State.DONE, error_code="", error_text="")
    return 0.0


def exhausted(step: ProvisioningStep, pauses: Sequence[float]) -> bool:
    """Tell whether a step has had its first try and all further ones.

    A try that its process did not survive counts too.
    """
    return step.attempts > len(pauses)


def started(run: ProvisioningRun, step: ProvisioningStep) -> None:
    now = clock.now()
    Step.objects.filter(pk=step.pk).update(
        state=Step.State.RUNNING, attempts=F("attempts") + 1, started_at=now
    )
    Run.objects.filter(pk=run.pk).update(resume_at=now + SILENCE)
    step.attempts += 1


def settle(step: ProvisioningStep, **values: Any) -> None:
    """Write how a try ended, unless another process has begun a newer one."""
    Step.objects.filter(pk=step.pk, attempts=step.attempts).update(
        ended_at=clock.now(), **values
    )


def missed(
    run: ProvisioningRun,
    step: ProvisioningStep,
    error: Exception,
    pauses: Sequence[float],
) -> float:
    """Write down a failed try and return the seconds to the next one."""
    advisory.drop_broken()
    code = error.code if isinstance(error, ApplicationError) else type(error).__name__
    settle(
        step,
        state=Step.State.FAILED,
        error_code=code[:64],
        error_text=told(error)[:500],
    )
    if exhausted(step, pauses):
        return 0.0
    pause = pauses[step.attempts - 1]
    later = clock.now() + timedelta(seconds=pause)
    Run.objects.filter(pk=run.pk).update(resume_at=later)
    return pause


def turn_back(run: ProvisioningRun, step: ProvisioningStep) -> float:
    """Give the tenant up, and begin to undo."""
    by = run.order["by"]
    with transaction.atomic():
        tenant = Tenant.objects.filter(uuid=run.tenant_uuid).first()
        if tenant is not None and tenant.state == State.PROVISIONING:
            change_state(tenant, State.FAILED, reason=f"Step {step.name}.", by=by)
        Run.objects.filter(pk=run.pk).update(state=Run.State.COMPENSATING)
    return 0.0


def back(run: ProvisioningRun) -> float | None:
    """Undo the last step that was begun; the first step goes last."""
    step = (
        run.steps.filter(attempts__gt=0)
        .exclude(state=Step.State.UNDONE)
        .order_by("-ordinal")
        .first()
    )
    if step is None:
        close(run, Run.State.FAILED)
        return None
    try:
        act_of(run, step).back(run)
    except Exception:
        logger.exception("provisioning.undo_failed", extra={"step": step.name})
        advisory.drop_broken()
        Run.objects.filter(pk=run.pk).update(resume_at=clock.now() + SILENCE)
        return None
    settle(step, state=Step.State.UNDONE)
    return 0.0


def close(run: ProvisioningRun, state: ProvisioningRun.State) -> None:
    """End a run."""
    with transaction.atomic():
        Run.objects.filter(pk=run.pk).update(state=state, ended_at=clock.now())
        if state == Run.State.FAILED:
            events.record(
                "tenant.provisioning_failed",
                by=run.order["by"],
                tenant=run.tenant_uuid,
                slug=run.slug,
            )


def resume_due() -> int:
    """Go on with the runs that nobody looks after; return how many were found."""
    from tenants import tasks

    with use_control():
        due = Run.objects.filter(state__in=Run.OPEN, resume_at__lte=clock.now())
        ids = list(due.order_by("resume_at").values_list("pk", flat=True)[:20])
        for run_id in ids:
            Run.objects.filter(pk=run_id).update(resume_at=clock.now() + SILENCE)
            if not broker.by_worker(tasks.provision, str(run_id)):
                drive(run_id)
    return len(ids)
