"""Accounts in both admin sites: to look at, with few things to change.

Roles and reserved groups change by `accounts.roles` only, so they are read-only here.
"""

from django import forms
from django.contrib.admin import AdminSite
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from accounts import addresses
from accounts.branding.rules import COLOURS
from accounts.errors import NameInvalid
from accounts.models import (
    MailMessage,
    RefreshSession,
    SecurityEvent,
    TenantBranding,
    User,
)
from accounts.permissions import RESERVED_GROUPS
from kernel.admin import FixedRows, ReadOnly


def register(site: AdminSite) -> None:
    """Register the models of accounts with one of the two sites."""
    site.register(User, UserAdmin)
    site.register(Group, GroupAdmin)
    site.register(TenantBranding, BrandingAdmin)
    site.register(MailMessage, MailMessageAdmin)
    site.register(RefreshSession, RefreshSessionAdmin)
    site.register(SecurityEvent, SecurityEventAdmin)


class UserForm(forms.ModelForm):  # type: ignore[type-arg]
    """Names as everywhere: mails and pages show them."""

    def clean_first_name(self) -> str:
        return _clean_name(self.cleaned_data["first_name"])

    def clean_last_name(self) -> str:
        return _clean_name(self.cleaned_data["last_name"])


def _clean_name(name: str) -> str:
    try:
        return addresses.clean_name(name)
    except NameInvalid as error:
        raise ValidationError(error.detail) from None


class UserAdmin(FixedRows, ModelAdmin):
    """People: names and languages can be mended, rights and passwords not."""

    form = UserForm
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

    def has_change_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        return _may_change(request.user, obj) and super().has_change_permission(
            request, obj
        )


def _may_change(by: object, user: User | None) -> bool:
    """Tell whether an account is no owner's, or an owner or operator asks."""
    if user is None or user.role != User.Role.OWNER:
        return True
    is_operator = isinstance(by, User) and by.is_superuser
    return is_operator or (isinstance(by, User) and by.role == User.Role.OWNER)


class GroupForm(forms.ModelForm):  # type: ignore[type-arg]
    """A name that mirrors a role, or hides people from lists, is not for others."""

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name.strip() in RESERVED_GROUPS:
            raise ValidationError(NameInvalid().detail)
        return name


class GroupAdmin(FixedRows, ModelAdmin):
    """Process roles: a name can be mended; those that mirror a role cannot be changed.

    None is added or deleted here: the processes that name them would not know.
    """

    form = GroupForm
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
        is_reserved = obj is not None and obj.name in RESERVED_GROUPS
        return not is_reserved and super().has_change_permission(request, obj)


class BrandingAdmin(ReadOnly, ModelAdmin):
    """Name, colours and sender: a single row, changed on its own page alone.

    There each value is judged, and each address for answers is confirmed.
    """

    list_display = ("__str__", "accent", "sender_name", "mail_enabled")
    fieldsets = (
        (_("Look"), {"fields": ("name", *COLOURS, "logo", "logo_dark")}),
        (
            _("Mails"),
            {
                "fields": (
                    "sender_name",
                    "reply_to",
                    "footer",
                    "language",
                    "time_zone",
                    "mail_enabled",
                )
            },
        ),
        (
            _("Registration"),
            {"fields": ("registration_policy", "registration_domains")},
        ),
    )


class MailMessageAdmin(ReadOnly, ModelAdmin):
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


class RefreshSessionAdmin(ReadOnly, ModelAdmin):
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


class SecurityEventAdmin(ReadOnly, ModelAdmin):
    """What happened to accounts."""

    list_display = ("at", "name", "subject", "actor", "via", "client_prefix")
    list_filter = ("name", "via")
    fields = ("at", "name", "subject", "actor", "via", "client_prefix", "details")
