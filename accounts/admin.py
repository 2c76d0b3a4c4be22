"""Accounts in both admin sites: to look at, with few things to change.

Roles and reserved groups change by `accounts.roles` only, so they are read-only here.
"""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from accounts.models import (
    MailMessage,
    RefreshSession,
    SecurityEvent,
    TenantBranding,
    User,
)
from accounts.permissions import RESERVED_GROUPS


def register(site: AdminSite) -> None:
    """Register the models of accounts with one of the two sites."""
    site.register(User, UserAdmin)
    site.register(Group, GroupAdmin)
    site.register(TenantBranding, BrandingAdmin)
    site.register(MailMessage, MailMessageAdmin)
    site.register(RefreshSession, RefreshSessionAdmin)
    site.register(SecurityEvent, SecurityEventAdmin)


class ReadOnlyAdmin(ModelAdmin):
    """Shows rows and changes none."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_change_permission(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        obj: Model | None = None,  # noqa: ARG002 - Django's signature
    ) -> bool:
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        obj: Model | None = None,  # noqa: ARG002 - Django's signature
    ) -> bool:
        return False


class UserAdmin(ModelAdmin):
    """People: names and languages can be mended, rights and passwords not."""

    list_display = ("display_name", "email", "role", "is_active", "last_login")
    list_filter = ("role", "is_active", "kind")
    search_fields = ("username_norm", "email_norm", "first_name", "last_name")
    ordering = ("username_norm",)
    fieldsets = (
        (None, {"fields": ("first_name", "last_name", "language", "time_zone")}),
        (_("Account"), {"fields": ("username", "email", "email_verified_at")}),
        (_("Rights"), {"fields": ("role", "group_names", "is_active", "is_staff")}),
        (_("Dates"), {"fields": ("date_joined", "last_login", "deactivated_at")}),
    )
    readonly_fields = (
        "username",
        "email",
        "email_verified_at",
        "role",
        "group_names",
        "is_active",
        "is_staff",
        "date_joined",
        "last_login",
        "deactivated_at",
    )

    def group_names(self, user: User) -> str:
        """Return the names of the person's groups."""
        return ", ".join(user.groups.order_by("name").values_list("name", flat=True))

    group_names.short_description = _("groups")  # type: ignore[attr-defined]

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        obj: Model | None = None,  # noqa: ARG002 - Django's signature
    ) -> bool:
        return False


class GroupAdmin(ModelAdmin):
    """Process roles; the groups that mirror a role cannot be changed."""

    list_display = ("name", "member_count")
    search_fields = ("name",)
    fields = ("name", "member_names")
    readonly_fields = ("member_names",)

    def member_count(self, group: Group) -> int:
        return group.user_set.count()

    def member_names(self, group: Group) -> str:
        """Return the names of the members."""
        people = group.user_set.order_by("username_norm")
        return ", ".join(person.display_name for person in people)

    member_count.short_description = _("members")  # type: ignore[attr-defined]
    member_names.short_description = _("members")  # type: ignore[attr-defined]

    def has_change_permission(
        self, request: HttpRequest, obj: Group | None = None
    ) -> bool:
        return not _is_reserved(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: Group | None = None
    ) -> bool:
        return not _is_reserved(obj) and super().has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Leave reserved groups out of a deletion of many."""
        kept = [group for group in objs if not _is_reserved(group)]
        return super().get_deleted_objects(kept, request)

    def delete_queryset(
        self,
        request: HttpRequest,
        queryset: QuerySet[Group],
    ) -> None:
        super().delete_queryset(request, queryset.exclude(name__in=RESERVED_GROUPS))


def _is_reserved(group: Group | None) -> bool:
    return group is not None and group.name in RESERVED_GROUPS


class BrandingAdmin(ModelAdmin):
    """Name, colours and sender: a single row."""

    list_display = ("__str__", "accent", "sender_name", "mail_enabled")
    fields = (
        "name",
        "primary",
        "accent",
        "sender_name",
        "reply_to",
        "footer",
        "language",
        "mail_enabled",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not (
            TenantBranding.objects.exists()
        )

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        obj: Model | None = None,  # noqa: ARG002 - Django's signature
    ) -> bool:
        return False


class MailMessageAdmin(ReadOnlyAdmin):
    """The outbox: what became of each mail, never what stood in it."""

    list_display = ("id", "category", "to", "state", "attempts", "due_at", "sent_at")
    list_filter = ("state", "category")
    fields = (
        "category",
        "to",
        "dropped",
        "state",
        "provider",
        "attempts",
        "created_at",
        "due_at",
        "expires_at",
        "sent_at",
        "last_error",
    )


class RefreshSessionAdmin(ReadOnlyAdmin):
    """Signed-in devices, without their hashes."""

    list_display = ("user", "kind", "client_label", "last_used_at", "revoked_at")
    list_filter = ("kind", "revoked_reason")
    list_select_related = ("user",)
    fields = (
        "user",
        "kind",
        "client_label",
        "client_prefix",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
        "revoked_reason",
    )


class SecurityEventAdmin(ReadOnlyAdmin):
    """What happened to accounts."""

    list_display = ("at", "name", "subject", "actor", "via", "client_prefix")
    list_filter = ("name", "via")
    fields = ("at", "name", "subject", "actor", "via", "client_prefix", "details")
