"""A run over the fleet: canaries, then waves, and a word about each tenant.

    report = running.run(Order(), by="operator")

The truth is each schema's own table of migrations; a run may be killed anywhere, and
the next one begins by reading where all stand.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from django.db import connections, transaction

from tenants import events, states
from tenants.context import TenantInfo, use_control
from tenants.fleet import (
    holds,
    ledger,
    missing,
    rights,
    squashing,
    templates,
    trying,
)
from tenants.fleet.canaries import Canaries
from tenants.fleet.jobs import in_processes
from tenants.fleet.ledger import Mode, State
from tenants.fleet.locking import fleet_lock
from tenants.fleet.looking import facts
from tenants.fleet.migrate import bring_control
from tenants.fleet.orders import Failure, Order, Outcome, Report, Told, is_too_many
from tenants.fleet.survey import Survey, survey, with_schema
from tenants.fleet.targets import Target
from tenants.fleet.ways import Way, fingerprints, present
from tenants.models import MigrationPlan

#: What the ledger says of a schema that came out unlike the canary's.
DIFFERS: Final = "fingerprint_differs"


def run(order: Order, *, by: str, told: Told | None = None) -> Report:
    """Bring the control plane and every tenant's schema to the code's tables.

    A tenant that fails keeps its tables and stops nobody else; a canary that fails
    stops all, and so does a wave that fails too often.
    Raises FleetBusy where another run is at it, or may be since this one's lock is
    lost; FleetAhead where a newer release was there; CanaryUnfit for a wrong canary.
    """
    with fleet_lock() as held:
        run = Run(order, by=by, told=told or Told())
        run.require_lock = held.require
        return run.go()


class Run(Canaries):
    """One run, from the lock to the report."""

    def go(self) -> Report:
        self.told.step("lock")
        bring_control()
        self.told.step("control")
        self.target = Target(templates.compile_template())
        self.told.step("template")
        found = survey(self.order, self.target)
        self.report.revision = self.target.revision
        self.report.groups = [*map(facts, found.groups)]
        self.told.step("read")
        found.require_none_ahead()
        self.pass_by(found)
        self.told.step("skipped")
        if found.groups:
            self.take_groups(found)
            self.take_latecomers()
        self.note_squashed()
        self.write_event()
        self.told.step("end")
        return self.report

    def take_groups(self, found: Survey) -> None:
        self.go_in_waves([Way(group, list(group.members)) for group in found.groups])
        holds.settle(by=self.by)

    def take_latecomers(self) -> None:
        """Look once more: the release before may have made tenants in the meantime."""
        order = self.order
        if self.report.stopped or order.only or order.retry_failed or order.resume:
            return
        known = self.report.outcomes
        late = frozenset(one.uuid for one in with_schema() if one.uuid not in known)
        if late:
            found = survey(replace(order, only=late, canary=None), self.target)
            self.report.groups += map(facts, found.groups)
            self.pass_by(found)
            self.take_groups(found)

    def note_squashed(self) -> None:
        """Write down what is squashed by now, in the schemas that have arrived."""
        if not self.target.loader.replacements:
            return
        for one in list(self.report.outcomes.values()):
            if one.state not in {State.DONE, State.SKIPPED}:
                continue
            try:
                squashing.note(
                    self.target, one.tenant, lock_timeout_ms=self.order.lock_timeout_ms
                )
            except Exception as error:  # noqa: BLE001 - one tenant's failure is reported, not raised
                failure = trying.described(error)
                self.tell([replace(one, state=State.FAILED, failure=failure)])

    # Those that have arrived

    def pass_by(self, found: Survey) -> None:
        """Write down who has arrived, set lost rights again, and hold who must wait."""
        arrived = [one.tenant for one in found.current]
        outcomes = [Outcome(tenant, State.SKIPPED) for tenant in arrived]
        self.tell(outcomes)
        for tenant in found.without_rights:
            self.tell([self.with_rights(tenant)])
        uuids = [tenant.uuid for tenant in arrived]
        revs = dict.fromkeys(uuids, self.target.revision)
        for group in found.groups:
            revs |= {tenant.uuid: group.from_rev for tenant in group.members}
        with use_control():
            holds.note(revs)
        if uuids:
            ledger.repair(uuids)
            ledger.put(self.resting(), uuids, State.SKIPPED)
        holds.settle(by=self.by)

    def with_rights(self, tenant: TenantInfo) -> Outcome:
        try:
            missing.make_again(tenant)
            states.let_in_again(tenant)
        except missing.Leaving:
            return Outcome(tenant, State.SKIPPED)
        except Exception as error:  # noqa: BLE001 - one tenant's failure is reported, not raised
            return Outcome(tenant, State.FAILED, failure=trying.described(error))
        return Outcome(tenant, State.SKIPPED)

    def resting(self) -> MigrationPlan:
        """Return the plan of those that have no way to go."""
        rev = self.target.revision
        with use_control():
            known = MigrationPlan.objects.filter(
                from_rev=rev, to_rev=rev, migrations=[]
            )
            return known.first() or MigrationPlan.objects.create(
                from_rev=rev, to_rev=rev, migrations=[]
            )

    # Waves

    def go_in_waves(self, ways: Sequence[Way]) -> None:
        for way in ways:
            if self.send_canary(way):
                continue
            if self.is_for_all(way, ways):
                self.stop(ways, f"The canary {way.group.canary.slug} failed.")
                return
            self.leave(way)
        for number, wave in enumerate(self.order.waves):
            outcomes = self.go_wave(ways, number)
            if number + 1 < len(self.order.waves) and is_too_many(outcomes):
                self.stop(ways, f"Too many failed in wave {number} ({wave.text}).")
                break
        self.try_deferred(ways)

    def stop(self, ways: Iterable[Way], why: str) -> None:
        """End the run; who had no turn yet is told to be waiting."""
        self.report.stopped = why
        for way in ways:
            self.leave(way)

    def leave(self, way: Way) -> None:
        """Let what is left of a group wait for another run."""
        self.tell([Outcome(tenant, State.PENDING) for tenant in way.rest])
        way.rest = []

    def is_for_all(self, way: Way, ways: Sequence[Way]) -> bool:
        """Tell whether a canary that failed stops the other groups too.

        Not where it goes ahead of a few that stayed behind in an earlier run: one
        tenant's rows would stop every release from there on.
        """
        group = way.group
        if len(ways) == 1 or group.is_chosen:
            return True
        return way is ways[0] and len(group.members) > 1

    def go_wave(self, ways: Sequence[Way], number: int) -> list[Outcome]:
        """Let each group go on to the end of a wave, and compare what came of it."""
        parts = [(way, self.cut(way, number)) for way in ways]
        self.told.begin(number, sum(len(part) for _way, part in parts))
        outcomes: list[Outcome] = []
        for way, part in parts:
            if part:
                outcomes += self.go_part(way, part, number)
        self.report.waves.append(counts(number, outcomes))
        self.told.step(f"wave {number}")
        return outcomes

    def cut(self, way: Way, number: int) -> list[TenantInfo]:
        end = self.order.waves[number].end(len(way.group.members))
        size = max(0, end - way.gone)
        part, way.rest = way.rest[:size], way.rest[size:]
        return part

    def go_part(self, way: Way, part: Sequence[TenantInfo], wave: int) -> list[Outcome]:
        """Take tenants their group's way; who differs from the canary goes Django's.

        What was alike before is compared afterwards.
        """
        plan = present(way.plan)
        ledger.put(plan, [tenant.uuid for tenant in part], State.RUNNING)
        marks = fingerprints(part, way.tables)
        way.alike |= {
            one.uuid for one in part if marks.get(one.schema_name, "") == way.before
        }
        found: list[Outcome] = []
        for outcome in self.outcomes(way, part, wave):
            self.take(way, outcome)
            found.append(outcome)
        return self.compared(way, found)

    def outcomes(
        self, way: Way, part: Sequence[TenantInfo], wave: int
    ) -> Iterator[Outcome]:
        """Yield how it ended, one after another, or by processes."""
        by_django = part
        if way.recipe is not None:
            by_django = [one for one in part if one.uuid not in way.alike]
            for tenant in part:
                if tenant.uuid in way.alike:
                    yield self.one(way, tenant, wave)
        if self.order.jobs == 1 or len(by_django) == 1:
            for tenant in by_django:
                yield self.migrated(way, tenant, wave)
            return

        def work(tenants: Sequence[TenantInfo]) -> list[Outcome]:
            try:
                return [self.migrated(way, tenant, wave) for tenant in tenants]
            finally:
                connections.close_all()

        def lost(tenant: TenantInfo) -> Outcome:
            if self.has_arrived(tenant):
                return Outcome(tenant, State.DONE, wave, Mode.PYTHON, 1)
            failure = Failure("", None, "", "The process of this job died.")
            return Outcome(tenant, State.FAILED, wave, None, 1, failure)

        yield from in_processes(by_django, work, jobs=self.order.jobs, lost=lost)

    # After a wave

    def compared(self, way: Way, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Compare what became of the schemas with the canary's, and see to rights.

        Those that were not alike before are left to `tenant drift`.
        """
        done = [one.tenant for one in outcomes if one.is_done]
        for tenant in self.without_rights(done):
            self.with_rights(tenant)
        marks = fingerprints(done, way.tables)
        unlike = {
            one.uuid
            for one in done
            if one.uuid in way.alike and marks.get(one.schema_name, "") != way.after
        }
        self.mark([one for one in done if one.uuid in way.alike - unlike], way)
        return [
            self.differing(way, one) if one.tenant.uuid in unlike else one
            for one in outcomes
        ]

    def differing(self, way: Way, outcome: Outcome) -> Outcome:
        text = "The schema differs from the canary's: see tenant drift."
        failed = replace(
            outcome, state=State.FAILED, failure=Failure("", None, DIFFERS, text)
        )
        self.remember(way, failed)
        self.tell([failed])
        return failed

    def without_rights(self, tenants: Sequence[TenantInfo]) -> list[TenantInfo]:
        if not tenants:
            return []
        with use_control():
            right = rights.right(tenants, self.target.relations)
        return [one for one in tenants if one.uuid not in right]

    # The end

    def try_deferred(self, ways: Iterable[Way]) -> None:
        """Try those once more whose tables were locked; then they have failed."""
        last = len(self.order.waves)
        for way in ways:
            waiting, way.deferred = way.deferred, []
            for before in waiting:
                after = self.one(way, before.tenant, last)
                after = after.tried_before(before.attempts)
                if after.state == State.DEFERRED:
                    after = replace(after, state=State.FAILED)
                self.take(way, after)
                self.compared(way, [after])
        self.told.step("deferred")

    def write_event(self) -> None:
        with use_control(), transaction.atomic():
            events.record(
                "fleet.migrated",
                by=self.by,
                result=self.report.stopped or self.report.revision,
                **counts(None, self.report.outcomes.values()),
            )


def counts(wave: int | None, outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Return how many ended how."""
    found: dict[str, Any] = {} if wave is None else {"wave": wave}
    states_of = [one.state.value for one in outcomes]
    return found | {state.value: states_of.count(state.value) for state in State}


__all__ = ["Order", "Report", "Run", "Told", "run"]
