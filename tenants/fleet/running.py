"""A run over the fleet: canaries, then waves, and a word about each tenant.

    report = running.run(Order(), by="operator")

The truth is each schema's own table of migrations; a run may be killed anywhere, and
the next one begins by reading where all stand.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from django.db import connections, transaction

from tenants import events, roles, states
from tenants.context import TenantInfo, use_control
from tenants.fleet import (
    holds,
    indexing,
    ledger,
    reading,
    recipes,
    rights,
    scripts,
    templates,
    trying,
)
from tenants.fleet.groups import CANDIDATES, Group
from tenants.fleet.jobs import in_processes
from tenants.fleet.ledger import Mode, State
from tenants.fleet.locking import fleet_lock
from tenants.fleet.migrate import migrate_control
from tenants.fleet.numbering import Numbers
from tenants.fleet.orders import Failure, Order, Outcome, Report, Told, is_too_many
from tenants.fleet.owning import owned
from tenants.fleet.recipes import Recipe
from tenants.fleet.recording import Notes
from tenants.fleet.survey import Survey, survey
from tenants.fleet.targets import Target, control_is_current
from tenants.models import MigrationLedger, MigrationPlan, Tenant

#: What the ledger says of a schema that came out unlike the canary's.
DIFFERS: Final = "fingerprint_differs"
WORD: Final = re.compile(r"\w+")


@dataclass
class Way:
    """A group on its way: its plan, and what is left of its members."""

    group: Group
    rest: list[TenantInfo]
    plan: MigrationPlan | None = None
    recipe: Recipe | None = None
    #: The tables that the way is about, and what the canary's were and became.
    tables: frozenset[str] = frozenset()
    before: str = ""
    after: str = ""
    fingerprint: str = ""
    #: Those whose tables were as the canary's before.
    alike: set[UUID] = field(default_factory=set)
    deferred: list[Outcome] = field(default_factory=list)

    @property
    def gone(self) -> int:
        return len(self.group.members) - len(self.rest)


def run(order: Order, *, by: str, told: Told | None = None) -> Report:
    """Bring the control plane and every tenant's schema to the code's tables.

    A tenant that fails keeps its tables and stops nobody else; a canary that fails
    stops all, and so does a wave that fails too often.
    Raises FleetBusy where another run is at it, CanaryUnfit for a wrong canary.
    """
    with fleet_lock():
        return Run(order, by=by, told=told or Told()).go()


def look(order: Order) -> tuple[Survey, Report]:
    """Return what a run would do; nothing is written."""
    target = Target(templates.find())
    found = survey(order, target)
    report = Report(
        revision=target.revision,
        groups=[
            {**facts(group), "warnings": indexing.warnings(group, target)}
            for group in found.groups
        ],
    )
    report.take(Outcome(one.tenant, State.SKIPPED) for one in found.current)
    report.take(Outcome(tenant, State.SKIPPED) for tenant in found.ahead)
    report.take(
        Outcome(tenant, State.PENDING)
        for group in found.groups
        for tenant in group.members
    )
    report.waves = [
        {
            "wave": number,
            "until": wave.text,
            "tenants": sum(wave.end(len(group.members)) for group in found.groups),
        }
        for number, wave in enumerate(order.waves)
    ]
    return found, report


def facts(group: Group) -> dict[str, Any]:
    """Return what is told of a group."""
    return {
        "from": group.from_rev,
        "fingerprint": group.fingerprint,
        "tenants": len(group.members),
        "canary": group.canary.slug,
        "migrations": [f"{app}.{name}" for app, name in group.pending],
        "mode": Mode.PYTHON.value if group.obstacle else Mode.REPLAY.value,
        "obstacle": group.obstacle,
    }


class Run:
    """One run, from the lock to the report."""

    def __init__(self, order: Order, *, by: str, told: Told) -> None:
        self.order, self.by, self.told = order, by, told
        self.report = Report()
        self.executors: trying.Executors = {}

    def go(self) -> Report:
        self.told.step("lock")
        self.prepare_control()
        self.target = Target(templates.compile_template())
        self.told.step("template")
        found = survey(self.order, self.target)
        self.report.revision = self.target.revision
        self.report.groups = [*map(facts, found.groups)]
        self.told.step("read")
        self.pass_by(found)
        self.told.step("skipped")
        if found.groups:
            ways = [Way(group, list(group.members)) for group in found.groups]
            self.go_in_waves(ways)
            holds.settle(by=self.by)
        self.write_event()
        self.told.step("end")
        return self.report

    def prepare_control(self) -> None:
        """Migrate the control plane, or see only that it is closed to others."""
        if control_is_current():
            with use_control():
                roles.harden()
        else:
            migrate_control()
        self.told.step("control")

    @property
    def numbers(self) -> Numbers:
        template = self.target.template
        return template.numbers if template else {}

    # Those that have arrived

    def pass_by(self, found: Survey) -> None:
        """Write down who has arrived, set lost rights again, and hold who must wait."""
        arrived = [one.tenant for one in found.current]
        outcomes = [Outcome(tenant, State.SKIPPED) for tenant in arrived]
        self.tell([*outcomes, *(Outcome(t, State.SKIPPED) for t in found.ahead)])
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
            with owned(tenant):
                pass
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
            if not self.send_canary(way):
                self.stop(ways, f"The canary {way.group.canary.slug} failed.")
                return
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
            self.tell([Outcome(tenant, State.PENDING) for tenant in way.rest])
            way.rest = []

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

    # One tenant

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
        if not outcome.is_done and self.is_gone(outcome.tenant):
            outcome = replace(outcome, state=State.SKIPPED, failure=None)
        if outcome.state == State.DEFERRED:
            way.deferred.append(outcome)
        if not outcome.is_done:
            self.remember(way, outcome)
        self.tell([outcome])
        self.told.step(f"tenant {outcome.tenant.slug}")

    def has_arrived(self, tenant: TenantInfo) -> bool:
        """Tell whether a schema is where it should be, whoever brought it there."""
        name = tenant.schema_name
        with use_control():
            return reading.words([name]).get(name) == self.target.word

    def is_gone(self, tenant: TenantInfo) -> bool:
        """Tell whether a tenant was archived or purged meanwhile."""
        there = Tenant.objects.filter(uuid=tenant.uuid, state__in=states.WITH_SCHEMA)
        with use_control():
            return not there.exists()

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

    # The canary

    def send_canary(self, way: Way) -> bool:
        """Let the first member go ahead; write the plan. Tells whether others may."""
        if way.group.obstacle:
            way.plan = self.plan_of(way, obstacle=way.group.obstacle)
        elif self.order.resume and self.known_plan(way):
            return True
        while way.rest:
            tenant = way.rest.pop(0)
            notes = Notes()
            outcome = self.migrated(way, tenant, 0, notes)
            if outcome.is_done:
                self.learn(way, tenant, notes, outcome)
                return True
            way.plan = way.plan or self.plan_of(way, obstacle="The canary failed.")
            self.take(way, outcome)
            if outcome.state != State.DEFERRED:
                return False
        return True

    def learn(
        self, way: Way, tenant: TenantInfo, notes: Notes, outcome: Outcome
    ) -> None:
        """Write down what the canary did, and what became of its schema."""
        self.told.step("canary")
        self.compare_with(way, tenant, notes)
        if not way.group.obstacle:
            recipe = recipes.recorded(
                notes,
                word=way.group.word,
                migrations=way.group.pending,
                numbers=self.numbers,
            )
            way.plan = self.plan_of(way, recipe=recipe, obstacle=notes.obstacle)
            way.recipe = None if notes.obstacle else recipe
            # Its transaction is over, and knew of no plan yet.
            mode = Mode.PYTHON
            self.remember(way, replace(outcome, mode=mode))
            self.settle_canary(tenant)
        self.mark([tenant], way)
        self.told.step("plan")
        plan = present(way.plan)
        ledger.put(plan, [one.uuid for one in way.rest], State.PENDING)
        self.tell([outcome])

    def compare_with(self, way: Way, tenant: TenantInfo, notes: Notes) -> None:
        """Remember what the canary's schema became, and which tables it was about."""
        with use_control():
            script = scripts.read([tenant.schema_name])[tenant.schema_name]
        way.fingerprint = scripts.fingerprint(script)
        self.compare_by(way, script, [one.sql for one in notes.statements])

    def compare_by(
        self, way: Way, script: scripts.Script, statements: Sequence[str]
    ) -> None:
        before = way.group.script
        way.tables = touched(before, script, statements)
        way.before = part_of(before, way.tables)
        way.after = part_of(script, way.tables)

    def settle_canary(self, tenant: TenantInfo) -> None:
        """Write down the canary's revision, and let it be served again."""
        with use_control(), transaction.atomic():
            Tenant.objects.filter(uuid=tenant.uuid).update(
                schema_rev=self.target.revision, migration_hold=False
            )
            events.record(
                "tenant.migrated",
                by=self.by,
                tenant=tenant.uuid,
                result=self.target.revision,
                mode=Mode.PYTHON.value,
            )

    def plan_of(
        self, way: Way, *, recipe: Recipe | None = None, obstacle: str
    ) -> MigrationPlan:
        group = way.group
        with use_control():
            return MigrationPlan.objects.create(
                from_rev=group.from_rev,
                to_rev=self.target.revision,
                migrations=group.pending,
                recorded_sql=[
                    {"migration": one.migration, "sql": one.sql}
                    for one in (recipe.statements if recipe else ())
                ],
                sql_sha256=recipe.sha256 if recipe else "",
                replayable=recipe is not None and not obstacle,
                obstacle=obstacle[:255],
                fingerprint_before=group.fingerprint,
                fingerprint_after=way.fingerprint,
            )

    def known_plan(self, way: Way) -> bool:
        """Take the plan of an interrupted run, where its canary had arrived."""
        group = way.group
        with use_control():
            plan = MigrationPlan.objects.filter(
                from_rev=group.from_rev,
                to_rev=self.target.revision,
                fingerprint_before=group.fingerprint,
                migrations=[list(key) for key in group.pending],
                replayable=True,
            ).first()
        recipe = recipes.of_plan(plan, group.word) if plan else None
        if plan is None or recipe is None:
            return False
        way.plan, way.recipe = plan, recipe
        way.fingerprint = plan.fingerprint_after
        return self.known_result(way)

    def known_result(self, way: Way) -> bool:
        """Compare with a tenant that came the same way, as the canary did."""
        with use_control():
            entries = MigrationLedger.objects.filter(plan=way.plan, state=State.DONE)
            arrived = entries.exclude(fingerprint_after="").select_related("tenant")
            names = [entry.tenant.schema_name for entry in arrived[:CANDIDATES]]
            for script in scripts.read(names).values():
                if scripts.fingerprint(script) == way.fingerprint:
                    recipe = way.recipe
                    texts = [one.sql for one in recipe.statements] if recipe else []
                    self.compare_by(way, script, texts)
                    return True
        way.plan = way.recipe = None
        return False

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

    def mark(self, tenants: Sequence[TenantInfo], way: Way) -> None:
        """Write the fingerprint into the entries: one statement."""
        if not tenants:
            return
        with use_control():
            MigrationLedger.objects.filter(
                plan=way.plan, tenant__uuid__in=[one.uuid for one in tenants]
            ).update(fingerprint_after=way.fingerprint)

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


def present(plan: MigrationPlan | None) -> MigrationPlan:
    if plan is None:
        raise RuntimeError("A way is gone with a plan.")
    return plan


def fingerprints(
    tenants: Sequence[TenantInfo], tables: frozenset[str]
) -> dict[str, str]:
    """Return the fingerprint of some tables of each schema, in bulk."""
    found: dict[str, str] = {}
    with use_control():
        for part in scripts.parts(tenants):
            names = [one.schema_name for one in part]
            found |= scripts.fingerprints(names, tables=tables)
    return found


def touched(
    before: scripts.Script, after: scripts.Script, statements: Iterable[str]
) -> frozenset[str]:
    """Return the tables that a way is about: changed, or named by what was sent."""
    words = {word for text in statements for word in WORD.findall(text)}
    lines = {*before, *after}
    changed = set(before) ^ set(after)
    return frozenset(
        scripts.table_of(line)
        for line in lines
        if line in changed or line.name in words or scripts.table_of(line) in words
    ) - {""}


def part_of(script: scripts.Script, tables: frozenset[str]) -> str:
    """Return the fingerprint of some tables, empty where there is none of them."""
    part = scripts.about(script, tables)
    return scripts.fingerprint(part) if part else ""


__all__ = ["Order", "Report", "Run", "Told", "look", "run"]
