"""The fleet in the operators' console: how each tenant's schema is, and how it is used.

Size, drift and last activity are as the last survey saw them
(tenants.watching.surveying).
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from tenants import fleet
from tenants.life import conduct
from tenants.models import Tenant
from tenants.states import WITH_SCHEMA, State

CURRENT, BEHIND, HELD = "current", "behind", "held"
#: The colours of the states: good, to be looked at, stopped, under way.
COLOURS = {
    State.TRIAL: "success",
    State.ACTIVE: "success",
    State.PAST_DUE: "warning",
    State.SUSPENDED: "warning",
    State.FAILED: "danger",
    State.DELETING: "danger",
    State.PROVISIONING: "info",
    State.ARCHIVED: "info",
}


class Revision(admin.SimpleListFilter):
    """Whether the schema is of this code's revision."""

    title = _("schema")
    parameter_name = "schema"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 - Django's signature
        return [(CURRENT, _("of this release")), (BEHIND, _("behind"))]

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[Tenant],
    ) -> QuerySet[Tenant]:
        there = queryset.filter(state__in=WITH_SCHEMA)
        if self.value() == CURRENT:
            return there.filter(schema_rev=fleet.revision())
        if self.value() == BEHIND:
            return there.exclude(schema_rev=fleet.revision())
        return queryset


class Drift(admin.SimpleListFilter):
    """Whether the schema differed from the template at the last survey."""

    title = _("drift")
    parameter_name = "drift"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 - Django's signature
        return [("yes", _("differs")), ("no", _("none"))]

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[Tenant],
    ) -> QuerySet[Tenant]:
        if self.value() == "yes":
            return queryset.filter(survey__differences__gt=0)
        if self.value() == "no":
            return queryset.filter(survey__differences=0)
        return queryset


class Surveyed:
    """What a list of tenants shows of their schemas."""

    @display(description=_("state"), ordering="state", label=COLOURS)  # type: ignore[untyped-decorator]
    def standing(self, tenant: Tenant) -> tuple[str, str]:
        """Return the state, and what lies over it."""
        over = (
            (tenant.shadow_of_id is not None, _("shadow")),
            (conduct.in_maintenance(tenant), _("maintenance")),
        )
        words = [State(tenant.state).label, *(word for lies, word in over if lies)]
        return tenant.state, ", ".join(map(str, words))

    @admin.display(description=_("slug"), ordering="slug")
    def called(self, tenant: Tenant) -> str:
        """Return the slug; of a purged tenant, which has none, the uuid's begin."""
        return tenant.slug or f"{str(tenant.uuid)[:8]}…"

    @display(  # type: ignore[untyped-decorator]
        description=_("schema"),
        ordering="schema_rev",
        label={CURRENT: "success", BEHIND: "warning", HELD: "danger"},
    )
    def revision(self, tenant: Tenant) -> tuple[str, Any] | str:
        """Return whether the schema is of this release; held ones are not served."""
        if tenant.state not in WITH_SCHEMA:
            return "-"
        if tenant.migration_hold:
            return HELD, _("held")
        if tenant.schema_rev == fleet.revision():
            return CURRENT, _("current")
        return BEHIND, _("behind")

    @admin.display(description=_("schema"))
    def schema(self, tenant: Tenant) -> str:
        """Return the same in words alone, for the tenant's own page."""
        found = self.revision(tenant)
        return found if isinstance(found, str) else str(found[1])

    @admin.display(description=_("created"), ordering="created_at")
    def made(self, tenant: Tenant) -> str:
        """Return the day; the tenant's own page has the minute."""
        return date_format(tenant.created_at, "SHORT_DATE_FORMAT")

    @admin.display(description=_("drift"), ordering="survey__differences")
    def drift(self, tenant: Tenant) -> str:
        survey = getattr(tenant, "survey", None)
        if survey is None or survey.differences is None:
            return "-"
        if not survey.differences:
            return str(_("none"))
        words = ngettext("%(n)d difference", "%(n)d differences", survey.differences)
        return words % {"n": survey.differences}

    @admin.display(description=_("tables"), ordering="survey__table_bytes")
    def size(self, tenant: Tenant) -> str:
        survey = getattr(tenant, "survey", None)
        return filesizeformat(survey.table_bytes) if survey else "-"

    @admin.display(description=_("last activity"), ordering="survey__last_activity_at")
    def activity(self, tenant: Tenant) -> str:
        survey = getattr(tenant, "survey", None)
        if survey is None or survey.last_activity_at is None:
            return "-"
        ago = timesince(survey.last_activity_at, depth=1)
        return str(_("%(time)s ago") % {"time": ago})

    @admin.display(description=_("last survey"))
    def surveyed(self, tenant: Tenant) -> str:
        """Return when the tenant was looked at, for its own page."""
        survey = getattr(tenant, "survey", None)
        if survey is None:
            return str(_("not yet"))
        return date_format(survey.surveyed_at, "SHORT_DATETIME_FORMAT")
