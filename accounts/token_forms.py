"""The forms of the pages about API tokens and service accounts."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts import scopes, service_accounts
from accounts.api_tokens import LIFE_DAYS, LONGEST_NAME, OVERLAP
from accounts.forms import StorableCharField
from accounts.models import User
from accounts.permissions import RESERVED_GROUPS, SERVICE_PERMISSIONS

LIVES = (
    (7, _("7 days")),
    (30, _("30 days")),
    (LIFE_DAYS, _("90 days")),
    (180, _("180 days")),
    (366, _("One year")),
)
OVERLAPS = (
    (0, _("Not at all: it stops now")),
    (1, _("For one hour")),
    (24, _("For 24 hours")),
    (7 * 24, _("For 7 days")),
)
#: What a service account may be given, in plain words.
GIVEN = {
    "workflow.can_instantiate": _("Start requests"),
    "workflow.can_browse": _("See every process"),
    "workflow.can_view_others_work": _("See the work of everybody"),
    "workflow.can_reassign": _("Give work to somebody else"),
    "workflow.can_manage_instances": _("Pause, resume and cancel requests"),
    "workflow.can_resolve_incidents": _("Resolve incidents"),
    "workflow.can_view_audit": _("Read the whole audit trail"),
    "workflow.can_export": _("Export processes and histories"),
    "users.view": _("See the people of this workspace"),
    "users.create": _("Add people"),
    "users.manage": _("Change people's details"),
    "invitations.manage": _("Invite people"),
    "branding.manage": _("Change name, logo and colours"),
}


def name_field(hint: Any) -> forms.CharField:
    return StorableCharField(
        label=_("Name"),
        help_text=hint,
        max_length=4 * LONGEST_NAME,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "maxlength": LONGEST_NAME, "autofocus": True}
        ),
    )


class TokenForm(forms.Form):
    """A name, what it may be used for, and how long it lives."""

    name = name_field(_("What will use it, so that you recognise it in a year."))
    owner = forms.TypedChoiceField(
        label=_("Who it speaks for"), coerce=int, empty_value=None, required=False
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may be used for"),
        help_text=_("Choose as little as the program needs."),
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label=_("How long it lives"),
        help_text=_("You get a mail 14 and 3 days before the end."),
        choices=LIVES,
        coerce=int,
        initial=LIFE_DAYS,
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (scope.name, in_words(scope)) for scope in scopes.useful_to(person)
        ]
        owners = owners_for(person)
        if len(owners) > 1:
            self.fields["owner"].choices = owners  # type: ignore[attr-defined]
        else:
            del self.fields["owner"]


def in_words(scope: scopes.Scope) -> Any:
    return format_html("{} <code>{}</code>", scope.words, scope.name)


def owners_for(person: User) -> list[tuple[Any, Any]]:
    """Return for whom the person may make a token: oneself and, for some, services."""
    myself = [("", _("Yourself"))]
    if not person.may("tokens.manage_all"):
        return myself
    made = service_accounts.made_by_people().filter(is_active=True)
    return [*myself, *made.order_by("username_norm").values_list("pk", "username")]


class RotateForm(forms.Form):
    """How long the old secret works beside the new one."""

    hours = forms.TypedChoiceField(
        label=_("How long the old secret goes on working"),
        choices=OVERLAPS,
        coerce=int,
        initial=OVERLAP // timedelta(hours=1),
    )


class ServiceAccountForm(forms.Form):
    """A name, and what the account may do."""

    name = name_field(_("The program or machine, such as “Payroll”."))
    permissions = forms.MultipleChoiceField(
        label=_("What it may do"),
        help_text=_("Its tokens can never do more than this."),
        choices=[(name, GIVEN[name]) for name in GIVEN if name in SERVICE_PERMISSIONS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    groups = forms.MultipleChoiceField(
        label=_("Groups it belongs to"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = Group.objects.exclude(name__in=RESERVED_GROUPS).order_by("name")
        names = list(found.values_list("name", flat=True))
        if names:
            self.fields["groups"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        else:
            del self.fields["groups"]
