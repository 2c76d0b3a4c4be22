"""Every operation names the scope that opens it to API tokens, or refuses them all."""

import json
import re

import pytest

from accounts import api_tokens, roles
from accounts.authentication import TenantAuth
from accounts.models import SecurityEvent, User
from accounts.scopes import SCOPES
from config.api import tenant_api
from tenants.context import use
from tenants.testing.doors import VERBS

DOCUMENT = json.loads(
    json.dumps(tenant_api.get_openapi_schema(path_prefix="/api/"), default=str)
)
#: Guarded operations with the scope they name; an empty one refuses every API token.
GUARDED = {
    (method, path): "".join(operation["security"][0]["TenantAuth"])
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if operation.get("security")
}
#: What begins so is for people who signed in: no scope covers it.
FOR_PEOPLE = (
    "/api/accounts/tokens",
    "/api/accounts/service-accounts",
    "/api/accounts/sessions",
    "/api/accounts/mfa",
    "/api/accounts/plan",
    "/api/accounts/deletion",
    "/api/accounts/sign-in-rules",
)
#: What a token reads with a scope that ends in `:read`, and by no other verb.
READING = {"get"}


#: Bodies that are about somebody else: of oneself no scope lets change anything.
BODIES = {("patch", "/api/accounts/user"): '{"id": 999999, "firstName": "x"}'}


def sent(client, method, path):
    address = re.sub(r"{\w+}", "999999", path)
    body = BODIES.get((method, path), "{}")
    return client.generic(method.upper(), address, body, "application/json")


@pytest.fixture
def programs(acme, admin, visitor):
    """Return a client for each scope: an API token of the administrator with it."""
    with use(acme):
        made = {
            name: api_tokens.create(owner=admin, name=name, scopes_named=[name])
            for name in SCOPES
        }
    return {
        name: visitor(authorization=f"Bearer {new.text}") for name, new in made.items()
    }


def test_the_document_names_a_scope_or_none_for_every_guarded_operation():
    assert set(GUARDED.values()) <= {"", *SCOPES}
    assert len(GUARDED) > 40
    guarded = [one for one in tenant_api.doors().values() if one is not None]
    assert len(guarded) == len(GUARDED)


def test_a_scope_that_reads_opens_no_operation_that_writes():
    for (method, path), scope in GUARDED.items():
        if scope:
            assert (method in READING) == scope.endswith(":read"), (method, path)


def test_no_scope_covers_tokens_sessions_and_second_factors():
    for (method, path), scope in GUARDED.items():
        if path.startswith(FOR_PEOPLE):
            assert not scope, (method, path)


@pytest.mark.parametrize(
    ("method", "path"), sorted(GUARDED), ids=lambda part: part.rpartition("api/")[2]
)
def test_each_scope_opens_its_operations_and_no_other(programs, method, path):
    for name, client in programs.items():
        answer = sent(client, method, path)
        refused = answer.status_code == 403 and (
            answer.json()["code"] == "scope_missing"
        )
        assert refused is (GUARDED[method, path] != name), (name, answer.content)
        assert answer.status_code != 401


def test_all_scopes_together_open_no_operation_without_one(acme, admin, visitor):
    with use(acme):
        made = api_tokens.create(owner=admin, name="all", scopes_named=SCOPES)
    client = visitor(authorization=f"Bearer {made.text}")
    for (method, path), scope in GUARDED.items():
        if not scope:
            assert sent(client, method, path).status_code == 403, (method, path)


def test_no_verb_that_is_not_offered_opens_anything(programs):
    """HEAD and made-up verbs find no way around the scope."""
    client = programs["workitems:write"]
    for verb in {*VERBS, "head", "options", "trace", "propfind"} - {"get"}:
        answer = sent(client, verb, "/api/protected/workitems")
        assert answer.status_code in {401, 403, 405}, verb


def test_the_document_lists_every_scope_in_plain_words():
    told = DOCUMENT["components"]["securitySchemes"]["TenantAuth"]["description"]
    for scope in SCOPES.values():
        assert f"- `{scope.name}`: {scope.words}" in told
    assert "scope_missing" in told


def test_an_unknown_scope_stops_the_start():
    with pytest.raises(ValueError, match="no such scope"):
        TenantAuth("everything")


def test_a_signed_in_person_needs_no_scope(api, acme, admin):
    with use(acme):
        roles.set_role(admin, "owner")  # some answer owners alone
    client = api("admin")
    for (method, path), scope in GUARDED.items():
        if method == "get":
            answer = sent(client, method, path)
            assert answer.status_code in {200, 400, 404, 422}, (path, scope)


def test_a_request_knows_whether_a_person_or_a_program_asks(
    acme, bob, programs, rf, token
):
    header = f"Bearer {token('bob')}"
    person = rf.get("/", headers={"authorization": header})
    program = rf.get("/", **programs["profile:read"].defaults)
    with use(acme):
        TenantAuth("profile:read")(person)
        TenantAuth("profile:read")(program)
        assert isinstance(program.user, User)
    assert (person.auth_via, program.auth_via) == ("token", "api_token")
    assert person.auth_session.user_id == bob.pk
    assert program.api_token.name == "profile:read"
    assert not hasattr(program, "auth_session")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("patch", "/user", {"firstName": "x"}),
        ("patch", "/user", {"email": "x@acme.test"}),
        ("patch", "/user", {"id": "owner", "firstName": "x"}),
        ("patch", "/user", {"id": "owner", "isActive": False}),
        ("patch", "/user", {"id": "other admin", "email": "x@acme.test"}),
        ("patch", "/user", {"id": "bob", "email": "x@acme.test"}),
        ("patch", "/user", {"id": "bob", "email": "x@acme.test", "firstName": "x"}),
        ("patch", "/user", {"id": "bob", "groups": [{"name": "User Manager"}]}),
        ("post", "/admin-register", {"groups": [{"name": "User Manager"}]}),
        ("post", "/invitations", {"role": "admin"}),
        ("post", "/invitations", {"role": "owner"}),
    ],
    ids=str,
)
def test_a33_no_scope_gives_a_role_or_changes_an_owner(
    programs, acme, method, path, body
):
    person = {"email": "newcomer@acme.test", "firstName": "New", "lastName": "Comer"}
    body = {**(person if method == "post" else {}), **body}
    with use(acme):
        alice = User.objects.get(username="alice")
        roles.set_role(alice, "admin")
        ids = dict(User.objects.values_list("role", "pk"))
        ids["other admin"] = alice.pk
        ids |= dict(User.objects.values_list("username", "pk"))
        before = list(User.objects.order_by("pk").values())
    body |= {"id": ids[body["id"]]} if "id" in body else {}
    body |= (
        {"groups": [one | {"enabled": True} for one in body["groups"]]}
        if "groups" in body
        else {}
    )
    answer = programs["users:write"].generic(
        method.upper(), f"/api/accounts{path}", json.dumps(body), "application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "person_required")
    with use(acme):
        assert list(User.objects.order_by("pk").values()) == before


def test_a_program_changes_and_invites_members_as_its_owner_may(
    programs, acme, bob, admin
):
    """The events say who, and that it was by a token."""
    client = programs["users:write"]
    changed = client.patch(
        "/api/accounts/user",
        {"id": bob.pk, "firstName": "Robert"},
        content_type="application/json",
    )
    invited = client.post(
        "/api/accounts/invitations",
        {"email": "newcomer@acme.test", "role": "member"},
        content_type="application/json",
    )
    assert (changed.status_code, invited.status_code) == (200, 201)
    with use(acme):
        assert User.objects.get(pk=bob.pk).first_name == "Robert"
        told = SecurityEvent.objects.get(name="invitation.sent")
    assert (told.actor, told.via) == (admin.pk, "api_token")
