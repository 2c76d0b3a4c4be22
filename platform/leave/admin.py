"""Leave requests in the tenant's admin: to read, since the process moves them."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from kernel.admin import ReadOnly
from leave.models import LeaveRequest


class LeaveRequestAdmin(ReadOnly, ModelAdmin):
    """A list to search and filter; nothing is changed behind the process."""

    list_display = ("id", "requester", "kind", "start_date", "end_date", "status")
    list_filter = ("status", "kind")
    search_fields = ("requester__username_norm", "reason")
    date_hierarchy = "start_date"
    list_select_related = ("requester",)


def register(site: admin.AdminSite) -> None:
    """Put the app's models on a tenant's admin site."""
    site.register(LeaveRequest, LeaveRequestAdmin)
