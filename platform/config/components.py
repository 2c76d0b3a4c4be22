"""What the component page at /_ui/ shows: every part in every state, in development."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

#: States that badge.html knows by name; the same words as in the engine and the apps.
STATES = [
    "inactive",
    "active",
    "running",
    "requested",
    "draft",
    "blocked",
    "suspended",
    "complete",
    "filed",
    "approved",
    "refused",
    "escalated",
    "fallout",
    "failed",
    "expired",
    "cancelled",
    "provisioning",
    "trial",
    "past_due",
    "archived",
    "published",
    "retired",
    "sent",
    "queued",
    "late",
    "due",
]


class ExampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(
        label="Your name",
        help_text="As your colleagues know you.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label="E-mail address",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = forms.CharField(
        label="Password",
        help_text="At least 12 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    code = forms.CharField(
        label="Code",
        max_length=6,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )
    kind = forms.ChoiceField(
        label="Kind of leave",
        choices=[("holiday", "Holiday"), ("sick", "Sick leave"), ("other", "Other")],
    )
    start = forms.DateField(
        label="First day", widget=forms.DateInput(attrs={"type": "date"})
    )
    reason = forms.CharField(
        label="Reason", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    half = forms.BooleanField(label="Half a day only", required=False)
    answer = forms.ChoiceField(
        label="Answer",
        choices=[("approve", "Approve"), ("refuse", "Refuse")],
        widget=forms.RadioSelect,
    )


def examples() -> dict[str, Any]:
    """Return the data of the component page."""
    now = timezone.now()
    return {
        "states": STATES,
        "form": ExampleForm(auto_id="plain_%s", initial={"name": "Alice"}),
        "wrong_form": ExampleForm({"email": "alice(at)acme", "code": "K7MP"}),
        "page": Paginator(range(1, 61), 20).page(2),
        "now": now,
        "due": now + timedelta(hours=3),
        "long_ago": now - timedelta(days=40),
        "meta": ["Leave", "Approve the request"],
        "entries": [
            {
                "title": "Alice asked for leave",
                "text": "3 to 14 August, holiday",
                "at": now - timedelta(days=2),
                "icon": "send",
                "tone": "info",
            },
            {
                "title": "Bob approved",
                "text": "Enjoy the mountains.",
                "at": now - timedelta(hours=5),
                "icon": "check",
                "tone": "good",
            },
            {"title": "Carol files it", "icon": "file-check", "tone": "accent"},
            {"title": "Alice is told"},
        ],
        "steps": [
            {"label": "Reserve the address", "state": "done"},
            {"label": "Set up the database", "state": "running"},
            {"label": "Choose a manager", "state": "current"},
            {"label": "Invite the owner", "state": "waiting"},
            {"label": "Send the first mail", "state": "failed"},
        ],
        "figures": [
            {"number": 3, "words": "late", "url": "?due=late", "tone": "bad"},
            {"number": 5, "words": "due today", "url": "?due=today", "tone": "warn"},
            {"number": 12, "words": "in all", "url": "?", "tone": ""},
        ],
        "options": [
            {"label": "Running", "url": "?running", "active": True, "count": 4},
            {"label": "Finished", "url": "?finished", "active": False, "count": 18},
            {"label": "All", "url": "?all", "active": False},
        ],
        "columns": [
            {"label": "To"},
            {"label": "Subject"},
            {"label": "State"},
            {"label": "Tries", "number": True},
        ],
        "rows": [
            {"to": "alice", "subject": "Your code", "state": "sent", "tries": 1},
            {"to": "bob", "subject": "Leave of Alice", "state": "queued", "tries": 0},
            {"to": "carol", "subject": "Leave to file", "state": "failed", "tries": 5},
        ],
        "nav": [
            {
                "label": "My work",
                "url": "#1",
                "icon": "inbox",
                "active": True,
                "count": 8,
            },
            {"label": "Leave", "url": "#2", "icon": "calendar-days"},
            {"label": "My requests", "url": "#3", "icon": "send"},
            {"label": "Others' work", "url": "#4", "icon": "users"},
            {"label": "Processes", "url": "#5", "icon": "workflow"},
            {"label": "Administration", "url": "#6", "icon": "settings"},
        ],
    }


def component_page(request: HttpRequest) -> HttpResponse:
    """Show every part in every state, in both themes."""
    return render(request, "ui/components.html", {"examples": examples()})
