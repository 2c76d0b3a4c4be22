"""What somebody of one tenant holds, and every door of another to try it at."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from leave.models import LeaveRequest
from tenants.context import TenantInfo, use
from tests.twins import PASSWORD
from workflow.models import AuditEvent, ProcessInstance, WorkItem

VERBS = ("get", "post", "put", "patch", "delete")
#: Whatever a page or a route may ask for in its path; a new name fails the walk.
IN_PATHS: dict[str, Any] = {
    "process_id": 1,
    "item_id": 1,
    "instance_id": 1,
    "leave_id": 1,
    "object_id": 1,
    "content_type_id": 1,
    "app_label": "accounts",
    "url": "nowhere",
    "signup_id": "00000000-0000-0000-0000-000000000000",
}
#: What is in every answer that tells something of acme.
MARKER = "acme"


@dataclass
class Held:
    """All that the admin of a tenant could carry elsewhere."""

    access: str
    refresh: str
    cookies: dict[str, str]
    codes: dict[str, str] = field(default_factory=dict)


def sign_in_everywhere(client: Client, browser: Client, username: str) -> Held:
    """Sign in as an app and as both kinds of browser."""
    body = {"username": username, "password": PASSWORD}
    app = post(client, "/api/auth/mobile/sign-in", body).json()
    post(browser, "/api/auth/web/sign-in", body)
    cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
    return Held(app["access"], app["refresh"], cookies)


def post(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(path, body, content_type="application/json")


@dataclass(frozen=True)
class Operation:
    """One operation of an OpenAPI document."""

    method: str
    path: str
    is_open: bool

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def address(self) -> str:
        return self.path.format_map(IN_PATHS)


def operations(client: Client) -> list[Operation]:
    """Return every operation that the site's own document names."""
    document = json.loads(client.get("/api/openapi.json").content)
    return [
        Operation(method, path, is_open=not operation.get("security"))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def pages(urlconf: str) -> list[str]:
    """Return an address of every route of a site that is not its API."""
    return sorted(set(addresses(get_resolver(urlconf).url_patterns)))


def addresses(
    patterns: list[URLPattern | URLResolver], before: str = "/"
) -> Iterator[str]:
    for pattern in patterns:
        path = before + address_of(pattern)
        if path.startswith("/api/"):
            continue
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, path)
        else:
            yield path


def address_of(pattern: URLPattern | URLResolver) -> str:
    """Return the part of the address; raises KeyError for an unknown parameter."""
    text = str(pattern.pattern)
    for name in pattern.pattern.converters:
        kind = type(pattern.pattern.converters[name]).__name__
        for shown in (f"<{name}>", *(f"<{word}:{name}>" for word in WORDS[kind])):
            text = text.replace(shown, str(IN_PATHS[name]))
    return text.replace("(?P<app_label>auth|accounts)", "accounts").strip("^$")


WORDS = {
    "IntConverter": ("int",),
    "StringConverter": ("str",),
    "PathConverter": ("path",),
    "SlugConverter": ("slug",),
    "UUIDConverter": ("uuid",),
}


def state_of(tenant: TenantInfo) -> list[Any]:
    """Return what must not change at either tenant."""
    with use(tenant):
        return [
            *User.objects.order_by("pk").values_list("pk", "password", "token_version"),
            *LeaveRequest.objects.order_by("pk").values_list("pk", "status", "reason"),
            *WorkItem.objects.order_by("pk").values_list("pk", "status", "version"),
            *ProcessInstance.objects.order_by("pk").values_list("pk", "status"),
            AuditEvent.objects.count(),
        ]
