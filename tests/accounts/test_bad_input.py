"""Bad input of every kind at every account route: a clear 4xx, and nothing written."""

import json
from urllib.parse import urlencode

import pytest

from accounts.models import Challenge, Invitation, MailMessage, User
from tenants.context import use
from tests.accounts.conftest import GOOD_PASSWORD

MEGABYTE = "a" * 1_000_000
NEW = "newcomer@example.com"
#: Each route with a body that it would take, and the field that holds each kind.
ROUTES = {
    "register": (
        "post",
        "anyone",
        {
            "firstName": "New",
            "lastName": "Comer",
            "email": NEW,
            "password": GOOD_PASSWORD,
        },
    ),
    "resend": ("post", "anyone", {"email": NEW, "flow": "x"}),
    "forgot-password": ("post", "anyone", {"email": NEW}),
    "verify-code": ("post", "anyone", {"email": NEW, "code": "ABCDEF", "flow": "x"}),
    "change-password": (
        "post",
        "anyone",
        {
            "email": NEW,
            "password": GOOD_PASSWORD,
            "passwordVerify": GOOD_PASSWORD,
            "ticket": "x",
        },
    ),
    "admin-register": (
        "post",
        "admin",
        {"firstName": "New", "lastName": "Comer", "email": NEW},
    ),
    "user": ("patch", "admin", {"firstName": "New", "lastName": "Comer", "email": NEW}),
    "invitations": ("post", "admin", {"email": NEW, "role": "member"}),
    "invitations/accept": (
        "post",
        "anyone",
        {
            "token": "x",
            "firstName": "New",
            "lastName": "Comer",
            "password": GOOD_PASSWORD,
        },
    ),
}
ADDRESSES = [
    *("a@b\r\nBcc: x@evil.test", "a\x00@x.org", "a@[127.0.0.1]", "@", "a@", "a@b@c.d"),
    *(
        f"{'a' * 65}@x.org",
        f"a@{'b' * 250}.org",
        "<a@x.org>",
        "A <a@x.org>",
        "a b@x.org",
    ),
    *(MEGABYTE, "a@x..org", "a@\u202eorg.x"),
]
NAMES = [
    "a\rb",
    "a\nb",
    "a\x00b",
    "<script>",
    "x" * 151,
    "http://x",
    "a\u2028b",
    MEGABYTE,
]
WRONG_TYPES = [7, 1.5, True, [], ["x"], {}, {"a": 1}]


@pytest.fixture
def clients(api, visitor, acme):
    return {"admin": api("admin"), "anyone": visitor()}


def written(acme):
    with use(acme):
        return (
            list(User.objects.order_by("pk").values("pk", "email", "first_name")),
            Invitation.objects.count(),
            MailMessage.objects.count(),
            Challenge.objects.count(),
        )


def send(clients, route, body):
    method, who, _ = ROUTES[route]
    return getattr(clients[who], method)(
        f"/api/accounts/{route}", json.dumps(body), content_type="application/json"
    )


def with_field(*names):
    """Return each route with each of its fields that is one of these."""
    return [
        (route, field)
        for route, (_, _, body) in ROUTES.items()
        for field in body
        if field in names
    ]


def refused(answer):
    assert 400 <= answer.status_code < 500, answer.content
    assert answer["Content-Type"].startswith("application/problem+json")
    assert answer.json()["code"]
    assert len(answer.content) < 5_000


#: Of these the answer is the same for every text that somebody may type.
QUIET = {"verify-code", "change-password"}


@pytest.mark.parametrize(("route", "field"), with_field("email"))
def test_w13_an_address_that_is_none_writes_nothing(
    clients, acme, unlimited, route, field
):
    before = written(acme)
    for bad in ADDRESSES:
        answer = send(clients, route, {**ROUTES[route][2], field: bad})
        if route in QUIET:
            assert answer.status_code in {202, 400, 422}
        else:
            refused(answer)
    assert written(acme) == before


@pytest.mark.parametrize(("route", "field"), with_field("firstName", "lastName"))
def test_w14_a_name_with_controls_or_markup_writes_nothing(
    clients, acme, unlimited, route, field
):
    before = written(acme)
    for bad in NAMES:
        refused(send(clients, route, {**ROUTES[route][2], field: bad}))
    assert written(acme) == before


@pytest.mark.parametrize(
    ("route", "field"),
    [(route, field) for route, (_, _, body) in ROUTES.items() for field in body],
)
def test_w13_a_wrong_type_is_a_422_and_writes_nothing(
    clients, acme, unlimited, route, field
):
    before = written(acme)
    for bad in WRONG_TYPES:
        answer = send(clients, route, {**ROUTES[route][2], field: bad})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_body")
    assert written(acme) == before


@pytest.mark.parametrize(
    ("route", "field"),
    [(route, field) for route, (_, _, body) in ROUTES.items() for field in body],
)
def test_w13_null_and_blank_count_as_missing(clients, acme, unlimited, route, field):
    for nothing in (None, "", "  "):
        answer = send(clients, route, {**ROUTES[route][2], field: nothing})
        assert answer.status_code < 500
        if answer.status_code >= 400:
            assert answer.json()["code"] in {
                *("missing_fields", "email_invalid", "invitation_invalid"),
                *("ticket_required", "password_mismatch", "code_invalid"),
                *("user_exists", "invitation_open"),
            }


@pytest.mark.parametrize(
    ("route", "field"),
    with_field("password", "passwordVerify", "ticket", "token", "flow", "code"),
)
def test_a02_a_megabyte_is_refused_at_once(clients, acme, unlimited, route, field):
    before = written(acme)
    refused(send(clients, route, {**ROUTES[route][2], field: MEGABYTE}))
    assert written(acme) == before


@pytest.mark.parametrize("route", ["register", "invitations/accept", "change-password"])
@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("a", "password_too_short"),
        ("a" * 1_025, "password_too_long"),
        ("passwordpassword", "password_common"),
        ("a\x00bcdefghijklmnop", "invalid_body"),
    ],
)
def test_w11_a_bad_password_is_refused_by_every_route(
    clients, acme, route, password, code
):
    before = written(acme)
    body = {**ROUTES[route][2], "password": password, "passwordVerify": password}
    answer = send(clients, route, body)
    assert answer.json()["code"] == code
    assert written(acme) == before


def test_w12_two_spellings_of_one_address_are_one_account(clients, acme, unlimited):
    first = ROUTES["register"][2]
    for spelling in ("eve@x.org", "EVE@x.org", " Eve@X.ORG "):
        assert (
            send(clients, "register", {**first, "email": spelling}).status_code == 201
        )
        body = {"email": spelling}
        assert send(clients, "forgot-password", body).status_code == 200
    with use(acme):
        assert User.objects.filter(email_norm="eve@x.org").count() == 1
    again = send(clients, "admin-register", {**first, "email": "BOB@ACME.test"})
    assert again.json()["code"] == "user_exists"


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "body", ["", "{", "[]", '"x"', "null", "7", '{"email": "\\ud800"}', "\x00"]
)
def test_a_body_that_is_no_object_is_refused(clients, acme, route, body):
    method, who, _ = ROUTES[route]
    answer = getattr(clients[who], method)(
        f"/api/accounts/{route}", body, content_type="application/json"
    )
    assert answer.status_code in {400, 422}


FORMS = {
    "register": {"first_name": "N", "last_name": "C", "email": NEW, "password": "x"},
    "people/new": {"first_name": "N", "last_name": "C", "email": NEW, "role": "member"},
    "invitations/new": {"email": NEW, "role": "member", "language": ""},
    "profile": {
        "action": "names",
        "first_name": "N",
        "last_name": "C",
        "language": "",
        "time_zone": "",
    },
    "profile#address": {"action": "address", "email": NEW},
    "invitation": {"token": "x"},
}


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (form, field)
        for form, body in FORMS.items()
        for field in body
        if field != "action"
    ],
)
def test_no_form_takes_bad_text_and_none_breaks(
    browser_of, acme, unlimited, form, field
):
    client = browser_of("admin")
    before = written(acme)
    for bad in ("a\x00b", "<b>\r\n", "a" * 100_000):
        path = f"/accounts/{form.partition('#')[0]}"
        sent = urlencode({**FORMS[form], field: bad}, errors="surrogatepass")
        kind = "application/x-www-form-urlencoded"
        answer = client.post(path, sent, content_type=kind)
        assert 400 <= answer.status_code < 500, (bad[:10], answer.status_code)
    assert written(acme) == before
