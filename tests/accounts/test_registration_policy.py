"""Who may register by themselves: the platform's policy, and the tenant's own."""

import pytest

from accounts.models import SecurityEvent, TenantBranding, User
from tenants.context import use
from tests.accounts.conftest import GOOD_PASSWORD

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
