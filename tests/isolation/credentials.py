"""The credentials that this product gives out, each got by its real way in.

All belong to the admin of a tenant, to alice where a mailbox is asked for, or to the
operator. A new kind is a function here and an entry in KINDS.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts import (
    challenges,
    factors,
    invitations,
    operators,
    provisioning,
    refresh_tokens,
    tokens,
    totp,
)
from accounts.mail import devbox
from accounts.mail.outbox import run_due
from accounts.models import User
from accounts.refresh_tokens import Device
from accounts.scopes import SCOPES
from kernel import clock
from tenants import signup
from tenants.context import use, use_control
from tenants.testing.credentials import Held, Kind, Visit, Works
from tenants.testing.twins import Twin
from tests.accounts.conftest import code_in
from tests.twins import PASSWORD

PUBLIC = "localhost"
JSON = "application/json"
NEW_PASSWORD = "four calm words here"
CHOSEN = {"password": NEW_PASSWORD, "password_verify": NEW_PASSWORD}


def post(client: Any, path: str, body: dict[str, Any]) -> Any:
    answer = client.post(path, body, content_type=JSON)
    assert answer.status_code < 300, answer.content
    return answer


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def address(name: str, home: Twin) -> str:
    return f"{name}@{home.tenant.slug}.test"


def person(name: str, home: Twin) -> User:
    with use(home.tenant):
        return User.objects.get(username=name)


# Signed in


def access_token(home: Twin, visit: Visit) -> Held:
    body = {"username": "admin", "password": PASSWORD}
    got = post(visit(home.host), "/api/auth/mobile/sign-in", body).json()
    return Held(headers=bearer(got["access"]))


def refresh_token(home: Twin, visit: Visit) -> Held:
    body = {"username": "admin", "password": PASSWORD}
    got = post(visit(home.host), "/api/auth/mobile/sign-in", body).json()
    return Held(headers=bearer(got["refresh"]), fields={"refresh": got["refresh"]})


def refresh_cookie(home: Twin, visit: Visit) -> Held:
    client = visit(home.host)
    body = {"username": "admin", "password": PASSWORD}
    post(client, "/api/auth/web/sign-in", body)
    return Held(cookies={"refresh": client.cookies["refresh"].value})


def session_cookie(home: Twin, visit: Visit) -> Held:
    return signed_in("admin", visit(home.host))


def signed_in(username: str, client: Any) -> Held:
    answer = client.post(
        "/accounts/sign-in", {"username": username, "password": PASSWORD}
    )
    assert answer.status_code == 302, answer.content
    return Held(cookies={n: m.value for n, m in client.cookies.items() if n != "theme"})


def second_step(home: Twin, visit: Visit) -> Held:
    """Get what stands between the password and the sign-in, and a code for it."""
    carol = person("carol", home)
    with use(home.tenant):
        factors.confirmed(carol).delete()
        made = factors.enrol(carol)
        now = totp.code_of(made.secret, totp.step_at(clock.now()))
        saved = factors.confirm(carol, made.device.pk, now)
    body = {"username": "carol", "password": PASSWORD}
    asked = visit(home.host).post("/api/auth/mobile/sign-in", body, content_type=JSON)
    ticket = asked.json()["mfa_ticket"]
    return Held(
        cookies={"mfa_ticket": ticket}, fields={"ticket": ticket, "code": saved[0]}
    )


def known_device(home: Twin, visit: Visit) -> Held:
    client = visit(home.host)
    signed_in("admin", client)
    return Held(cookies={"known_device": client.cookies["known_device"].value})


def csrf_pair(home: Twin, visit: Visit) -> Held:
    client = visit(home.host)
    client.get("/accounts/forgot")
    secret = client.cookies["csrftoken"].value
    return Held(
        headers={"x-csrftoken": secret},
        cookies={"csrftoken": secret},
        fields={"csrfmiddlewaretoken": secret},
        known={"email": address("alice", home)},
    )


# Of programs


def personal_token(home: Twin, visit: Visit) -> Held:
    got = token_for(home, visit, {})
    return Held(headers=bearer(got), fields={"token": got})


def service_token(home: Twin, visit: Visit) -> Held:
    client = visit(home.host, **access_token(home, visit).headers)
    names = ["users.view", "workflow.can_instantiate"]
    body = {"name": f"Robot {home.marker}", "permissions": names}
    number = post(client, "/api/accounts/service-accounts", body).json()["id"]
    got = token_for(home, visit, {"serviceAccount": number})
    return Held(headers=bearer(got), fields={"token": got})


def token_for(home: Twin, visit: Visit, more: dict[str, Any]) -> str:
    """Get an API token with every scope."""
    client = visit(home.host, **access_token(home, visit).headers)
    body = {"name": f"Wall {home.marker}", "scopes": list(SCOPES), **more}
    got: str = post(client, "/api/accounts/tokens", body).json()["token"]
    return got


# By mail


def reset_code(home: Twin, visit: Visit) -> Held:
    """Get what proves a mailbox: the flow of who asked, and the code of the mail."""
    email = address("alice", home)
    asked = post(visit(home.host), "/api/accounts/forgot-password", {"email": email})
    flow = asked.json()["flow"]
    return Held(
        cookies={"flow_reset": flow},
        fields={"flow": flow, "code": code_mailed(home)},
        known={"email": email},
    )


def reset_ticket(home: Twin, visit: Visit) -> Held:
    code = reset_code(home, visit)
    body = {**code.known, **code.fields}
    got = post(visit(home.host), "/api/accounts/verify-code", body).json()
    return Held(
        cookies={"reset_ticket": got["ticket"]},
        fields={"ticket": got["ticket"]},
        known=code.known,
    )


def registration_code(home: Twin, visit: Visit) -> Held:
    email = f"newcomer@{home.tenant.slug}.test"
    body = {
        "email": email,
        "firstName": "Newcomer",
        "lastName": "Test",
        "password": NEW_PASSWORD,
    }
    asked = post(visit(home.host), "/api/accounts/register", body)
    flow = asked.json()["flow"]
    return Held(
        cookies={"flow_register": flow},
        fields={"flow": flow, "code": code_mailed(home)},
        known={"email": email},
    )


def invitation_link(home: Twin, visit: Visit) -> Held:
    """Get the link that lets somebody in who has no password yet."""
    invited = person("alice", home)
    with use(home.tenant):
        ticket = challenges.issue_setup_ticket(invited)
    return Held(fields={"ticket": ticket}, known={"email": invited.email})


def invitation_token(home: Twin, visit: Visit) -> Held:
    """Get the secret of an invitation, as its mail carries it."""
    email = address("dora", home)
    with use(home.tenant):
        admin = User.objects.get(username="admin")
        invitations.invite(email=email, role="member", by=admin)
        run_due(100)
        found = re.search(r"#token=([\w-]+)", devbox.letters()[0].text)
    assert found
    return Held(cookies={"invitation": found[1]}, fields={"token": found[1]})


def owner_entry(home: Twin, visit: Visit) -> Held:
    with use(home.tenant):
        path = provisioning.owner_entry()
    return Held(
        fields={"ticket": path.partition("#ticket=")[2]},
        known={"email": address("owner", home)},
    )


def code_mailed(home: Twin) -> str:
    with use(home.tenant):
        run_due(100)
        return code_in(devbox.letters()[0])


# In an address


def signed_file(home: Twin, visit: Visit) -> Held:
    with use(home.tenant):
        name = default_storage.save("letter.txt", ContentFile(home.marker))
        path = urlsplit(default_storage.url(name)).path
    return Held(in_path={"signed": path.rpartition("/")[2]})


# Of the control plane


def operator_session(home: Twin, visit: Visit) -> Held:
    operator()
    return signed_in("operator", visit(PUBLIC))


def operator_token(home: Twin, visit: Visit) -> Held:
    """Make what no door gives out: a token of the public schema, rightly signed."""
    with use_control():
        issued = refresh_tokens.begin(operator(), Device("mobile"))
        return Held(
            headers=bearer(tokens.issue_access(issued.user, issued.session)),
            fields={"refresh": issued.refresh},
        )


def operator() -> User:
    with use_control():
        found = User.objects.filter(username="operator").first()
        return found or operators.create(
            username="operator", email="operator@tenantry.test", password=PASSWORD
        )


def signup_secret(home: Twin, visit: Visit) -> Held:
    asked = signup.ask(
        email="newcomer@example.test", name="Newcomer", slug="newcomer", client="-"
    )
    return Held(
        headers={"x-signup-secret": asked.secret},
        cookies={"signup": f"{asked.id}.{asked.secret}"},
        fields={"secret": asked.secret},
        in_path={"signup_id": str(asked.id)},
    )


KINDS = (
    Kind(
        "access token",
        access_token,
        Works("get", "/api/protected/me", 200),
        schemes=("TenantAuth",),
    ),
    Kind(
        "refresh token",
        refresh_token,
        Works("post", "/api/auth/mobile/token-refresh", 200),
        rows=("accounts.RefreshSession",),
    ),
    Kind(
        "refresh cookie",
        refresh_cookie,
        Works("post", "/api/auth/web/token-refresh", 200),
        cookies=("refresh",),
    ),
    Kind(
        "API token",
        personal_token,
        Works("get", "/api/protected/me", 200),
        rows=("accounts.ApiToken",),
        schemes=("TenantAuth",),
        counted_in=("accounts_limitcounter",),
    ),
    Kind(
        "service token",
        service_token,
        Works("get", "/api/protected/me", 200),
        counted_in=("accounts_limitcounter",),
    ),
    Kind(
        "session cookie",
        session_cookie,
        Works("get", "/workflow/mywork/", 200),
        rows=("sessions.Session",),
        cookies=("sessionid",),
    ),
    Kind(
        "second step",
        second_step,
        Works("post", "/api/auth/mobile/mfa", 200),
        rows=("accounts.MfaDevice", "accounts.RecoveryCode"),
        cookies=("mfa_ticket",),
    ),
    Kind(
        "known device",
        known_device,
        cookies=("known_device",),
        reason="opens nothing: the failures of such a browser are counted apart",
    ),
    Kind(
        "CSRF pair",
        csrf_pair,
        Works("post", "/accounts/forgot", 302),
        cookies=("csrftoken",),
        is_csrf=True,
    ),
    Kind(
        "reset code",
        reset_code,
        Works("post", "/api/accounts/verify-code", 200),
        rows=("accounts.Challenge",),
        cookies=("flow_reset", "flow_email"),
    ),
    Kind(
        "reset ticket",
        reset_ticket,
        Works(
            "post",
            "/api/accounts/change-password",
            200,
            {"password": NEW_PASSWORD, "passwordVerify": NEW_PASSWORD},
        ),
        cookies=("reset_ticket",),
    ),
    Kind(
        "registration code",
        registration_code,
        Works("post", "/api/accounts/verify-code", 200),
        cookies=("flow_register",),
    ),
    Kind(
        "invitation link",
        invitation_link,
        Works("post", "/accounts/set-password", 302, CHOSEN),
    ),
    Kind(
        "invitation",
        invitation_token,
        Works(
            "post",
            "/api/accounts/invitations/accept",
            201,
            {"firstName": "Dora", "lastName": "Example", "password": NEW_PASSWORD},
        ),
        rows=("accounts.Invitation",),
        cookies=("invitation",),
    ),
    Kind(
        "owner entry link",
        owner_entry,
        Works("post", "/accounts/set-password", 302, CHOSEN),
    ),
    Kind(
        "signed file address",
        signed_file,
        Works("get", "/files/{signed}", 200),
        is_for_members=True,
    ),
    Kind(
        "operator session",
        operator_session,
        Works("get", "/admin/", 200, site="public"),
    ),
    Kind(
        "operator token",
        operator_token,
        reason="no door takes one: operators sign in by pages only",
    ),
    Kind(
        "sign-up secret",
        signup_secret,
        Works("get", "/api/signup/{signup_id}", 200, site="public"),
        rows=("tenants.SignupRequest",),
        cookies=("signup",),
    ),
)
#: Of the control plane: its own site is their home.
OF_CONTROL = {"operator session", "operator token", "sign-up secret"}
