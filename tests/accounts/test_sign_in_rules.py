"""What a tenant demands of a sign-in: who changes it, what is refused, what holds."""

import json
from datetime import timedelta

import pytest

from accounts import (
    api_tokens,
    demands,
    factors,
    refresh_tokens,
    roles,
    service_accounts,
    sessions,
)
from accounts import sign_in_rules as rules
from accounts.errors import SecondFactorFirst, SessionEnded, SignInRulesInvalid
from accounts.models import (
    ApiToken,
    RefreshSession,
    SecurityEvent,
    TenantBranding,
    User,
)
from accounts.refresh_tokens import Device
from kernel import clock
from kernel.errors import Forbidden
from tenants.context import use
from tests.accounts.conftest import TEN_O_CLOCK
from tests.accounts.factors import enrolled
from tests.concurrency.racing import race

PATH = "/api/accounts/sign-in-rules"
SESSIONS, ME = "/api/accounts/sessions", "/api/protected/me"
HOME = "/workflow/mywork/"
SIGN_IN, REFRESH = "/api/auth/mobile/sign-in", "/api/auth/mobile/token-refresh"
BOB = {"username": "bob", "password": "open"}
NOTHING = {
    "require_mfa": False,
    "session_idle_hours": None,
    "session_longest_days": None,
}


@pytest.fixture(autouse=True)
def _ten_o_clock():
    with clock.frozen(TEN_O_CLOCK):
        yield


@pytest.fixture
def put(api, owner):
    client = api("carol")

    def send(body, client=client):
        text = body if isinstance(body, str) else json.dumps(body)
        return client.put(PATH, text, content_type="application/json")

    send.client = client
    return send


@pytest.fixture
def program(acme, visitor):
    """Return a maker of API tokens, as clients."""

    def made(user, *scopes):
        with use(acme):
            new = api_tokens.create(
                owner=user, name="x", scopes_named=scopes or ["profile:read"]
            )
        return visitor(authorization=f"Bearer {new.text}")

    return made


def later(**passed):
    clock.advance(timedelta(**passed))


def row(tenant):
    with use(tenant):
        return rules.values_of(rules.standing())


def told(tenant):
    with use(tenant):
        return list(SecurityEvent.objects.filter(name="sign_in_rules.changed"))


def demand(tenant, **values):
    with use(tenant):
        TenantBranding.objects.update(**values)


# Read and changed


def test_the_rules_are_read_with_what_they_come_to(put):
    answer = put.client.get(PATH)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    found = answer.json()
    assert len(found.pop("version")) == 16
    assert found == {
        "requireMfa": False,
        "sessionIdleHours": None,
        "sessionLongestDays": None,
        "effective": {"idleHours": 336, "longestHours": 720, "shortestPassword": 15},
        "peopleWithoutFactor": 5,
    }


def test_an_owner_changes_single_rules_and_null_is_the_default(put, acme):
    assert put({"sessionIdleHours": 8}).status_code == 200
    found = put({"sessionLongestDays": 3}).json()
    assert (found["sessionIdleHours"], found["sessionLongestDays"]) == (8, 3)
    assert found["effective"]["idleHours"] == 8
    assert found["effective"]["longestHours"] == 72
    assert put({"sessionIdleHours": None}).json()["effective"]["idleHours"] == 336
    assert row(acme) == NOTHING | {"session_longest_days": 3}


def test_a_change_leaves_an_event_with_the_old_and_the_new_values(put, acme, owner):
    put({"sessionIdleHours": 8, "sessionLongestDays": None})
    put({"sessionIdleHours": 8})
    put({})
    (event,) = told(acme)
    assert event.details == {
        "session_idle_hours": 8,
        "session_idle_hours_before": None,
    }
    assert (event.actor, event.via, event.client_prefix) == (
        owner.pk,
        "token",
        "127.0.0.1",
    )


@pytest.mark.parametrize("field", ["sessionIdleHours", "sessionLongestDays"])
@pytest.mark.parametrize("value", [0, -1, 721, 2**15, 2**31, 2**63, 10**400, -(10**30)])
def test_a24_a_number_out_of_bounds_is_refused_at_its_field(put, acme, field, value):
    answer = put({field: value})
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    found = answer.json()
    assert found["code"] == "sign_in_rules_invalid"
    (error,) = found["errors"]
    assert error["field"] == field
    assert error["message"].startswith("Write a whole number from 1 to ")
    assert row(acme) == NOTHING


def test_everything_that_is_wrong_is_said_and_nothing_is_saved(put, acme):
    body = {"sessionIdleHours": 721, "sessionLongestDays": 31, "requireMfa": True}
    errors = put(body).json()["errors"]
    assert [error["field"] for error in errors] == [
        "sessionIdleHours",
        "sessionLongestDays",
    ]
    assert put({"sessionIdleHours": 4, "sessionLongestDays": 31}).status_code == 400
    assert row(acme) == NOTHING
    assert told(acme) == []


@pytest.mark.parametrize("hours", [1, 720])
@pytest.mark.parametrize("days", [1, 30])
def test_the_bounds_themselves_are_taken(put, acme, hours, days):
    body = {"sessionIdleHours": hours, "sessionLongestDays": days}
    assert put(body).status_code == 200
    assert row(acme)["session_idle_hours"] == hours


@pytest.mark.parametrize(
    "body",
    [
        {"sessionIdleHours": True},
        {"sessionIdleHours": "8"},
        {"sessionIdleHours": 8.0},
        {"sessionIdleHours": 8.5},
        {"sessionLongestDays": [3]},
        {"sessionLongestDays": "soon"},
        {"requireMfa": "yes"},
        {"requireMfa": 1},
        {"requireMfa": {}},
        {"version": 7},
        {"currentPassword": "\ud800"},
        '{"sessionIdleHours": NaN}',
        '{"sessionIdleHours": Infinity}',
        '{"sessionIdleHours": 1e999}',
    ],
    ids=str,
)
def test_a_wrong_type_is_a_422_that_names_its_field(put, acme, body):
    answer = put(body)
    assert answer.status_code in {400, 422}, answer.content
    assert answer.json()["code"] in {"invalid_body", "malformed_json"}
    assert row(acme) == NOTHING


def test_a_number_of_ten_thousand_digits_is_no_fault_of_ours(put, acme):
    answer = put('{"sessionIdleHours": ' + "9" * 10_000 + "}")
    assert answer.status_code in {400, 422}
    assert row(acme) == NOTHING


@pytest.mark.parametrize(
    "values",
    [
        {"session_idle_hours": True},
        {"session_idle_hours": "8"},
        {"session_longest_days": 1.0},
        {"require_mfa": 1},
        {"require_mfa": "on"},
    ],
    ids=str,
)
def test_trusted_code_is_held_to_the_same_types(in_acme, owner, values):
    with pytest.raises(SignInRulesInvalid):
        rules.change(values, by=owner, via="system")
    assert rules.values_of(rules.standing()) == NOTHING


def test_of_two_at_once_the_second_is_told(put, acme):
    version = put.client.get(PATH).json()["version"]
    assert put({"sessionIdleHours": 8, "version": version}).status_code == 200
    answer = put({"sessionIdleHours": 9, "version": version})
    assert (answer.status_code, answer.json()["code"]) == (409, "sign_in_rules_changed")
    assert row(acme)["session_idle_hours"] == 8


def test_a_change_of_the_branding_is_no_change_of_the_rules(put, acme):
    version = put.client.get(PATH).json()["version"]
    demand(acme, name="Acme Ltd")
    assert put({"sessionIdleHours": 8, "version": version}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_whoever_has_the_version_first_wins_a_race(acme, owner):
    with use(acme):
        version = rules.version_of(rules.standing())

    def change(hours):
        values = {"session_idle_hours": hours}
        rules.change(values, by=owner, via="token", version=version)

    results = race(acme, lambda: change(5), lambda: change(6))
    assert sorted(results) == ["done", "sign_in_rules_changed"]
    assert len(told(acme)) == 1


# Who may


def test_an_administrator_reads_and_changes_nothing(api, acme, put):
    client = api("admin")
    assert client.get(PATH).status_code == 200
    answer = put({"sessionIdleHours": 1}, client)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert row(acme) == NOTHING


def test_a_member_neither_reads_nor_changes(api, acme, put):
    client = api("bob")
    assert client.get(PATH).status_code == 403
    assert put({"sessionIdleHours": 1}, client).status_code == 403
    assert row(acme) == NOTHING


def test_a_stranger_is_asked_to_sign_in(visitor, put, acme):
    assert visitor().get(PATH).status_code == 401
    assert put({"sessionIdleHours": 1}, visitor()).status_code == 401


def test_no_api_token_reads_or_changes_the_rules(program, put, acme, owner):
    from accounts.scopes import SCOPES

    client = program(owner, *SCOPES)
    for answer in (client.get(PATH), put({"sessionIdleHours": 1}, client)):
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert row(acme) == NOTHING


def test_a32_mallory_of_the_other_tenant_changes_nothing_here(api, acme, globex, put):
    with use(globex):
        roles.set_role(User.objects.get(username="mallory"), "owner")
    there = api("mallory", "globex.localhost")
    here, body = {"host": "acme.localhost"}, '{"sessionIdleHours": 1}'
    stolen = there.put(PATH, body, "application/json", headers=here)
    assert stolen.status_code == 401
    assert put({"sessionIdleHours": 1}, there).status_code == 200
    assert row(globex)["session_idle_hours"] == 1
    assert row(acme) == NOTHING
    assert told(acme) == []


def test_an_owner_who_is_none_any_more_changes_nothing(in_acme, owner, admin):
    stale = User.objects.get(pk=owner.pk)
    User.objects.filter(pk=owner.pk).update(role="admin")
    with pytest.raises(Forbidden):
        rules.change({"session_idle_hours": 1}, by=stale, via="token")


def test_a20_the_rules_are_changed_only_soon_after_a_proof(put, acme):
    later(minutes=11)
    answer = put({"sessionIdleHours": 8})
    assert (answer.status_code, answer.json()["code"]) == (
        403,
        "reauthentication_required",
    )
    wrong = put({"sessionIdleHours": 8, "currentPassword": "closed"})
    assert wrong.json()["code"] == "reauthentication_required"
    assert row(acme) == NOTHING
    right = put({"sessionIdleHours": 8, "currentPassword": "open"})
    assert right.status_code == 200
    assert put({"sessionIdleHours": 9}).status_code == 200


# Second factors demanded


def test_who_has_no_second_factor_demands_none_of_others(put, acme):
    answer = put({"requireMfa": True, "sessionIdleHours": 4})
    assert (answer.status_code, answer.json()["code"]) == (409, "second_factor_first")
    assert row(acme) == NOTHING
    assert told(acme) == []


def test_an_authenticator_that_waits_for_its_code_is_no_factor(in_acme, owner):
    factors.enrol(owner)
    with pytest.raises(SecondFactorFirst):
        rules.change({"require_mfa": True}, by=owner, via="token")


@pytest.fixture
def demanding(acme, owner, browser_of, post):
    """Let carol demand second factors, with one of her own; return her client."""
    holder = enrolled(owner, acme)
    with use(acme):
        rules.change({"require_mfa": True}, by=owner, via="token")
    return holder


def test_an_owner_with_a_factor_demands_it_and_takes_it_back(
    post, visitor, owner, acme, put
):
    holder = enrolled(owner, acme)
    name = {"username": "carol", "password": "open"}
    ticket = post(SIGN_IN, name).json()["mfa_ticket"]
    shown = {"ticket": ticket, "code": holder.code()}
    access = post("/api/auth/mobile/mfa", shown).json()["access"]
    client = visitor(authorization=f"Bearer {access}")
    found = put({"requireMfa": True}, client).json()
    assert found["effective"] == {
        "idleHours": 1,
        "longestHours": 24,
        "shortestPassword": 8,
    }
    assert found["peopleWithoutFactor"] == 4
    found = put({"requireMfa": None}, client).json()
    assert found["requireMfa"] is False
    assert [event.details for event in told(acme)] == [
        {"require_mfa": False, "require_mfa_before": True},
        {"require_mfa": True, "require_mfa_before": False},
    ]


def test_only_active_people_are_counted(in_acme, bob):
    before = factors.people_without().count()
    service_accounts.create(name="robot", permissions=[], groups=[], by=None)
    assert factors.people_without().count() == before
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert factors.people_without().count() == before - 1


def test_the_token_of_a_person_without_a_factor_waits_for_one(
    program, demanding, acme, bob
):
    client = program(bob)
    answer = client.get(ME)
    assert (answer.status_code, answer.json()["code"]) == (403, "mfa_setup_required")
    assert "owner of this token" in answer.json()["detail"]
    with use(acme):
        assert ApiToken.objects.get().last_used_at is None
    enrolled(bob, acme)
    assert client.get(ME).status_code == 200


def test_the_token_of_a_service_account_goes_on(program, demanding, acme):
    with use(acme):
        robot = service_accounts.create(
            name="robot", permissions=[], groups=[], by=None
        )
    assert program(robot).get(ME).status_code == 200


def test_a_wrong_token_learns_nothing_of_the_rules(visitor, program, demanding, bob):
    program(bob)
    client = visitor(authorization=f"Bearer tnp_{'0' * 8}_{'0' * 43}_{'0' * 6}")
    assert client.get(ME).status_code == 401


def test_the_look_at_the_factor_costs_no_statement(
    demanding, acme, bob, django_assert_num_queries
):
    enrolled(bob, acme)
    with use(acme):
        made = api_tokens.create(owner=bob, name="x", scopes_named=["profile:read"])
        api_tokens.let_in(made.text, client="-")
        with django_assert_num_queries(1):
            api_tokens.let_in(made.text, client="-")


# Shorter limits hold for who is in


def test_a24_a_shorter_limit_ends_devices_at_once(put, post, browser_of, acme):
    rested = post(SIGN_IN, BOB).json()
    page = browser_of("bob")
    later(hours=3)
    fresh = post(SIGN_IN, BOB).json()
    body = {"sessionIdleHours": 2, "currentPassword": "open"}
    issued = post(SIGN_IN, {"username": "carol", "password": "open"}).json()["access"]
    put.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {issued}"
    assert put(body).status_code == 200
    assert post(REFRESH, {"refresh": rested["refresh"]}).status_code == 401
    assert page.get(HOME).status_code == 302
    assert post(REFRESH, {"refresh": fresh["refresh"]}).status_code == 200


def test_a24_longer_limits_bring_nobody_back(in_acme, bob, owner):
    issued = refresh_tokens.begin(bob, Device("mobile"))
    rules.change({"session_idle_hours": 2}, by=owner, via="token")
    later(hours=3)
    rules.change({"session_idle_hours": None}, by=owner, via="token")
    with pytest.raises(SessionEnded):
        refresh_tokens.rotate(issued.refresh)
    ended = RefreshSession.objects.get(pk=issued.session.pk)
    assert ended.revoked_reason == "limits"


def test_a24_the_own_device_of_an_owner_ends_as_well(in_acme, owner):
    issued = refresh_tokens.begin(owner, Device("mobile"))
    later(days=2)
    rules.change({"session_longest_days": 1}, by=owner, via="token")
    with pytest.raises(SessionEnded):
        refresh_tokens.rotate(issued.refresh)


def test_a24_a_device_at_its_limit_is_still_in(in_acme, bob, owner):
    issued = refresh_tokens.begin(bob, Device("mobile"))
    later(hours=2)
    rules.change({"session_idle_hours": 2}, by=owner, via="token")
    assert refresh_tokens.rotate(issued.refresh)


def test_a24_devices_that_a_shorter_limit_ended_are_not_listed(
    post, visitor, acme, bob
):
    post(SIGN_IN, BOB)
    later(hours=3)
    access = post(SIGN_IN, BOB).json()["access"]
    client = visitor(authorization=f"Bearer {access}")
    assert len(client.get(SESSIONS).json()) == 2
    demand(acme, session_idle_hours=2)
    (own,) = client.get(SESSIONS).json()
    assert own["is_current"] is True
    with use(acme):
        end = RefreshSession.objects.get(pk=own["id"]).last_used_at + timedelta(hours=2)
    assert own["expires_at"] == end.isoformat().replace("+00:00", "Z")


def test_a24_a_device_older_than_the_longest_is_not_listed(in_acme, bob):
    old = refresh_tokens.begin(bob, Device("mobile"))
    later(days=2)
    refresh_tokens.rotate(old.refresh)
    own = refresh_tokens.begin(bob, Device("mobile")).session
    TenantBranding.objects.update(session_longest_days=1)
    (listed,) = sessions.open_of(sessions.find(pk=own.pk))
    assert listed.pk == own.pk
    assert demands.current().longest == timedelta(days=1)
