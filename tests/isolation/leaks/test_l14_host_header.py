"""L14: a name in a header that anybody can send chooses no tenant, poisons no link."""

import ast
import json
import re
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as configured
from django.test.client import ClientHandler
from gunicorn.config import Config
from gunicorn.http import RequestParser
from gunicorn.http.errors import ParseException
from gunicorn.http.wsgi import create
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.mail.rendering import render
from accounts.models import MailMessage
from kernel import clock
from tenants import hosts
from tenants.context import TenantInfo, use, use_control
from tenants.models import Domain, Tenant
from tests import twins
from workflow import timers

#: Who is named in every header but Host.
EVIL = "evil.test"
SPOOFED = {
    "x-forwarded-host": EVIL,
    "x-forwarded-server": EVIL,
    "x-forwarded-port": "666",
    "x-forwarded-proto": "https",
    "forwarded": f"for=1.2.3.4;host={EVIL};proto=https",
    "x-host": EVIL,
    "x-original-host": EVIL,
    "x-original-url": f"http://{EVIL}/",
    "x-rewrite-url": f"http://{EVIL}/",
    "x-http-host-override": EVIL,
    "origin": f"http://{EVIL}",
    "referer": f"http://{EVIL}/",
}


@pytest.fixture
def own_routes(settings) -> None:
    settings.ROOT_URLCONF = settings.PUBLIC_SCHEMA_URLCONF = "tests.tenants.urls"


# Any text in the Host header

PIECES = st.sampled_from(
    [
        *(
            "acme",
            "globex",
            "localhost",
            "evil",
            "ACME",
            "\uff41cme",
            "acm\u0435",
            "%61",
        ),
        *(".", ":8000", ":", "@", "/", ",", " ", "\x00", "\r\n", "#", "?", "\\"),
        *("xn--", "[::1]"),
    ]
)
HEADERS = st.one_of(
    st.lists(PIECES, max_size=6).map("".join),
    st.builds(
        lambda before, after: f"{before}acme.localhost{after}",
        st.lists(PIECES, max_size=2).map("".join),
        st.lists(PIECES, max_size=2).map("".join),
    ),
    st.text(max_size=60),
)
SITES = {"acme.localhost": "acme", "globex.localhost": "globex"}


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(raw=HEADERS)
def test_a_host_header_leads_to_the_tenant_of_its_one_spelling_or_nowhere(
    visitor, acme, globex, own_routes, raw: str
) -> None:
    answer = visitor(raw, **SPOOFED).get("/here", HTTP_HOST=raw)
    host = hosts.canonical_host(raw)
    if host in SITES or (host and hosts.is_public(host)):
        assert answer.json()["tenant"] == SITES.get(host)
    else:
        assert answer.status_code == 404
        assert b"Acme" not in answer.content
        assert b"Globex" not in answer.content


# As it comes through the server


def through_the_server(head: str) -> tuple[int, bytes]:
    """Send the head of a request through gunicorn's parser to the application."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(head.replace("\n", "\r\n").encode("latin-1"))
        theirs.shutdown(socket.SHUT_WR)
        client, server, config = ("127.0.0.1", 40000), ("127.0.0.1", 8000), Config()
        try:
            request = next(RequestParser(config, ours, client))
        except ParseException:
            return 400, b""
        _response, environ = create(request, ours, client, server, config)
        answer = ClientHandler()(environ)
        return answer.status_code, answer.content


SERVED = [
    "GET /here HTTP/1.1\nHost: acme.localhost\n\n",
    "GET http://globex.localhost/here HTTP/1.1\nHost: acme.localhost\n\n",
    "GET http://evil.test:666/here HTTP/1.1\nHost: acme.localhost:8000\n\n",
    "GET http://alice:open@globex.localhost/here HTTP/1.1\nHost: acme.localhost\n\n",
    "GET /here HTTP/1.1\nHost: acme.localhost\nX-Forwarded-Host: globex.localhost\n\n",
    "GET /here HTTP/1.1\nForwarded: host=globex.localhost\nHost: acme.localhost\n\n",
]
REFUSED = [
    "GET http://acme.localhost/here HTTP/1.1\nHost: evil.test\n\n",
    "GET http://acme.localhost/here HTTP/1.0\n\n",
    "GET /here HTTP/1.0\nX-Forwarded-Host: acme.localhost\n\n",
    "GET /here HTTP/1.1\nHost: acme.localhost\nHost: globex.localhost\n\n",
    "GET /here HTTP/1.1\nHost: acme.localhost\nHost: acme.localhost\n\n",
    "GET /here HTTP/1.1\nHost: acme.localhost, globex.localhost\n\n",
    "GET /here HTTP/1.1\nHost: acme.localhost/globex.localhost\n\n",
    "GET /here HTTP/1.1\nHost : acme.localhost\n\n",
    "GET /here HTTP/1.1\nHost: evil.test\n acme.localhost\n\n",
    "GET /here HTTP/1.1\nHost:\n\n",
]


@pytest.mark.parametrize("head", SERVED)
def test_the_target_of_a_request_names_no_tenant(acme, own_routes, head: str) -> None:
    status, body = through_the_server(head)
    assert (status, json.loads(body)["uuid"]) == (200, str(acme.uuid))


@pytest.mark.parametrize("head", REFUSED)
def test_a_request_of_which_two_hosts_could_be_read_is_refused(
    acme, own_routes, head: str
) -> None:
    status, body = through_the_server(head)
    assert status in {400, 404}
    assert b"schema" not in body


# Links


LINK = re.compile(r"(?:https?:)?//[^\s\"'<>)]+")
ATTRIBUTE = re.compile(r"(?:href|src|action|background)=[\"']?([^\"'\s>]+)")
GOOD_PASSWORD = "four calm words here"
MAILED = {
    "accounts/account_setup",
    "accounts/already_registered",
    "accounts/password_changed",
    "accounts/refresh_reused",
    "accounts/reset_code",
    "accounts/verification_code",
    "leave/filed",
    "leave/refused",
    "workflow/work_waiting",
}


class Spoofer:
    """A client that names another host in every header but Host."""

    def __init__(self, visitor: Callable, tenant: TenantInfo) -> None:
        self.tenant = tenant
        self.visitor = visitor
        host = "acme.test" if tenant.slug == "acme" else tenant.primary_domain
        self.host = f"{host}:8000"
        self.tokens: dict[str, str] = {}

    def send(self, path: str, body: object = None, *, by: str = "", method="POST"):
        headers = {n: v for n, v in SPOOFED.items() if n not in {"origin", "referer"}}
        if by:
            headers["authorization"] = f"Bearer {self.token(by)}"
        words = json.dumps(body or {}).encode()
        client = self.visitor(self.host, **headers)
        answer = client.generic(method, path, words, "application/json")
        assert EVIL not in str(answer.headers)
        return answer

    def sign_in(self, username: str) -> dict[str, str]:
        body = {"username": username, "password": twins.PASSWORD}
        answer = self.send("/api/auth/mobile/sign-in", body)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def token(self, username: str) -> str:
        if username not in self.tokens:
            self.tokens[username] = self.sign_in(username)["access"]
        return self.tokens[username]

    def address(self, username: str) -> str:
        return f"{username}@{self.tenant.slug}.test"

    def recover(self, username: str) -> None:
        email = self.address(username)
        asked = self.send("/api/accounts/forgot-password", {"email": email}).json()
        code = self.mailed_code("accounts/reset_code")
        verified = {"email": email, "code": code, "flow": asked["flow"]}
        ticket = self.send("/api/accounts/verify-code", verified).json()["ticket"]
        words = {"password": GOOD_PASSWORD, "passwordVerify": GOOD_PASSWORD}
        changed = {"email": email, "ticket": ticket, **words}
        answer = self.send("/api/accounts/change-password", changed)
        assert answer.status_code == 200, answer.content

    def register(self, email: str) -> None:
        body = {"firstName": "New", "lastName": "Comer", "password": GOOD_PASSWORD}
        answer = self.send("/api/accounts/register", {**body, "email": email})
        assert answer.status_code == 201, answer.content

    def refresh_twice(self, username: str) -> None:
        first = self.sign_in(username)["refresh"]
        path = "/api/auth/mobile/token-refresh"
        second = self.send(path, {"refresh": first}).json()["refresh"]
        self.send(path, {"refresh": second})
        assert self.send(path, {"refresh": first}).status_code == 401

    def ask_for_leave(self) -> None:
        day = (clock.now().date() + timedelta(days=20)).isoformat()
        body = {"kind": "holiday", "start_date": day, "end_date": day}
        answer = self.send("/api/protected/leave/requests", body, by="alice")
        assert answer.status_code == 201, answer.content
        with use(self.tenant):
            clock.advance(timedelta(minutes=10))
            timers.run_due(100)

    def work(self, username: str, condition: str | None = None) -> None:
        (item, *_) = self.send(
            "/api/protected/my/workitems", by=username, method="GET"
        ).json()
        path = f"/api/protected/workitems/{item['id']}"
        self.send(f"{path}/activate", by=username)
        body = {} if condition is None else {"condition": condition}
        answer = self.send(f"{path}/complete", body, by=username)
        assert answer.status_code == 200, answer.content

    def mailed_code(self, template: str) -> str:
        with use(self.tenant):
            text = render(
                MailMessage.objects.filter(template=template).latest("pk")
            ).text
        return next(w for w in text.split() if re.fullmatch("[A-Z2-9]{6}", w))


def do_all_that_mails(client: Spoofer) -> None:
    client.recover("mallory")
    client.register("newcomer@example.com")
    client.register(client.address("carol"))
    client.refresh_twice("carol")
    client.ask_for_leave()
    client.work("bob", "APPROVED")
    client.work("carol")
    client.ask_for_leave()
    client.work("bob", "REJECTED")


def links(tenant: TenantInfo) -> list[tuple[str, str]]:
    """Return every link of every mail of a tenant, with the mail's template."""
    every: list[tuple[str, str]] = []
    with use(tenant):
        for message in MailMessage.objects.exclude(template=""):
            mail = render(message)
            found = [*LINK.findall(mail.text), *ATTRIBUTE.findall(mail.html)]
            assert found, f"{message.template} has no link"
            every += ((message.template, link) for link in found)
    return every


def foreign(tenant: TenantInfo) -> set[str]:
    """Return the links that lead to no verified domain of the tenant's own."""
    with use_control():
        own = Domain.objects.filter(
            tenant__uuid=tenant.uuid, verified_at__isnull=False
        ).values_list("domain", flat=True)
        origins = {f"http://{name}:8000" for name in own}
    return {
        link
        for _template, link in links(tenant)
        if "{0.scheme}://{0.netloc}".format(urlsplit(link)) not in origins
    }


@pytest.fixture
def both(acme, globex) -> list[TenantInfo]:
    """Return acme, which has a primary domain of its own now, and globex."""
    with use_control():
        tenant = Tenant.objects.get(slug="acme")
        Domain.objects.filter(tenant=tenant).update(is_primary=False)
        Domain.objects.create(
            domain="acme.test", tenant=tenant, verified_at=clock.now()
        )
    return [twins.info("acme"), globex]


@pytest.mark.slow
def test_every_link_of_every_mail_leads_to_a_domain_of_its_tenant(
    visitor, both, frozen_clock, monkeypatch
) -> None:
    for tenant in both:
        do_all_that_mails(Spoofer(visitor, tenant))
    for tenant in both:
        found = list(links(tenant))
        assert {template for template, _link in found} == MAILED
        # The owner's was written before acme had a domain of its own.
        new = {link for name, link in found if name != "accounts/account_setup"}
        assert {urlsplit(link).netloc for link in new} == {
            f"{tenant.primary_domain}:8000"
        }
        assert foreign(tenant) == set()
    monkeypatch.setattr(hosts, "origin", lambda _host: f"http://{EVIL}")
    for tenant in both:
        assert any(EVIL in link for link in foreign(tenant)), "the test is blind"


def test_mails_of_the_public_site_lead_to_it_and_to_ones_own_workspaces(
    visitor, both
) -> None:
    client = visitor("localhost:8000", **SPOOFED)
    form = {"email": "stranger@newcomer.test", "name": "Newcomer", "slug": "newcomer"}
    asked = client.post("/api/signup", form, content_type="application/json")
    assert asked.status_code == 202
    assert client.post("/find/", {"email": "bob@acme.test"}).status_code in {200, 302}
    with use_control():
        mails = {mail.template: render(mail) for mail in MailMessage.objects.all()}
    assert set(mails) == {"tenants/signup_code", "tenants/workspaces"}
    found = {
        template: {urlsplit(link).netloc for link in LINK.findall(mail.text)}
        for template, mail in mails.items()
    }
    assert found == {
        "tenants/signup_code": {"localhost:8000"},
        "tenants/workspaces": {"localhost:8000", "acme.test:8000"},
    }


def test_a_redirect_names_no_host_or_the_tenants_own(visitor, both) -> None:
    for path in ("/leave/", "/leave", "/admin/", "/accounts/sign-out", "/"):
        answer = visitor("acme.test:8000", **SPOOFED).get(path)
        assert urlsplit(answer.get("Location", "/")).netloc == ""
        answer = visitor("acme.localhost:8000", **SPOOFED).get(path)
        assert urlsplit(answer["Location"]).netloc == "acme.test:8000"


# The source


#: Django's ways to the Host header; links come from tenants.hosts.absolute_url.
BANNED = {
    "build_absolute_uri",
    "get_host",
    "_get_raw_host",
    "get_port",
    "_current_scheme_host",
    "get_current_site",
    "get_raw_uri",
}
#: Where the header itself is read.
READER = "tenants/middleware.py"
ALLOWED = {
    # Compares the origin of a request with the host it was sent to; makes no address.
    ("accounts/clients.py", "get_host"),
    # Compares the host of a signed address with the one it is used on.
    ("tenants/files.py", "HTTP_HOST"),
}


def uses(path: Path) -> set[str]:
    """Return the banned names in a source: of a program, or of a template."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return {name for name in BANNED if f".{name}" in text}
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names |= {node.value} & {"HTTP_HOST", "SERVER_NAME"}
    return names & (BANNED | {"HTTP_HOST", "SERVER_NAME"})


def test_no_source_reads_the_host_but_the_look_up() -> None:
    root = Path(configured.ROOT)
    folders = ["platform", "tenants", "accounts", "workflow"]
    files = [f for folder in folders for f in (root / folder).rglob("*.*")]
    kit = root / "tenants" / "testing"
    sources = [
        f
        for f in files
        if f.suffix in {".py", ".html", ".txt"} and kit not in f.parents
    ]
    assert len(sources) > 200
    found = {
        (str(file.relative_to(root)), name) for file in sources for name in uses(file)
    }
    reader = {(READER, "HTTP_HOST"), (READER, "SERVER_NAME")}
    assert found - ALLOWED == reader
