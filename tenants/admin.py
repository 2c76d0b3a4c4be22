"""Tenants in the operators' console: to look at, and to stop and start."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin, TabularInline

from kernel.admin import ReadOnly
from tenants import plan_admin
from tenants.errors import MoveRefused
from tenants.models import (
    DeadLetter,
    Domain,
    OperatorEvent,
    ProvisioningRun,
    ProvisioningStep,
    Tenant,
)
from tenants.plan_admin import Planned
from tenants.states import State, change_state


class DomainInline(ReadOnly, TabularInline):
    model = Domain
    extra = 0
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


class TenantAdmin(Planned, ReadOnly, ModelAdmin):
    """Tenants, with the two moves an operator makes."""

    list_display = ("slug", "name", "state", "plan", "state_since", "created_at")
    list_filter = ("state", "plan")
    list_select_related = ("plan",)
    search_fields = ("slug", "name", "domains__domain", "uuid")
    actions = ("suspend", "resume")
    inlines: ClassVar = [DomainInline]

    @admin.action(description=_("Suspend: every path answers 423"))
    def suspend(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        """Stop the chosen tenants."""
        self.move(request, tenants, State.SUSPENDED)

    @admin.action(description=_("Resume"))
    def resume(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        """Start the chosen tenants again."""
        self.move(request, tenants, State.ACTIVE)

    def move(self, request: HttpRequest, tenants: QuerySet[Tenant], to: State) -> None:
        """Move each tenant that may go there; name those that may not."""
        moved = 0
        for tenant in tenants:
            try:
                change_state(
                    tenant,
                    to,
                    reason="By an operator in the console.",
                    by=f"operator:{request.user.get_username()}",
                )
            except MoveRefused as error:
                self.message_user(request, error.detail, messages.ERROR)
            else:
                moved += 1
        if moved:
            words = ngettext("%(count)d tenant.", "%(count)d tenants.", moved)
            label = State(to).label
            self.message_user(request, f"{label}: {words % {'count': moved}}")


class DomainAdmin(ReadOnly, ModelAdmin):
    list_display = ("domain", "tenant", "kind", "is_primary", "verified_at")
    list_filter = ("kind", "is_primary")
    search_fields = ("domain", "tenant__slug")
    list_select_related = ("tenant",)


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
    **plan_admin.ADMINS,
}


def register(site: admin.AdminSite) -> None:
    """Put the control plane's tables into the operators' site."""
    for model, model_admin in ADMINS.items():
        site.register(model, model_admin)
