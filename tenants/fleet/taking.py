"""Take one tenant its group's way, and write down how that ended."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from tenants.context import TenantInfo, use_control
from tenants.db import wear
from tenants.fleet import ledger, missing, reading, trying
from tenants.fleet.ledger import Mode, State
from tenants.fleet.numbering import Numbers
from tenants.fleet.orders import Order, Outcome, Report, Told
from tenants.fleet.recipes import Recipe
from tenants.fleet.recording import Notes
from tenants.fleet.targets import Target
from tenants.fleet.ways import Way, present


class Taking:
    """What a run does with one tenant."""

    #: Set once the template is compiled.
    target: Target
    #: Raises FleetBusy where the lock of the run was lost.
    require_lock: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, order: Order, *, by: str, told: Told) -> None:
        self.order, self.by, self.told = order, by, told
        self.report = Report()
        self.executors: trying.Executors = {}

    @property
    def numbers(self) -> Numbers:
        template = self.target.template
        return template.numbers if template else {}

    def one(self, way: Way, tenant: TenantInfo, wave: int) -> Outcome:
        """Take a tenant its group's way; Django's where a replay cannot be."""
        recipe = way.recipe
        if recipe is not None and tenant.uuid in way.alike:
            outcome = self.replayed(way, recipe, tenant, wave)
            if not trying.needs_django(outcome):
                return outcome
        return self.migrated(way, tenant, wave)

    def replayed(
        self, way: Way, recipe: Recipe, tenant: TenantInfo, wave: int
    ) -> Outcome:
        def act(attempt: int) -> Mode:
            return trying.replayed(
                tenant,
                recipe,
                plan=present(way.plan),
                order=self.order,
                by=self.by,
                wave=wave,
                attempt=attempt,
            )

        return trying.with_patience(tenant, act, wave=wave, order=self.order)

    def migrated(
        self, way: Way, tenant: TenantInfo, wave: int, notes: Notes | None = None
    ) -> Outcome:
        def act(attempt: int) -> Mode:
            if notes is not None:
                notes.statements.clear()
            finish = (
                trying.finishing(
                    tenant, way.plan, by=self.by, wave=wave, attempt=attempt
                )
                if way.plan
                else bool
            )
            return trying.migrated(
                tenant,
                executors=self.executors,
                numbers=self.numbers,
                order=self.order,
                finish=finish,
                notes=notes,
            )

        return trying.with_patience(tenant, act, wave=wave, order=self.order)

    def take(self, way: Way, outcome: Outcome) -> None:
        """Report an outcome; one that was rolled back is written down only now."""
        if not outcome.is_done and not missing.is_there(outcome.tenant):
            outcome = replace(outcome, state=State.SKIPPED, failure=None)
        if outcome.is_failed and self.has_arrived(outcome.tenant):
            # The connection was lost before the answer to the commit came.
            mode = Mode.REPLAY if way.recipe else Mode.PYTHON
            outcome = replace(outcome, state=State.DONE, mode=mode, failure=None)
        if outcome.state == State.DEFERRED:
            way.deferred.append(outcome)
        if not outcome.is_done:
            self.remember(way, outcome)
        self.tell([outcome])
        wear.renew()
        self.require_lock()
        self.told.step(f"tenant {outcome.tenant.slug}")

    def has_arrived(self, tenant: TenantInfo) -> bool:
        """Tell whether a schema is where it should be, whoever brought it there."""
        with use_control():
            applied = reading.applied(tenant)
        return bool(applied) and not self.target.pending(applied)

    def remember(self, way: Way, outcome: Outcome) -> None:
        failure = outcome.failure
        ledger.remember(
            present(way.plan),
            outcome.tenant.uuid,
            outcome.state,
            wave=outcome.wave,
            attempts=outcome.attempts,
            mode=outcome.mode or "",
            migration=failure.migration[:255] if failure else "",
            statement_no=failure.statement_no if failure else None,
            error_code=failure.sqlstate if failure else "",
            error_text=failure.text if failure else "",
        )

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        self.report.take(outcomes)
        for outcome in outcomes:
            self.told.ended(outcome)
