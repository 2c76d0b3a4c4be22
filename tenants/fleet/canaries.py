"""Who goes ahead of each group, and what the others learn of it."""

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction

from tenants import events
from tenants.context import TenantInfo, use_control
from tenants.fleet import ledger, recipes, scripts
from tenants.fleet.groups import CANDIDATES
from tenants.fleet.ledger import Mode, State
from tenants.fleet.orders import Outcome
from tenants.fleet.recipes import Recipe
from tenants.fleet.recording import Notes
from tenants.fleet.taking import Taking
from tenants.fleet.ways import Way, part_of, present, touched
from tenants.models import MigrationLedger, MigrationPlan, Tenant


class Canaries(Taking):
    """What a run does before the waves."""

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

    def mark(self, tenants: Sequence[TenantInfo], way: Way) -> None:
        """Write the fingerprint into the entries: one statement."""
        if not tenants:
            return
        with use_control():
            MigrationLedger.objects.filter(
                plan=way.plan, tenant__uuid__in=[one.uuid for one in tenants]
            ).update(fingerprint_after=way.fingerprint)
