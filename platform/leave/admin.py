"""Leave requests in the tenant's admin: to read, since the process moves them."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from leave.models import LeaveRequest


class LeaveRequestAdmin(ModelAdmin):
    """A list to search and filter; nothing is changed behind the process."""

    list_display = ("id", "requester", "kind", "start_date", "end_date", "status")
    list_filter = ("status", "kind")
    search_fields = ("requester__username_norm", "reason")
    date_hierarchy = "start_date"
    list_select_related = ("requester",)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_change_permission(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        obj: LeaveRequest | None = None,  # noqa: ARG002 - as above
    ) -> bool:
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        obj: LeaveRequest | None = None,  # noqa: ARG002 - as above
    ) -> bool:
        return False


def register(site: admin.AdminSite) -> None:
    """Put the app's models on a tenant's admin site."""
    site.register(LeaveRequest, LeaveRequestAdmin)
