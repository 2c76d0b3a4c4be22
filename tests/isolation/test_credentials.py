"""Nothing that opens a door of acme opens one of globex, whatever the door.

Both tenants have the same names, passwords and primary keys, so only the tenant can
tell them apart. A new operation or page is walked without being named here; one that
strangers may use has to be listed with what it answers, else a test fails.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from accounts import operators
from accounts.mail import devbox
from accounts.mail.outbox import run_due
from kernel import clock
from leave import requests
from leave.demo.seeding import count_from_one
from tenants.context import TenantInfo, use, use_control
from tests.isolation.credentials import (
    IN_PATHS,
    MARKER,
    VERBS,
    Held,
    operations,
    pages,
    post,
    sign_in_everywhere,
    state_of,
)

ACME, GLOBEX, PUBLIC = "acme.localhost", "globex.localhost", "localhost"
REFUSED = {401, 403, 404, 405}
SIGN_IN = "/accounts/sign-in"
FLOWS = "/api/accounts"
JSON = "application/json"
#: Leads to the sign-in page itself.
ADMIN = "/admin/"
#: Where somebody without a session is led to.
ENTRANCES = ("/accounts/", "/admin/login/?next=")

#: The operations of the public site: each takes the secret of one sign-up only.
SIGN_UP = {
    "POST /api/signup",
    "POST /api/signup/{signup_id}/verify",
    "GET /api/signup/{signup_id}",
    "POST /api/signup/{signup_id}/enter",
}
#: Open to strangers, hence to people of acme: they learn nothing and change nothing.
OPEN_PAGES = {
    "/accounts/forgot": {200, 422},
    "/accounts/new-password": {302},
    "/accounts/register": {200, 422},
    "/accounts/reset-code": {302},
    "/accounts/set-password": {200, 422},
    "/accounts/sign-in": {200, 422},
    "/accounts/sign-out": {302},
    "/accounts/verify": {302},
    "/branding.css": {200},
}
#: Pages of the public site that anybody may see.
OPEN_PUBLIC_PAGES = {
    "/",
    "/accounts/sign-in",
    "/accounts/sign-out",
    "/find/",
    "/health/",
    "/health/worker/",
    "/signup/",
    "/signup/note/",
    "/signup/suggestion/",
    "/signup/verify/",
}
NEW_PASSWORD = "four calm words here"


@dataclass(frozen=True)
class Open:
    """What an operation without a token is sent of acme's, and what it answers."""

    body: dict[str, str]
    status: int
    code: str = ""


OPEN_OPERATIONS = {
    "POST /api/auth/web/sign-in": Open(
        {"username": "alice@acme.test", "password": "open"}, 401, "sign_in_failed"
    ),
    "POST /api/auth/mobile/sign-in": Open(
        {"username": "alice@acme.test", "password": "open"}, 401, "sign_in_failed"
    ),
    "POST /api/auth/web/token-refresh": Open({}, 401, "unauthenticated"),
    "POST /api/auth/mobile/token-refresh": Open(
        {"refresh": "{refresh}"}, 401, "unauthenticated"
    ),
    "POST /api/auth/web/sign-out": Open({}, 204),
    "POST /api/auth/mobile/sign-out": Open({"refresh": "{refresh}"}, 204),
    "POST /api/accounts/register": Open({"email": "alice@acme.test"}, 400),
    "POST /api/accounts/resend": Open(
        {"email": "alice@acme.test", "flow": "{flow}"}, 200
    ),
    "POST /api/accounts/forgot-password": Open(
        {"email": "alice@acme.test", "flow": "{flow}"}, 200
    ),
    "POST /api/accounts/verify-code": Open(
        {"email": "alice@acme.test", "code": "{code}", "flow": "{flow}"},
        202,
        "code_invalid",
    ),
    "POST /api/accounts/change-password": Open(
        {
            "email": "alice@acme.test",
            "password": NEW_PASSWORD,
            "passwordVerify": NEW_PASSWORD,
            "ticket": "{ticket}",
        },
        400,
        "ticket_required",
    ),
}


@pytest.fixture(autouse=True)
def mailbox_dir(settings, tmp_path) -> None:
    settings.MAILBOX_DIR = tmp_path / "mailbox"


@pytest.fixture
def _twin_requests(acme, globex, person) -> None:
    """Let alice have asked for leave at both, under the same numbers."""
    day = clock.now().date() + timedelta(days=14)
    for tenant in (acme, globex):
        with use(tenant):
            count_from_one()
            requests.ask_for_leave(
                kind="holiday",
                start=day,
                end=day,
                reason=f"The secret of {tenant.slug}.",
                by=person("alice", tenant),
            )


@pytest.fixture
def held(visitor, browser_of, _twin_requests) -> Held:
    """Return all that the admin of acme holds."""
    return sign_in_everywhere(visitor(ACME), browser_of("admin", ACME), "admin")


@pytest.fixture
def carried(visitor, held) -> Any:
    """Return a maker of clients that bring along what the admin of acme holds."""

    def go(host: str, *, token: bool = True) -> Any:
        headers = {"authorization": f"Bearer {held.access}"} if token else {}
        client = visitor(host, **headers)
        for name, value in held.cookies.items():
            client.cookies[name] = value
        return client

    return go


@pytest.fixture
def flow(visitor, acme, held) -> dict[str, str]:
    """Return a reset under way at acme: alice's flow and code, and bob's ticket."""
    asked, codes = {}, {}
    for name in ("alice", "bob"):
        answer = post(visitor(ACME), f"{FLOWS}/forgot-password", {"email": mail(name)})
        asked[name] = answer.json()["flow"]
        codes[name] = code_mailed(acme)
    body = {"email": mail("bob"), "flow": asked["bob"], "code": codes["bob"]}
    verified = post(visitor(ACME), f"{FLOWS}/verify-code", body).json()
    return {
        "flow": asked["alice"],
        "code": codes["alice"],
        "ticket": verified["ticket"],
        "refresh": held.refresh,
    }


def mail(username: str) -> str:
    return f"{username}@acme.test"


def code_mailed(tenant: TenantInfo) -> str:
    with use(tenant):
        run_due(100)
        lines = devbox.letters()[0].text.split()
    return next(word for word in lines if len(word) == 6 and word.isupper())


# Operations


def test_every_operation_that_needs_no_token_is_listed(visitor):
    for host, listed in ((GLOBEX, set(OPEN_OPERATIONS)), (PUBLIC, SIGN_UP)):
        found = {one.name for one in operations(visitor(host)) if one.is_open}
        assert found == listed


def test_every_other_operation_refuses_all_that_another_tenant_gave(
    acme, globex, carried
):
    client = carried(GLOBEX)
    walked = [one for one in operations(client) if not one.is_open]
    before = state_of(acme), state_of(globex)
    answers = {one.name: getattr(client, one.method)(one.address) for one in walked}
    assert len(answers) > 15
    statuses = {name: answer.status_code for name, answer in answers.items()}
    assert statuses == dict.fromkeys(answers, 401)
    assert [name for name, a in answers.items() if MARKER in a.text.lower()] == []
    assert (state_of(acme), state_of(globex)) == before


def test_the_same_token_is_taken_at_home(carried):
    client = carried(ACME)
    for one in operations(client):
        if not one.is_open:
            answer = getattr(client, one.method)(one.address)
            assert answer.status_code != 401, one.name


def test_a_session_cookie_is_no_token(carried):
    client = carried(ACME, token=False)
    for one in operations(client):
        if not one.is_open:
            answer = getattr(client, one.method)(one.address)
            assert answer.status_code == 401, one.name


@pytest.mark.parametrize("name", sorted(OPEN_OPERATIONS))
def test_an_open_operation_knows_nothing_of_another_tenant(
    acme, globex, carried, flow, name
):
    sent = OPEN_OPERATIONS[name]
    method, path = name.split(" ", 1)
    body = {key: value.format_map(flow) for key, value in sent.body.items()}
    before = state_of(acme), state_of(globex)
    client = carried(GLOBEX, token=False)
    answer = getattr(client, method.lower())(path, body, content_type=JSON)
    assert answer.status_code == sent.status, answer.content
    if sent.code:
        assert answer.json()["code"] == sent.code
    assert MARKER not in answer.text.lower()
    assert (state_of(acme), state_of(globex)) == before
    with use(globex):
        run_due(100)
        assert [
            letter for letter in devbox.letters() if mail("alice") in letter.to
        ] == []


def test_what_was_tried_elsewhere_still_works_at_home(visitor, carried, flow):
    client = carried(GLOBEX)
    for name, sent in OPEN_OPERATIONS.items():
        body = {key: value.format_map(flow) for key, value in sent.body.items()}
        post(client, name.split(" ", 1)[1], body)
    home = visitor(ACME)
    renewed = post(home, "/api/auth/mobile/token-refresh", {"refresh": flow["refresh"]})
    body = {"email": mail("alice"), "flow": flow["flow"], "code": flow["code"]}
    verified = post(home, f"{FLOWS}/verify-code", body)
    assert (renewed.status_code, verified.status_code) == (200, 200)


@pytest.mark.usefixtures("_twin_requests")
def test_an_admin_finds_nothing_under_numbers_that_only_another_tenant_has(
    acme, api, person
):
    day = clock.now().date() + timedelta(days=21)
    with use(acme):
        only = requests.ask_for_leave(
            kind="sick", start=day, end=day, by=person("alice")
        )
    client = api("admin", GLOBEX)
    named = [one for one in operations(client) if "_id}" in one.path]
    for one in named:
        address = one.path.format_map(dict.fromkeys(IN_PATHS, only.pk * 1000 + 1))
        answer = client.generic(one.method.upper(), address, "{}", content_type=JSON)
        assert answer.status_code == 404, one.name
    for path in (f"leave/requests/{only.pk}", f"instances/{only.pk}"):
        assert client.get(f"/api/protected/{path}").status_code == 404
        assert api("admin", ACME).get(f"/api/protected/{path}").status_code == 200


# Pages


def test_every_page_refuses_the_session_of_another_tenant(acme, globex, carried):
    before = state_of(acme), state_of(globex)
    walked = pages("config.urls")
    assert len(walked) > 60
    leaks = [
        (verb, path, answer.status_code)
        for path in walked
        for verb in VERBS
        for answer in [getattr(carried(GLOBEX), verb)(path)]
        if MARKER in answer.text.lower() or not is_refused(path, answer)
    ]
    assert leaks == []
    assert (state_of(acme), state_of(globex)) == before


def is_refused(path: str, answer: Any) -> bool:
    """Tell whether the answer is what a stranger gets."""
    if answer.status_code in REFUSED:
        return True
    if answer.status_code in {301, 302}:
        location = answer["Location"]
        return location.startswith(ENTRANCES) or location in {f"{path}/", ADMIN}
    return answer.status_code in OPEN_PAGES.get(path, set())


def test_the_same_session_opens_these_pages_at_home(carried):
    client = carried(ACME)
    opened = [
        path
        for path in pages("config.urls")
        if path not in OPEN_PAGES and client.get(path).status_code == 200
    ]
    assert len(opened) > 30
    assert {"/leave/1/", "/workflow/instances/1/", "/admin/"} <= set(opened)


def test_the_console_of_the_operators_refuses_the_session_of_a_tenant(carried):
    for path in pages("config.public_urls"):
        if path in OPEN_PUBLIC_PAGES:
            continue
        for verb in VERBS:
            answer = getattr(carried(PUBLIC), verb)(path)
            assert answer.status_code in REFUSED or is_refused(path, answer), path
            assert MARKER not in answer.text.lower(), path


def test_the_session_of_an_operator_opens_no_page_of_a_tenant(visitor, globex):
    with use_control():
        operators.create(
            username="operator", email="operator@tenantry.test", password="open"
        )
    console = visitor(PUBLIC)
    console.post(SIGN_IN, {"username": "operator", "password": "open"})
    assert console.get("/admin/").status_code == 200
    for path in pages("config.urls"):
        client = visitor(GLOBEX)
        for name, morsel in console.cookies.items():
            client.cookies[name] = morsel.value
        assert is_refused(path, client.get(path)), path
