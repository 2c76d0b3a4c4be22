"""Register, verify, sign in, forget, reset, sign in: by API and by pages."""

import re
from datetime import timedelta

import pytest

from kernel import clock

PASSWORD = "three calm rivers at dawn"
NEW_PASSWORD = "seven quiet hills by noon"
CODE = re.compile(r"^\s*([A-HJ-NP-Z2-9]{6})\s*$", re.MULTILINE)
ADDRESS = "newcomer@newcomers.test"
NAMES = {"firstName": "Mallory", "lastName": "Newcomer"}

#: An address gets one code in this time.
A_MINUTE = timedelta(seconds=61)

both_tenants = pytest.mark.parametrize("slug", ["acme", "globex"])


@pytest.fixture
def code(request, slug, letters):
    """Return the code of the newest letter to the newcomer."""
    tenant = request.getfixturevalue(slug)

    def newest(subject: str) -> str:
        letter = next(one for one in letters(tenant) if subject in one.subject)
        assert letter.to == [ADDRESS]
        assert tenant.name in letter.sender
        assert tenant.name in letter.html
        return CODE.search(letter.text)[1]

    return newest


@both_tenants
def test_the_account_flows_by_api(slug, visitor, code):
    client = visitor(f"{slug}.localhost")

    def call(path: str, status: int, **body: str):
        answer = client.post(path, body, content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()

    base, sign_in = "/api/accounts", "/api/auth/mobile/sign-in"
    flow = call(f"{base}/register", 201, **NAMES, email=ADDRESS, password=PASSWORD)[
        "flow"
    ]
    call(sign_in, 401, username=ADDRESS, password=PASSWORD)
    typed = code("registration")
    call(f"{base}/verify-code", 200, email=ADDRESS, code=typed, flow=flow)
    call(sign_in, 200, username=ADDRESS, password=PASSWORD)
    with clock.frozen(clock.now() + A_MINUTE):
        flow = call(f"{base}/forgot-password", 200, email=ADDRESS)["flow"]
        typed = code("new password")
        found = call(f"{base}/verify-code", 200, email=ADDRESS, code=typed, flow=flow)
        passwords = {"password": NEW_PASSWORD, "passwordVerify": NEW_PASSWORD}
        ticket = {"email": ADDRESS, "ticket": found["ticket"]}
        call(f"{base}/change-password", 200, **ticket, **passwords)
    call(sign_in, 401, username=ADDRESS, password=PASSWORD)
    token = call(sign_in, 200, username=ADDRESS, password=NEW_PASSWORD)["access"]
    me = client.get("/api/protected/me", headers={"authorization": f"Bearer {token}"})
    assert me.json() == {"username": ADDRESS, "is_authenticated": True}


@both_tenants
def test_the_account_flows_by_pages(slug, visitor, code):
    host = f"{slug}.localhost"
    client = visitor(host)

    def send(path: str, **fields: str) -> str:
        answer = client.post(f"/accounts/{path}", fields)
        assert answer.status_code == 302, answer.content
        return answer["Location"]

    names = {"first_name": "Mallory", "last_name": "Newcomer"}
    send("register", **names, email=ADDRESS, password=PASSWORD)
    send("verify", code=code("registration"))
    other = visitor(host)
    signed_in = other.post(
        "/accounts/sign-in", {"username": ADDRESS, "password": PASSWORD}
    )
    assert signed_in.status_code == 302
    assert other.get("/leave/").status_code == 200
    client = visitor(host)
    with clock.frozen(clock.now() + A_MINUTE):
        send("forgot", email=ADDRESS)
        send("reset-code", code=code("new password"))
        send("new-password", password=NEW_PASSWORD, password_verify=NEW_PASSWORD)
    assert other.get("/leave/").status_code == 302, "the old session still works"
    client = visitor(host)
    send("sign-in", username=ADDRESS, password=NEW_PASSWORD)
    assert client.get("/leave/").status_code == 200


def test_a_code_of_acme_is_worth_nothing_at_globex(visitor, letters, acme):
    client = visitor()
    body = {**NAMES, "email": ADDRESS, "password": PASSWORD}
    answer = client.post(
        "/api/accounts/register", body, content_type="application/json"
    )
    letter = next(one for one in letters(acme) if "registration" in one.subject)
    typed = {
        "email": ADDRESS,
        "code": CODE.search(letter.text)[1],
        "flow": answer.json()["flow"],
    }
    path = "/api/accounts/verify-code"
    stranger = visitor("globex.localhost")
    refused = stranger.post(path, typed, content_type="application/json")
    assert refused.status_code == 202
    assert refused.json()["code"] == "code_invalid"
    taken = client.post(path, typed, content_type="application/json")
    assert taken.status_code == 200
