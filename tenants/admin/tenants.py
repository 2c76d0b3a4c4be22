"""Tenants in the operators' console: to look at, and to stop and start."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, Final

from django.contrib import admin, messages
from django.db.models import Model, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import NullIf
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from kernel.admin import ReadOnly
from tenants import domains
from tenants.admin import plans
from tenants.admin.fleet import Drift, Revision, Surveyed
from tenants.admin.plans import Planned
from tenants.domains import Stage
from tenants.errors import MoveRefused
from tenants.life import conduct, going_on, maintenance
from tenants.models import (
    DeadLetter,
    Domain,
    OperatorEvent,
    ProvisioningRun,
    ProvisioningStep,
    Tenant,
)
from tenants.states import State, change_state

#: A verb that moves a tenant, and returns its row.
Move = Callable[..., Tenant]
#: How far a name is, in colours and in words.
STAGES: Final = {
    Stage.CLAIMED.value: "info",
    Stage.VERIFIED.value: "success",
    Stage.LAPSED.value: "danger",
}
STAGE_WORDS: Final = {
    Stage.CLAIMED: _("claimed"),
    Stage.VERIFIED: _("verified"),
    Stage.LAPSED: _("lapsed"),
    Stage.RELEASED: _("released"),
}
HOUR: Final = timedelta(hours=1)


class DomainInline(ReadOnly, TabularInline):
    model = Domain
    extra = 0
    hide_title = True
    fields = (
        "domain",
        "kind",
        "is_primary",
        "verified_at",
        "failed_checks",
        "lapsed_at",
        "released_at",
    )


class StepInline(ReadOnly, TabularInline):
    model = ProvisioningStep
    extra = 0
    hide_title = True
    fields = (
        "ordinal",
        "name",
        "state",
        "attempts",
        "started_at",
        "ended_at",
        "error_code",
        "error_text",
    )


class TenantAdmin(Surveyed, Planned, ReadOnly, ModelAdmin):
    """Tenants, with the moves an operator makes."""

    list_display = (
        "called",
        "name",
        "standing",
        "plan",
        "revision",
        "drift",
        "size",
        "activity",
        "made",
    )
    #: Those without a slug, which are purged, stand last.
    ordering = (NullIf("slug", Value("")).asc(nulls_last=True),)
    list_filter = ("state", "plan", Revision, Drift, "migration_hold", "is_canary")
    list_select_related = ("plan", "survey")
    search_fields = ("slug", "name", "domains__domain", "uuid")
    readonly_fields = ("quota_use", "schema", "drift", "size", "activity", "surveyed")
    actions = ("suspend", "resume", "past_due", "maintain")
    inlines: ClassVar = [DomainInline]

    @admin.action(description=_("Suspend: every path answers 423"))
    def suspend(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        """Stop the chosen tenants."""
        self.move(request, tenants, to(State.SUSPENDED))

    @admin.action(description=_("Resume, end a maintenance, call a deletion off"))
    def resume(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        """Let the chosen tenants work again."""
        self.move(request, tenants, going_on.resume)

    @admin.action(description=_("Payment overdue: read only"))
    def past_due(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        """Let the chosen tenants be read and not changed."""
        self.move(request, tenants, to(State.PAST_DUE))

    @admin.action(description=_("Maintenance for an hour: every path answers 503"))
    def maintain(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        """Keep everybody out of the chosen tenants for an hour."""

        def begin(tenant: Tenant, *, reason: str, by: str) -> Tenant:  # noqa: ARG001 - the signature of a move
            return maintenance.begin(tenant, lasting=HOUR, by=by)

        self.move(request, tenants, begin)

    def move(
        self, request: HttpRequest, tenants: QuerySet[Tenant], change: Move
    ) -> None:
        """Move each tenant that may go there; name those that may not."""
        moved: list[Tenant] = []
        for tenant in tenants:
            try:
                after = change(
                    tenant,
                    reason="By an operator in the console.",
                    by=f"operator:{request.user.get_username()}",
                )
            except MoveRefused as error:
                self.message_user(request, error.detail, messages.ERROR)
            else:
                moved.append(after)
        for label, count in Counter(map(told, moved)).items():
            words = ngettext("%(count)d tenant.", "%(count)d tenants.", count)
            self.message_user(request, f"{label}: {words % {'count': count}}")


def to(state: State) -> Move:
    """Return the move to a state."""

    def change(tenant: Tenant, *, reason: str, by: str) -> Tenant:
        return change_state(tenant, state, reason=reason, by=by)

    return change


def told(tenant: Tenant) -> str:
    """Return how a tenant stands, in words."""
    if conduct.in_maintenance(tenant):
        return str(_("In maintenance"))
    return str(State(tenant.state).label)


class DomainAdmin(ReadOnly, ModelAdmin):
    list_display = ("domain", "tenant", "kind", "stage", "primary", "verified_at")
    list_filter = ("kind", "is_primary")
    search_fields = ("domain", "tenant__slug")
    list_select_related = ("tenant",)

    @display(description=_("state"), label=STAGES)  # type: ignore[untyped-decorator]
    def stage(self, domain: Domain) -> tuple[str, str]:
        """Return how far a name is; the platform's own leads here anyway."""
        found = domains.stage(domain)
        return found.value, str(STAGE_WORDS[found])

    @display(  # type: ignore[untyped-decorator]
        description=_("primary"), ordering="is_primary", label={"yes": "success"}
    )
    def primary(self, domain: Domain) -> tuple[str, str] | None:
        """Return a label for the name of all links; the others need none."""
        return ("yes", str(_("primary"))) if domain.is_primary else None


class ProvisioningRunAdmin(ReadOnly, ModelAdmin):
    list_display = ("slug", "state", "started_at", "ended_at", "id")
    list_filter = ("state",)
    search_fields = ("slug", "id", "tenant_uuid")
    inlines: ClassVar = [StepInline]


class OperatorEventAdmin(ReadOnly, ModelAdmin):
    list_display = ("at", "action", "actor", "tenant", "result")
    list_filter = ("action",)
    search_fields = ("actor", "tenant", "action")
    date_hierarchy = "at"


class DeadLetterAdmin(ReadOnly, ModelAdmin):
    """Refused tasks; what a task was told is its tenant's and is not shown."""

    list_display = ("refused_at", "task", "named", "reason", "detail")
    list_filter = ("reason", "task")
    search_fields = ("slug", "tenant", "task", "task_id")
    date_hierarchy = "refused_at"
    fields = ("task_id", "task", "named", "uuid", "reason", "detail", "refused_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeadLetter]:
        """Return the letters, each with the slug of the tenant that it names."""
        meant = Tenant.objects.filter(uuid=OuterRef("tenant"))
        letters: QuerySet[DeadLetter] = super().get_queryset(request)
        return letters.annotate(slug=Subquery(meant.values("slug")[:1]))

    @admin.display(description=_("tenant"), ordering="slug")
    def named(self, letter: Any) -> str:
        """Return the tenant's slug; the uuid where no tenant has it."""
        return str(letter.slug or letter.tenant or "-")

    @admin.display(description=_("uuid of the tenant"))
    def uuid(self, letter: DeadLetter) -> str:
        return str(letter.tenant or "-")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse to filter by what is not shown: answers would spell it out."""
        return not lookup.startswith("message") and super().lookup_allowed(
            lookup, value, request
        )


ADMINS: dict[type[Model], type[ModelAdmin]] = {
    Tenant: TenantAdmin,
    Domain: DomainAdmin,
    ProvisioningRun: ProvisioningRunAdmin,
    OperatorEvent: OperatorEventAdmin,
    DeadLetter: DeadLetterAdmin,
    **plans.ADMINS,
}


def register(site: admin.AdminSite) -> None:
    """Put the control plane's tables into the operators' site."""
    for model, model_admin in ADMINS.items():
        site.register(model, model_admin)
