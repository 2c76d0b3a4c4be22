"""The second factor: set up, asked for at each sign-in, never skipped, never shared."""

from datetime import timedelta

import pytest

from accounts import factors, roles
from accounts.errors import OwnerProtected
from accounts.models import (
    Challenge,
    MailMessage,
    MfaDevice,
    RecoveryCode,
    RefreshSession,
    SecurityEvent,
    TenantBranding,
    User,
)
from kernel import clock
from kernel.errors import Forbidden
from tenants.context import use
from tests.accounts.conftest import GOOD_PASSWORD
from tests.accounts.factors import enrolled

SIGN_IN, MFA = "/api/auth/mobile/sign-in", "/api/auth/mobile/mfa"
WEB_SIGN_IN, WEB_MFA = "/api/auth/web/sign-in", "/api/auth/web/mfa"
FACTORS = "/api/accounts/mfa"
ME = "/api/protected/me"
BOB = {"username": "bob", "password": "open"}

pytestmark = pytest.mark.usefixtures("frozen_clock")


@pytest.fixture
def holder(bob, acme):
    return enrolled(bob, acme)


@pytest.fixture
def ticket(post, holder):
    answer = post(SIGN_IN, BOB)
    assert (answer.status_code, answer.json()["code"]) == (401, "mfa_required")
    return answer.json()["mfa_ticket"]


def show(post, ticket, code, path=MFA, **more):
    return post(path, {"ticket": ticket, "code": code}, **more)


def changes_told():
    """Return what bob was told by mail of his second factor."""
    mails = MailMessage.objects.filter(template="accounts/mfa_changed")
    assert {tuple(mail.to) for mail in mails} == {("bob@acme.test",)}
    return sorted(mail.context["change"] for mail in mails)


def later(**passed):
    clock.advance(timedelta(**passed))


# Sign-in


def test_a_right_password_alone_gets_a_ticket_and_no_token(post, holder, acme):
    for path in (SIGN_IN, WEB_SIGN_IN):
        answer = post(path, BOB)
        assert answer.status_code == 401
        assert answer.json()["mfa_ticket_expires_in"] == 300
        assert "access" not in answer.json()
        assert not {"refresh", "known_device"} & set(answer.cookies)
    with use(acme):
        assert not RefreshSession.objects.filter(user=holder.user).exists()


def test_the_ticket_and_a_code_sign_in(post, ticket, holder, acme, visitor):
    answer = show(post, ticket, holder.code())
    assert sorted(answer.json()) == ["access", "refresh"]
    bearer = {"authorization": f"Bearer {answer.json()['access']}"}
    assert visitor().get(ME, headers=bearer).status_code == 200
    with use(acme):
        device = RefreshSession.objects.get(user=holder.user)
        assert device.mfa_at == clock.now()


def test_the_browser_gets_the_cookie_only_after_the_code(post, holder, visitor):
    client = visitor()
    ticket = post(WEB_SIGN_IN, BOB, client=client).json()["mfa_ticket"]
    answer = show(post, ticket, holder.code(), WEB_MFA, client=client)
    assert list(answer.json()) == ["access"]
    assert answer.cookies["refresh"]["httponly"]
    refresh = post("/api/auth/web/token-refresh", {}, client=client)
    assert refresh.status_code == 200


def test_a_code_signs_in_once(post, holder):
    code = holder.code()
    first, second = (post(SIGN_IN, BOB).json()["mfa_ticket"] for _ in range(2))
    assert show(post, first, code).status_code == 200
    again = show(post, second, code)
    assert (again.status_code, again.json()["code"]) == (401, "mfa_failed")
    later(seconds=30)
    assert show(post, second, holder.code()).status_code == 200


def test_an_earlier_code_does_not_count_after_a_later_one(post, holder):
    old = holder.code()
    later(seconds=30)
    assert show(post, post(SIGN_IN, BOB).json()["mfa_ticket"], holder.code()).json()
    refused = show(post, post(SIGN_IN, BOB).json()["mfa_ticket"], old)
    assert refused.status_code == 401


def test_a_ticket_has_five_tries(post, ticket, holder):
    answers = [show(post, ticket, "000000") for _ in range(5)]
    assert [one.json()["attempts_remaining"] for one in answers] == [4, 3, 2, 1, 0]
    dead = show(post, ticket, holder.code())
    assert (dead.status_code, dead.json()["code"]) == (401, "mfa_expired")


def test_a_ticket_lives_five_minutes(post, ticket, holder):
    later(minutes=5)
    assert show(post, ticket, "000000").json()["code"] == "mfa_failed"
    later(seconds=1)
    assert show(post, ticket, holder.code()).json()["code"] == "mfa_expired"


def test_a_ticket_is_used_once(post, ticket, holder):
    assert show(post, ticket, holder.code()).status_code == 200
    later(seconds=30)
    assert show(post, ticket, holder.code()).json()["code"] == "mfa_expired"


def test_ten_wrong_codes_in_an_hour_close_the_second_step(post, holder):
    for _ in range(2):
        ticket = post(SIGN_IN, BOB).json()["mfa_ticket"]
        for _ in range(5):
            show(post, ticket, "000000")
    ticket = post(SIGN_IN, BOB).json()["mfa_ticket"]
    answer = show(post, ticket, holder.code())
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")


def test_a_sign_in_of_the_owner_gives_a_guesser_no_new_tries(post, holder):
    now = clock.now()  # tries are counted by the hour: all of this is in one
    clock.advance(now.replace(minute=0, second=0) + timedelta(hours=1) - now)
    for _ in range(9):
        ticket = post(SIGN_IN, BOB).json()["mfa_ticket"]
        show(post, ticket, "000000")
    for _ in range(2):  # a right one counts for nothing
        ticket = post(SIGN_IN, BOB).json()["mfa_ticket"]
        assert show(post, ticket, holder.code()).status_code == 200
        later(seconds=30)
    ticket = post(SIGN_IN, BOB).json()["mfa_ticket"]
    assert show(post, ticket, "000000").status_code == 401
    assert show(post, ticket, holder.code()).status_code == 429


def test_a_ticket_ends_with_the_access_that_it_was_given_for(
    post, ticket, holder, acme
):
    with use(acme):
        User.objects.filter(pk=holder.user.pk).update(token_version=99)
    assert show(post, ticket, holder.code()).json()["code"] == "mfa_expired"


def test_a_deactivated_person_does_not_finish(post, ticket, holder, acme):
    with use(acme):
        User.objects.filter(pk=holder.user.pk).update(is_active=False)
    assert show(post, ticket, holder.code()).json()["code"] == "mfa_expired"


def test_a_ticket_and_a_code_of_acme_are_worth_nothing_at_globex(
    post, ticket, holder, globex, person
):
    twin = enrolled(person("bob", globex), globex)
    away = {"host": "globex.localhost"}
    assert show(post, ticket, holder.code(), **away).json()["code"] == "mfa_expired"
    own = post(SIGN_IN, BOB, **away).json()["mfa_ticket"]
    assert show(post, own, holder.code(), **away).json()["code"] == "mfa_failed"
    assert show(post, own, twin.code(), **away).status_code == 200
    assert show(post, ticket, holder.code()).status_code == 200


def test_a_row_copied_from_another_tenant_or_person_opens_nothing(
    holder, globex, carol, person
):
    from accounts.crypto import CannotDecrypt

    with use(holder.tenant):
        sealed = bytes(MfaDevice.objects.get().secret)
        row = MfaDevice(user=carol, secret=sealed)
        with pytest.raises(CannotDecrypt):
            factors._secret(row, carol)
    with use(globex):
        twin = person("bob", globex)
        assert twin.pk == holder.user.pk
        with pytest.raises(CannotDecrypt):
            factors._secret(MfaDevice(user=twin, secret=sealed), twin)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ticket": "x"},
        {"ticket": 5, "code": "123456"},
        {"ticket": "x", "code": None},
        {"ticket": "x", "code": 123456},
        {"ticket": "a\x00", "code": "1"},
    ],
)
def test_a_malformed_second_step_is_a_422(post, db, body):
    assert post(MFA, body).status_code == 422


@pytest.mark.parametrize("code", ["", " ", "12345", "é" * 6, "٣٤٥٦٧٨", "1" * 4096])
def test_odd_codes_are_only_wrong(post, ticket, code):
    assert show(post, ticket, code).json()["code"] == "mfa_failed"


def test_another_site_cannot_show_a_factor(post, ticket, holder):
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = show(post, ticket, holder.code(), WEB_MFA, **headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


# Recovery codes


def test_a19_recovery_codes_have_80_bits_and_are_kept_as_hashes(holder, acme):
    assert len(holder.saved) == len(set(holder.saved)) == 10
    assert all(len(code.replace("-", "")) == 16 for code in holder.saved)
    with use(acme):
        kept = [bytes(row.code_hash) for row in RecoveryCode.objects.all()]
    assert all(len(one) == 32 for one in kept)
    assert not any(code.encode() in b"".join(kept) for code in holder.saved)


def test_a19_a_recovery_code_signs_in_once_and_tells_the_owner(post, holder, acme):
    code = holder.saved[3].lower().replace("-", " ")
    first, second = (post(SIGN_IN, BOB).json()["mfa_ticket"] for _ in range(2))
    assert show(post, first, code).status_code == 200
    assert show(post, second, code).status_code == 401
    with use(acme):
        event = SecurityEvent.objects.get(name="mfa.code_used")
        assert event.details == {"left": 9}
        assert changes_told() == ["added", "code_used"]


def test_a19_a_new_set_replaces_the_old_one(post, holder, acme):
    with use(acme):
        made = factors.renew_recovery_codes(holder.user)
    ticket = post(SIGN_IN, BOB).json()["mfa_ticket"]
    assert show(post, ticket, holder.saved[0]).status_code == 401
    assert show(post, ticket, made[0]).status_code == 200


# Setting up


@pytest.fixture
def signed_in(post, visitor):
    """Return a client of bob's that follows its access token."""
    access = post(SIGN_IN, BOB).json()["access"]
    return visitor(authorization=f"Bearer {access}")


def renewed(client, answer):
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {answer.json()['access']}"
    return client


def test_an_authenticator_is_set_up_by_the_api(post, signed_in, acme, bob):
    import pyotp

    made = post(f"{FACTORS}/totp", {"name": "Phone"}, client=signed_in)
    assert made.status_code == 201
    body = made.json()
    assert body["uri"].startswith("otpauth://totp/Acme:bob?secret=")
    assert body["qr"].startswith("<svg ")
    assert "style" not in body["qr"]
    assert made["Cache-Control"] == "no-store"
    with use(acme):
        assert not factors.is_enrolled(bob)
    code = pyotp.TOTP(body["secret"]).at(int(clock.now().timestamp()))
    confirmed = post(
        f"{FACTORS}/totp/confirm", {"id": body["id"], "code": code}, client=signed_in
    )
    assert confirmed.status_code == 200
    assert len(confirmed.json()["recovery_codes"]) == 10
    client = renewed(signed_in, confirmed)
    shown = client.get(FACTORS).json()
    assert [one["name"] for one in shown["devices"]] == ["Phone"]
    assert shown["recovery_codes_left"] == 10
    assert "secret" not in str(shown)


def test_a20_a_factor_is_changed_only_soon_after_a_proof(post, signed_in, holder_of):
    later(minutes=10, seconds=1)
    for method, path in (
        ("post", "totp"),
        ("post", "totp/confirm"),
        ("post", "recovery-codes"),
        ("delete", "totp/1"),
    ):
        answer = getattr(signed_in, method)(
            f"{FACTORS}/{path}", {"id": 1, "code": "1"}, content_type="application/json"
        )
        assert answer.status_code == 403, path
        assert answer.json()["code"] == "reauthentication_required"
    again = post(
        "/api/accounts/reauthenticate", {"currentPassword": "open"}, client=signed_in
    )
    assert again.status_code == 200
    assert post(f"{FACTORS}/totp", {}, client=signed_in).status_code == 201


@pytest.fixture
def holder_of(bob, acme):
    return lambda: enrolled(bob, acme)


def test_a_wrong_proof_is_refused_and_counted(post, signed_in, acme):
    path = "/api/accounts/reauthenticate"
    for _ in range(10):
        wrong = post(path, {"currentPassword": "no"}, client=signed_in)
        assert wrong.json()["code"] == "reauthentication_required"
    right = post(path, {"currentPassword": "open"}, client=signed_in)
    assert right.status_code == 429
    assert post(path, {}, client=signed_in).json()["code"] == "missing_fields"
    with use(acme):
        failed = SecurityEvent.objects.filter(name="reauthentication_failed")
        assert failed.count() == 10


def test_a_code_is_a_proof_as_well(post, ticket, holder, visitor):
    access = show(post, ticket, holder.code()).json()["access"]
    client = visitor(authorization=f"Bearer {access}")
    later(minutes=11)
    body = {"code": holder.code()}
    path = "/api/accounts/reauthenticate"
    assert post(path, body, client=client).status_code == 200
    assert post(path, body, client=client).status_code == 403
    assert post(f"{FACTORS}/recovery-codes", {}, client=client).status_code == 200


def test_an_unconfirmed_authenticator_lives_ten_minutes(post, signed_in, acme, bob):
    import pyotp

    made = post(f"{FACTORS}/totp", {}, client=signed_in).json()
    later(minutes=10, seconds=1)
    post("/api/accounts/reauthenticate", {"currentPassword": "open"}, client=signed_in)
    code = pyotp.TOTP(made["secret"]).at(int(clock.now().timestamp()))
    answer = post(
        f"{FACTORS}/totp/confirm", {"id": made["id"], "code": code}, client=signed_in
    )
    assert answer.json()["code"] == "mfa_code_invalid"
    with use(acme):
        assert not factors.is_enrolled(bob)


def test_a_wrong_first_code_confirms_nothing(post, signed_in, acme, bob):
    made = post(f"{FACTORS}/totp", {}, client=signed_in).json()
    answer = post(
        f"{FACTORS}/totp/confirm",
        {"id": made["id"], "code": "000000"},
        client=signed_in,
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "mfa_code_invalid")
    with use(acme):
        assert not factors.is_enrolled(bob)


def test_somebody_elses_authenticator_is_not_there(post, signed_in, acme, carol):
    holder = enrolled(carol, acme)
    with use(acme):
        number = factors.confirmed(holder.user).get().pk
    assert signed_in.delete(f"{FACTORS}/totp/{number}").status_code == 404
    with use(acme):
        assert factors.is_enrolled(carol)


def test_a_change_ends_the_other_devices_and_keeps_the_own(
    post, ticket, holder, visitor, acme
):
    answer = show(post, ticket, holder.code())
    client = visitor(authorization=f"Bearer {answer.json()['access']}")
    later(seconds=30)
    other = show(post, post(SIGN_IN, BOB).json()["mfa_ticket"], holder.code()).json()
    made = post(f"{FACTORS}/recovery-codes", {}, client=client)
    stranger = visitor(authorization=f"Bearer {other['access']}")
    assert stranger.get(ME).status_code == 401
    refresh = "/api/auth/mobile/token-refresh"
    assert post(refresh, {"refresh": other["refresh"]}).status_code == 401
    assert client.get(ME).status_code == 401  # its token had the old version
    assert renewed(client, made).get(ME).status_code == 200
    own = post(refresh, {"refresh": answer.json()["refresh"]})
    assert own.status_code == 200


def test_the_last_authenticator_takes_the_recovery_codes_with_it(
    post, ticket, holder, visitor, acme
):
    access = show(post, ticket, holder.code()).json()["access"]
    client = visitor(authorization=f"Bearer {access}")
    with use(acme):
        number = factors.confirmed(holder.user).get().pk
    assert client.delete(f"{FACTORS}/totp/{number}").status_code == 200
    with use(acme):
        assert not RecoveryCode.objects.exists()
        assert RefreshSession.objects.get(revoked_at=None).mfa_at is None
    assert post(SIGN_IN, BOB).status_code == 200


def test_a18_every_change_of_a_factor_is_an_event_and_a_mail(holder, acme):
    with use(acme):
        factors.renew_recovery_codes(holder.user)
        factors.remove(holder.user, factors.confirmed(holder.user).get().pk)
        names = SecurityEvent.objects.filter(name__startswith="mfa.")
        assert list(names.order_by("id").values_list("name", flat=True)) == [
            "mfa.added",
            "mfa.codes_renewed",
            "mfa.removed",
        ]
        assert changes_told() == ["added", "recovery_codes", "removed"]


def test_no_table_holds_a_secret_or_a_recovery_code(holder, acme):
    with use(acme):
        device = MfaDevice.objects.get()
        assert holder.secret.encode() not in bytes(device.secret)
        texts = str(list(SecurityEvent.objects.values())) + str(
            list(MailMessage.objects.values("context", "html", "text"))
        )
    assert holder.secret not in texts
    assert not any(code in texts for code in holder.saved)


# Never skipped


def test_a17_a_forgotten_password_neither_removes_nor_skips_the_factor(
    post, holder, code_for, acme
):
    asked = post("/api/accounts/forgot-password", {"email": "bob@acme.test"})
    body = {"email": "bob@acme.test", "code": code_for("bob@acme.test")}
    body["flow"] = asked.json()["flow"]
    ticket = post("/api/accounts/verify-code", body).json()["ticket"]
    chosen = {"password": GOOD_PASSWORD, "passwordVerify": GOOD_PASSWORD}
    changed = post(
        "/api/accounts/change-password",
        {"email": "bob@acme.test", "ticket": ticket, **chosen},
    )
    assert changed.status_code == 200
    assert "access" not in changed.json()
    answer = post(SIGN_IN, {"username": "bob", "password": GOOD_PASSWORD})
    assert answer.json()["code"] == "mfa_required"
    assert show(post, answer.json()["mfa_ticket"], holder.code()).status_code == 200


def test_an_administrator_resets_the_factor_of_a_member(
    post, ticket, holder, visitor, admin
):
    access = show(post, ticket, holder.code()).json()["access"]
    with use(holder.tenant):
        factors.reset_for(holder.user, by=admin)
        assert not RecoveryCode.objects.exists()
        event = SecurityEvent.objects.get(name="mfa.reset")
        assert (event.actor, event.subject) == (admin.pk, holder.user.pk)
        assert changes_told() == ["added", "reset"]
    client = visitor(authorization=f"Bearer {access}")
    assert client.get(ME).status_code == 401
    assert post(SIGN_IN, BOB).status_code == 200


def test_who_may_reset_the_factor_of_whom(acme, bob, carol, admin, person):
    with use(acme):
        owner = User.objects.filter(role="owner").first()
        second = User.objects.get(pk=carol.pk)
        for by, whom, error in (
            (bob, carol, Forbidden),
            (admin, admin, Forbidden),
            (admin, owner, OwnerProtected),
        ):
            with pytest.raises(error):
                factors.reset_for(whom, by=by)
        roles.set_role(second, "owner")
        User.objects.filter(pk=owner.pk).update(is_active=True)
        factors.reset_for(owner, by=second)


def test_djangos_own_door_does_not_open_by_a_password_alone(holder, acme):
    from django.contrib.auth import authenticate

    with use(acme):
        assert authenticate(username="bob", password="open") is None
        assert authenticate(username="carol", password="open") is not None


# A tenant that demands it


@pytest.fixture
def demanding(acme):
    with use(acme):
        TenantBranding.objects.update(require_mfa=True)


def test_where_it_is_demanded_a_person_without_one_gets_the_set_up_routes_only(
    post, demanding, signed_in, acme
):
    for path in (
        ME,
        "/api/accounts/user",
        "/api/accounts/sessions",
        "/api/protected/mywork",
    ):
        answer = signed_in.get(path)
        if answer.status_code == 404:
            continue
        assert answer.status_code == 403, path
        assert answer.json()["code"] == "mfa_setup_required"
    assert signed_in.get(FACTORS).json()["is_demanded"] is True
    assert post(f"{FACTORS}/totp", {}, client=signed_in).status_code == 201


def test_where_it_is_demanded_the_factor_opens_everything(
    post, demanding, signed_in, acme
):
    import pyotp

    made = post(f"{FACTORS}/totp", {}, client=signed_in).json()
    code = pyotp.TOTP(made["secret"]).at(int(clock.now().timestamp()))
    body = {"id": made["id"], "code": code}
    client = renewed(signed_in, post(f"{FACTORS}/totp/confirm", body, client=signed_in))
    assert client.get(ME).status_code == 200


def test_every_operation_but_the_set_up_refuses_without_the_factor(
    demanding, signed_in
):
    """None is forgotten: they are taken from the document of the API."""
    document = signed_in.get("/api/openapi.json").json()
    opened = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if not operation.get("security"):
                continue
            address = path.replace("{session_id}", "0" * 32)
            address = "".join(
                "1" if part.startswith("{") else part
                for part in address.replace("{", "\x00{")
                .replace("}", "}\x00")
                .split("\x00")
            )
            answer = signed_in.generic(
                method.upper(), address, "{}", "application/json"
            )
            if answer.json().get("code") != "mfa_setup_required":
                opened.add(path)
    assert opened == {
        "/api/accounts/mfa",
        "/api/accounts/mfa/totp",
        "/api/accounts/mfa/totp/confirm",
        "/api/accounts/mfa/totp/{device_id}",
        "/api/accounts/mfa/recovery-codes",
        "/api/accounts/reauthenticate",
    }


def test_a_challenge_of_the_second_step_is_no_right_to_a_password(post, ticket, holder):
    answer = post(
        "/api/accounts/change-password",
        {
            "email": "bob@acme.test",
            "password": GOOD_PASSWORD,
            "passwordVerify": GOOD_PASSWORD,
            "ticket": ticket,
        },
    )
    assert answer.json()["code"] == "ticket_required"


def test_a_reset_ticket_is_no_right_to_the_second_step(post, holder, acme):
    from accounts import challenges

    with use(acme):
        other = challenges.issue_reset_ticket(holder.user)
        kept = Challenge.objects.get(purpose="reset_ticket")
    assert show(post, other, holder.code()).json()["code"] == "mfa_expired"
    assert kept.consumed_at is None
