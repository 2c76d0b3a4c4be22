"""No role, group or flag is ever taken from a client that may not give it (issue, 6).

Every operation of the document and every form of the account pages is sent what would
give rights, by a stranger and by a member; the tables of rights stay as they were.
"""

import json
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.urls import get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import ApiToken, Invitation, TenantBranding, User
from config.api import tenant_api
from tenants.context import use
from tests.accounts.conftest import GOOD_PASSWORD

#: What a row of rights is made of; whoever registers may be there, with nothing.
RIGHTS = (
    *("id", "kind", "role", "is_active", "is_staff", "is_superuser", "token_version"),
    *("email_norm", "username_norm", "email_verified_at", "deactivated_at", "password"),
    *("force_password_reset", "anonymised_at", "password_disabled_at"),
)
#: What decides who gets in, and for how long.
RULES = (
    *("require_mfa", "session_idle_hours", "session_longest_days"),
    *("registration_policy", "registration_domains", "mail_enabled"),
)
GROUP = {"name": "User Manager", "enabled": True}
GIFTS: dict[str, list[Any]] = {
    "role": ["owner", "admin"],
    "is_staff": [True, "true", 1],
    "isStaff": [True],
    "is_superuser": [True, "on"],
    "isSuperuser": [True],
    "groups": [[GROUP], ["Owner"], [{"name": "HR", "enabled": True}], "Owner", [1, 2]],
    "isActive": [True, False],
    "is_active": [True, False],
    "kind": ["service", "person"],
    "token_version": [0, 99],
    "tokenVersion": [0],
    "email_verified_at": ["2020-01-01T00:00:00Z"],
    "emailVerifiedAt": ["2020-01-01T00:00:00Z"],
    "email_verified": [True],
    "permissions": [["tenant.manage"], "tenant.manage", [1]],
    "user_permissions": [[1, 2, 3]],
    "scopes": [["users:write"], "users:write"],
    "deactivated_at": [None],
    "force_password_reset": [False],
    "anonymised_at": [None],
    "id": [1, 2],
    "pk": [1],
    "user": [1, {"role": "owner"}],
    "user_id": [1],
    "by": [1],
    "created_by": [1],
    "invited_by": [1],
    "__class__": ["x"],
    "password": ["!", GOOD_PASSWORD],
    "action": ["rights", "deactivate", "delete"],
    "requireMfa": [True, False],
    "require_mfa": [True, "on"],
    "sessionIdleHours": [1, None],
    "session_idle_hours": [1],
    "sessionLongestDays": [1],
    "session_longest_days": [1],
    "registrationPolicy": ["open"],
    "registration_policy": ["open"],
    "mailEnabled": [False],
}
FILLED = {
    "email": "newcomer@example.com",
    "firstName": "New",
    "lastName": "Comer",
    "first_name": "New",
    "last_name": "Comer",
    "passwordVerify": GOOD_PASSWORD,
    "username": "newcomer",
    "name": "x",
}
BODIES = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.sampled_from(values) for name, values in GIFTS.items()},
        **{name: st.just(value) for name, value in FILLED.items()},
    },
)
#: Pages that only end what asks: nobody is there to send the next one.
LEFT_OUT = ("/sign-out", "/web/sign-out", "/mobile/sign-out")


def operations() -> list[tuple[str, str]]:
    document = tenant_api.get_openapi_schema(path_prefix="/api/")
    return sorted(
        (method, path)
        for path, methods in document["paths"].items()
        for method in methods
        if method != "get" and not path.endswith(LEFT_OUT)
    )


def pages() -> Iterator[str]:
    """Yield the address of each page of the accounts."""
    (found,) = [
        one
        for one in get_resolver("config.urls").url_patterns
        if getattr(one, "app_name", None) == "accounts"
    ]
    for one in found.url_patterns:
        path = f"/accounts/{one.pattern._route}"
        if not path.endswith(LEFT_OUT):
            yield path


def concrete(path: str, key: object) -> str:
    """Return an address with this key wherever it asks for one."""
    for closing, opening in (("}", "{"), (">", "<")):
        while opening in path:
            begin, rest = path.split(opening, 1)
            path = f"{begin}{key}{rest.split(closing, 1)[1]}"
    return path


def snapshot(acme) -> dict[str, Any]:
    """Return who may do what in acme, but for people who were only just registered."""
    with use(acme):
        there = User.objects.filter(email_norm__endswith="@acme.test")
        new = User.objects.exclude(email_norm__endswith="@acme.test")
        return {
            "people": list(there.order_by("pk").values(*RIGHTS)),
            "groups": sorted(User.groups.through.objects.values_list("user", "group")),
            "permissions": User.user_permissions.through.objects.count(),
            "of_groups": Group.permissions.through.objects.count(),
            "names": sorted(Group.objects.values_list("name", flat=True)),
            "django": Permission.objects.count(),
            "service": User.objects.filter(kind="service").count(),
            "invitations": Invitation.objects.count(),
            "rules": list(TenantBranding.objects.values(*RULES)),
            "tokens": ApiToken.objects.filter(user__kind="service").count(),
            "new": [
                (user.role, user.is_active, user.is_staff, user.groups.count())
                for user in new
                if (user.role, user.is_active, user.is_staff)
                != ("member", False, False)
            ],
        }


def bounded(examples: int):
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


def test_a33_no_operation_takes_rights_from_a_body(api, visitor, acme, unlimited):
    clients = {"a stranger": visitor(), "a member": api("bob")}
    found = operations()
    assert len(found) > 20
    before = snapshot(acme)

    @bounded(100)
    @given(
        which=st.sampled_from(found),
        who=st.sampled_from(sorted(clients)),
        key=st.sampled_from([1, 2, 4]),
        body=BODIES,
    )
    def tried(which, who, key, body):
        method, path = which
        send = getattr(clients[who], method)
        answer = send(
            concrete(path, key), json.dumps(body), content_type="application/json"
        )
        assert answer.status_code < 500

    tried()
    assert snapshot(acme) == before


def test_a33_every_operation_once_with_everything(api, visitor, acme, unlimited):
    before = snapshot(acme)
    body = {name: values[0] for name, values in GIFTS.items()} | FILLED
    for client in (visitor(), api("bob")):
        for method, path in operations():
            sent = json.dumps(body)
            answer = getattr(client, method)(
                concrete(path, 1), sent, content_type="application/json"
            )
            assert answer.status_code < 500, path
    assert snapshot(acme) == before


def test_a33_no_form_takes_rights_from_a_member(
    browser_of, visitor, acme, bob, unlimited
):
    before = snapshot(acme)
    fields = {
        name: json.dumps(values[0]) if isinstance(values[0], list | dict) else values[0]
        for name, values in GIFTS.items()
        if values[0] is not None and name != "action"
    }
    own = {"first_name": "Bob", "last_name": "Acme"}
    for client in (browser_of("bob"), visitor()):
        for path in pages():
            for action in ("", "names", "rights", "deactivate", "delete", "accept"):
                sent = {**fields, **own, "action": action}
                answer = client.post(concrete(path, bob.pk), sent)
                assert answer.status_code < 500, path
    assert snapshot(acme) == before


def test_a33_a_registration_gives_nothing_but_a_pending_account(post, acme):
    gifts = {name: GIFTS[name][0] for name in GIFTS if name != "password"}
    body = {**gifts, **FILLED, "password": GOOD_PASSWORD}
    assert post("/api/accounts/register", body).status_code == 201
    with use(acme):
        made = User.objects.get(email_norm="newcomer@example.com")
        assert (made.role, made.kind, made.is_active, made.is_staff) == (
            "member",
            "person",
            False,
            False,
        )
        assert made.groups.count() == 0
        assert made.email_verified_at is None
