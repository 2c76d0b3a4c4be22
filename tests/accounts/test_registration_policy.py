"""Who may register by themselves: the platform's policy, and the tenant's own."""

import pytest

from accounts import hiring
from accounts.models import SecurityEvent, TenantBranding, User
from accounts.services import auth_flow
from tenants.context import use
from tests.accounts.conftest import GOOD_PASSWORD, code_in, wrong

REGISTER = "/api/accounts/register"


def register(post, email, **more):
    names = {"firstName": "New", "lastName": "Comer", "password": GOOD_PASSWORD}
    return post(REGISTER, {**names, "email": email, **more})


@pytest.fixture
def policy(acme, settings):
    """Set the platform's policy and the tenant's own."""

    def set_both(platform: str, own: str = "", domains=()):
        settings.WORKFLOWS = {**settings.WORKFLOWS, "REGISTRATION_POLICY": platform}
        with use(acme):
            TenantBranding.objects.update(
                registration_policy=own, registration_domains=list(domains)
            )

    return set_both


@pytest.mark.parametrize(
    ("platform", "own", "is_open"),
    [
        ("open", "", True),
        ("open", "invite_only", False),
        ("invite_only", "", False),
        ("invite_only", "open", True),
        ("domains", "", False),
        ("domains", "open", True),
    ],
)
def test_the_tenants_policy_wins(post, policy, platform, own, is_open):
    policy(platform, own)
    answer = register(post, "newcomer@example.com")
    assert answer.status_code == (201 if is_open else 403)
    assert is_open or answer.json()["code"] == "registration_closed"


@pytest.mark.parametrize(
    ("email", "status"),
    [
        ("a@example.com", 201),
        ("a@EXAMPLE.com", 201),
        ("a@bücher.example", 201),
        ("a@sub.example.com", 403),
        ("a@example.com.evil.test", 403),
        ("bob@acme.test", 403),
    ],
)
def test_only_named_domains_register(post, policy, email, status):
    policy("open", "domains", ["Example.com", "@bücher.example"])
    assert register(post, email).status_code == status


def test_a16_a_closed_domain_is_refused_alike_for_known_and_unknown(post, policy):
    policy("open", "domains", ["example.com"])
    known, unknown = (register(post, f"{n}@acme.test") for n in ("bob", "nobody"))
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())


def test_the_sign_in_page_offers_registration_only_where_it_is_open(visitor, policy):
    policy("open")
    assert "Create an account" in visitor().get("/accounts/sign-in").text
    policy("open", "invite_only")
    assert "Create an account" not in visitor().get("/accounts/sign-in").text
    assert visitor().get("/accounts/register").status_code == 403


def test_w01_groups_of_a_stranger_are_noticed_and_never_given(post, acme):
    groups = [{"name": "User Manager", "enabled": True}]
    answer = register(post, "newcomer@example.com", groups=groups)
    assert answer.status_code == 201
    with use(acme):
        user = User.objects.get(email_norm="newcomer@example.com")
        assert (user.role, user.groups.count()) == ("member", 0)
        assert SecurityEvent.objects.filter(name="register.groups_ignored").exists()


# A registration that waits while the door closes

EMAIL = "newcomer@example.com"
VERIFY, FORGOT = "/api/accounts/verify-code", "/api/accounts/forgot-password"


def verify(post, code, flow):
    return post(VERIFY, {"email": EMAIL, "code": code, "flow": flow})


def newcomer(acme):
    with use(acme):
        return User.objects.get(email_norm=EMAIL)


CLOSED = [("invite_only", ()), ("domains", ()), ("domains", ["other.example"])]


@pytest.mark.parametrize("closed", CLOSED, ids=str)
def test_a_registration_is_not_finished_after_the_door_closed(
    post, policy, acme, code_for, closed
):
    policy("open")
    flow = register(post, EMAIL).json()["flow"]
    policy("open", *closed)
    answer = verify(post, code_for(EMAIL), flow)
    assert (answer.status_code, answer.json()["code"]) == (403, "registration_closed")
    assert answer["Content-Type"] == "application/problem+json"
    assert not newcomer(acme).is_active
    assert newcomer(acme).email_verified_at is None
    assert not newcomer(acme).has_usable_password()
    with use(acme):
        assert not SecurityEvent.objects.filter(name="register.verified").exists()


def test_a_wrong_code_learns_nothing_of_the_closed_door(post, policy, code_for):
    policy("open")
    flow = register(post, EMAIL).json()["flow"]
    policy("open", "invite_only")
    answer = verify(post, wrong(code_for(EMAIL)), flow)
    assert (answer.status_code, answer.json()["code"]) == (202, "code_invalid")


@pytest.mark.parametrize("still", [("", ()), ("domains", ["example.com"])], ids=str)
def test_a_door_that_is_open_to_the_address_lets_it_in(
    post, policy, acme, code_for, still
):
    policy("open")
    flow = register(post, EMAIL).json()["flow"]
    policy("open", *still)
    assert verify(post, code_for(EMAIL), flow).status_code == 200
    assert newcomer(acme).is_active


def test_the_code_fits_again_when_the_door_opens_again(post, policy, acme, code_for):
    policy("open")
    flow = register(post, EMAIL).json()["flow"]
    code = code_for(EMAIL)
    policy("open", "invite_only")
    assert verify(post, code, flow).status_code == 403
    policy("open")
    assert verify(post, code, flow).status_code == 200
    assert newcomer(acme).is_active


def test_a_forgotten_password_is_no_way_around_the_closed_door(
    post, policy, acme, code_for, settings
):
    settings.ACCOUNTS_LIMITS = {"code_mail.minute": (100, 60)}
    policy("open")
    register(post, EMAIL)
    policy("open", "invite_only")
    flow = post(FORGOT, {"email": EMAIL}).json()["flow"]
    answer = verify(post, code_for(EMAIL), flow)
    assert (answer.status_code, answer.json()["code"]) == (403, "registration_closed")
    assert not newcomer(acme).is_active


def test_whom_an_administrator_let_in_comes_in_through_a_closed_door(
    post, policy, acme, code_for, settings
):
    settings.ACCOUNTS_LIMITS = {"code_mail.minute": (100, 60)}
    policy("open", "invite_only")
    with use(acme):
        hiring.hire(email=EMAIL, first_name="New", last_name="Comer")
    flow = post(FORGOT, {"email": EMAIL}).json()["flow"]
    answer = verify(post, code_for(EMAIL), flow)
    assert answer.status_code == 200
    assert answer.json()["ticket"]
    assert newcomer(acme).is_active


def test_the_page_says_that_the_door_closed(visitor, policy, acme, code_for):
    policy("open")
    client = visitor()
    names = {"first_name": "New", "last_name": "Comer", "password": GOOD_PASSWORD}
    client.post("/accounts/register", {**names, "email": EMAIL})
    policy("open", "invite_only")
    answer = client.post("/accounts/verify", {"code": code_for(EMAIL)})
    assert answer.status_code == 422
    assert "Registration is closed here." in answer.text
    assert not newcomer(acme).is_active


def test_the_seeds_function_says_so_too(in_acme, policy, letters):
    policy("open")
    auth_flow.register_user_and_send_verification_email(
        EMAIL, "New", "Comer", GOOD_PASSWORD
    )
    code = code_in(letters(EMAIL)[0])
    policy("open", "invite_only")
    result = auth_flow.verify_reset_code(email=EMAIL, code=code)
    assert (result.status_code, result.payload["code"]) == (403, "registration_closed")
