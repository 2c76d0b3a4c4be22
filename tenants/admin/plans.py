"""Plans in the operators' console: made and changed there, each time with an event."""

import logging
from collections.abc import Callable
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.db import Error, models, transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminTextInputWidget

from kernel.errors import ApplicationError
from tenants import events, states
from tenants.context import use
from tenants.models import (
    Feature,
    Plan,
    Quota,
    Tenant,
    TenantFeature,
    TenantQuota,
)
from tenants.plans import choosing, quotas

logger = logging.getLogger(__name__)
LABELS: Final = {
    "statement_timeout_ms": _("Statement timeout"),
    "lock_timeout_ms": _("Lock timeout"),
}
HINTS: Final = {
    "code": _("What commands call it, such as pro."),
    "name": _("What customers read."),
    "position": _("Smaller numbers stand first in lists."),
    "trial_days": _("How long a new tenant tries it; 0 for no trial."),
    "statement_timeout_ms": _("Milliseconds; empty for the setting's."),
    "lock_timeout_ms": _("Milliseconds; empty for the setting's."),
    "requests_per_minute": _(
        "Of pages, and of the API again; 0 counts none, empty for the setting's."
    ),
}


def actor(request: HttpRequest) -> str:
    """Return who is at work, for the operators' book."""
    return f"operator:{request.user.get_username()}"


class OneByOne:
    """Nothing is deleted in bulk: that would be in no transaction, and in no book."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)  # type: ignore[misc]
        actions.pop("delete_selected", None)
        return actions


class QuotaInline(TabularInline):
    model = Quota
    extra = 0
    hide_title = True


#: A value is a word or a number nearly always, and a line is enough for it.
ONE_LINE: Final[dict[Any, Any]] = {
    models.JSONField: {"widget": UnfoldAdminTextInputWidget}
}


class FeatureInline(TabularInline):
    model = Feature
    formfield_overrides = ONE_LINE
    extra = 0
    hide_title = True


class PlanAdmin(OneByOne, ModelAdmin):
    """Plans with their quotas and features; one that tenants are on is not deleted."""

    list_display = ("code", "name", "position", "requests_per_minute", "trial_days")
    #: Nothing counts what runs side by side yet, so a number would promise too much.
    exclude = ("max_concurrency",)
    search_fields = ("code", "name")
    inlines: ClassVar = [QuotaInline, FeatureInline]

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return the form, where each number says what it is of."""
        words = {"labels": LABELS, "help_texts": HINTS}
        return super().get_form(request, *args, **(kwargs | words))

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: Any
    ) -> None:
        """Save quotas and features, and write down what the plan is now."""
        super().save_related(request, form, formsets, change)
        word = "plan.changed" if change else "plan.added"
        events.record(word, by=actor(request), **said(form.instance))

    def delete_model(self, request: HttpRequest, obj: Plan) -> None:
        """Delete the plan, and write down what it was."""
        events.record("plan.deleted", by=actor(request), **said(obj))
        super().delete_model(request, obj)


def said(plan: Plan) -> dict[str, Any]:
    """Return what an event keeps of a plan."""
    return {
        "plan": plan.code,
        "statement_timeout_ms": plan.statement_timeout_ms,
        "lock_timeout_ms": plan.lock_timeout_ms,
        "requests_per_minute": plan.requests_per_minute,
        "quotas": [[q.resource, q.limit, q.hard] for q in plan.quotas.all()],
        "features": [[f.code, f.value] for f in plan.features.all()],
    }


class OfOneTenant(OneByOne, ModelAdmin):
    """What is agreed for one tenant; the event names it."""

    list_select_related = ("tenant",)
    search_fields = ("tenant__slug", "tenant__name")
    autocomplete_fields = ("tenant",)
    noun: ClassVar[str]
    told: ClassVar[tuple[str, ...]]

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        """Save the row, and write down what it says."""
        super().save_model(request, obj, form, change)
        self.record(request, obj, "set")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the row, and write down what it said."""
        self.record(request, obj, "removed")
        super().delete_model(request, obj)

    def record(self, request: HttpRequest, obj: Any, verb: str) -> None:
        values = {name: getattr(obj, name) for name in self.told}
        events.record(
            f"tenant.{self.noun}_{verb}",
            by=actor(request),
            tenant=obj.tenant.uuid,
            **values,
        )


class TenantQuotaAdmin(OfOneTenant):
    list_display = ("tenant", "resource", "limit", "hard")
    list_filter = ("resource",)
    noun = "quota"
    told = ("resource", "limit", "hard")


class TenantFeatureAdmin(OfOneTenant):
    formfield_overrides = ONE_LINE
    list_display = ("tenant", "code", "value")
    list_filter = ("code",)
    noun = "feature"
    told = ("code", "value")


Action = tuple[Callable[..., None], str, str]


class Planned:
    """For the admin of tenants: the moves onto each plan, and what a tenant uses."""

    readonly_fields: tuple[str, ...] = ("quota_use",)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return one more action for each plan."""
        actions: dict[str, Any] = super().get_actions(request)  # type: ignore[misc]
        if actions:
            for plan in [*Plan.objects.all(), None]:
                name = f"put_on_{plan.pk if plan else 'none'}"
                # Django fills the words of an action in, as a format of its own.
                words = label(plan).replace("%", "%%")
                actions[name] = (self.mover(plan), name, words)
        return actions

    def mover(self, plan: Plan | None) -> Callable[..., None]:
        """Return the action that puts the chosen tenants on a plan."""

        def move(
            model_admin: Any, request: HttpRequest, tenants: QuerySet[Tenant]
        ) -> None:
            for tenant in tenants:
                choosing.put_on(tenant, plan, by=actor(request))
            model_admin.message_user(request, label(plan))

        return move

    @admin.display(description=_("use of quotas"))
    def quota_use(self, tenant: Tenant) -> SafeString | str:
        """Return what the tenant uses now; nothing where its tables are closed.

        The page of one whose tables are broken or behind is the one that is needed.
        """
        if tenant.pk is None or not states.is_served(tenant.state):
            return "-"
        try:
            with use(tenant), transaction.atomic():
                found = quotas.uses()
        except (Error, ApplicationError, OSError):
            logger.exception("quotas.not_counted", extra={"for": str(tenant.uuid)})
            return "-"
        return format_html_join(
            ", ",
            "{} {} / {}",
            (
                (one.label, one.used, "-" if one.limit is None else one.limit)
                for one in found
            ),
        )


def label(plan: Plan | None) -> str:
    if plan is None:
        return str(_("Put on no plan"))
    return str(_("Put on the plan %(name)s") % {"name": plan.name})


ADMINS: dict[type[Model], type[ModelAdmin]] = {
    Plan: PlanAdmin,
    TenantQuota: TenantQuotaAdmin,
    TenantFeature: TenantFeatureAdmin,
}
