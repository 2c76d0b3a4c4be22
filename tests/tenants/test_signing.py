"""What one tenant signed or hashed is worth nothing at another, nor later than it may.

Spec 2.3, row "Signed values": tickets, codes and devices of the accounts as well.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import URLResolver, get_resolver
from hypothesis import given
from hypothesis import strategies as st

from accounts import challenges, people, recovery, refresh_tokens, tokens
from accounts.challenges import Verdict
from accounts.errors import SessionEnded, TicketRequired
from accounts.models import Challenge, RefreshSession, User
from kernel import clock, codes
from tenants import signing
from tenants.context import NoTenantError, TenantInfo, use, use_control
from tenants.signing import BadSignature, SignatureExpired

ROOT = Path(__file__).resolve().parents[2]
BANNED = re.compile(
    r"django\.core(\.| import )signing|contrib\.auth(\.| import )tokens"
    r"|default_token_generator|PasswordResetTokenGenerator|get_cookie_signer"
)
PASSWORD = "four calm words here"


def later(tenant: TenantInfo) -> TenantInfo:
    return replace(tenant, generation=tenant.generation + 1)


def set_cookie() -> str:
    response = HttpResponse()
    response.set_signed_cookie("colour", "blue", salt="s")
    return response.cookies["colour"].value


def read_cookie(value: str) -> str:
    request: HttpRequest = RequestFactory().get("/")
    request.COOKIES["colour"] = value
    return request.get_signed_cookie("colour", salt="s")


#: Every way to sign, with its way to read.
WAYS = {
    "dumps": (
        lambda: signing.dumps({"n": 1}, salt="s"),
        lambda text: signing.loads(text, salt="s"),
    ),
    "signer": (
        lambda: signing.Signer(salt="s").sign("n"),
        lambda text: signing.Signer(salt="s").unsign(text),
    ),
    "timestamp signer": (
        lambda: signing.TimestampSigner(salt="s").sign("n"),
        lambda text: signing.TimestampSigner(salt="s").unsign(text),
    ),
    "signed cookie": (set_cookie, read_cookie),
}


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_signed_value_is_read_in_its_own_context_and_no_other(
    acme, globex, way: str
) -> None:
    sign, read = WAYS[way]
    contexts = {
        "acme": lambda: use(acme),
        "globex": lambda: use(globex),
        "acme later": lambda: use(later(acme)),
        "control": use_control,
    }
    for signer, enter in contexts.items():
        with enter():
            text = sign()
            read(text)
        for reader, enter_other in contexts.items():
            if reader != signer:
                with enter_other(), pytest.raises(BadSignature):
                    read(text)


@pytest.mark.parametrize("way", sorted(WAYS))
def test_nothing_is_signed_or_read_without_a_context(acme, way: str) -> None:
    sign, read = WAYS[way]
    with use(acme):
        text = sign()
    with pytest.raises(NoTenantError):
        sign()
    with pytest.raises(NoTenantError):
        read(text)


def test_a_signer_made_for_one_tenant_signs_for_the_one_that_is_entered(
    acme, globex
) -> None:
    anywhere = signing.Signer(salt="s")
    with use(acme):
        made_here = signing.Signer(salt="s")
    with use(globex):
        text = made_here.sign("n")
        assert anywhere.unsign(text) == "n"
    with use(acme), pytest.raises(BadSignature):
        made_here.unsign(text)


def test_a_value_for_one_purpose_is_none_for_another(in_acme) -> None:
    with pytest.raises(BadSignature):
        signing.loads(signing.dumps(1, salt="invitation"), salt="files")


def test_a_signed_value_expires_by_the_products_clock(in_acme) -> None:
    with clock.frozen(datetime(2026, 1, 1, tzinfo=UTC)):
        text = signing.dumps("n", salt="s")
        clock.advance(timedelta(seconds=300))
        assert signing.loads(text, salt="s", max_age=300) == "n"
        assert signing.loads(text, salt="s", max_age=timedelta(minutes=5)) == "n"
        clock.advance(timedelta(seconds=1))
        with pytest.raises(SignatureExpired):
            signing.loads(text, salt="s", max_age=300)
        assert signing.loads(text, salt="s") == "n"


@pytest.mark.parametrize("text", ["", ":", "a:b:c", "\ud800:1:x", "n:\x00", "…:1:…"])
def test_what_nobody_signed_is_a_bad_signature(in_acme, text: str) -> None:
    with pytest.raises(BadSignature):
        signing.loads(text, salt="s")


def test_a_long_value_is_packed_and_read_back(in_acme) -> None:
    text = signing.dumps("n" * 1000, salt="s", compress=True)
    assert len(text) < 100
    assert signing.loads(text, salt="s") == "n" * 1000


owners = st.tuples(st.uuids(), st.integers(0, 30))


@given(
    one=owners,
    other=owners,
    salts=st.tuples(st.text(alphabet="a1:-", max_size=6), st.text(max_size=6)),
)
def test_two_owners_or_two_purposes_never_share_a_salt(one, other, salts) -> None:
    def salt_of(owner: tuple[UUID, int], salt: str) -> str:
        with use(replace(ANYBODY, uuid=owner[0], generation=owner[1])):
            return signing.bound(salt)

    with use_control():
        of_control = {signing.bound(salt) for salt in salts}
    wanted = {(owner, salt) for owner in (one, other) for salt in salts}
    made = {salt_of(owner, salt) for owner, salt in wanted}
    assert len(made) == len(wanted)
    assert not made & of_control


ANYBODY = TenantInfo(
    uuid=UUID(int=1),
    slug="newcomer",
    schema_name="t_newcomer",
    db_role="r_newcomer",
    name="Newcomer",
    state="active",
    locale="en",
    timezone="UTC",
    primary_domain="newcomer.localhost",
    generation=1,
    cache_epoch=1,
    storage_prefix="newcomer",
)


# Rows that are carried to another tenant, or outlive a generation


def carried(row, tenant: TenantInfo) -> None:
    """Put a copy of a row, to the last column, into another tenant's table."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.fields}
    with use(tenant):
        type(row).objects.create(**values)


def test_a_ticket_whose_row_was_copied_sets_no_password_elsewhere(
    acme, globex, alice
) -> None:
    with use(acme):
        ticket = challenges.issue_reset_ticket(alice)
        row = Challenge.objects.get(user=alice)
    carried(row, globex)
    for elsewhere in (globex, later(acme)):
        with use(elsewhere), pytest.raises(TicketRequired):
            recovery.change_with_ticket(
                ticket=ticket, password=PASSWORD, password_verify=PASSWORD
            )
    with use(globex):
        assert Challenge.objects.get(pk=row.pk).consumed_at is None
        assert User.objects.get(pk=alice.pk).token_version == alice.token_version
    with use(acme):
        recovery.change_with_ticket(
            ticket=ticket, password=PASSWORD, password_verify=PASSWORD
        )


def test_a_code_whose_row_was_copied_opens_nothing_elsewhere(
    acme, globex, alice
) -> None:
    flow = challenges.new_flow()

    def verdict() -> Verdict:
        return challenges.verify(
            email_norm=alice.email_norm, code=new.code, flow=flow, apply=lambda _: None
        ).verdict

    with use(acme):
        new = challenges.issue_code(
            "reset", email_norm=alice.email_norm, flow=flow, user=alice
        )
        row = Challenge.objects.get(pk=new.challenge.pk)
    carried(row, globex)
    with use(globex):
        assert verdict() is Verdict.INVALID
        # Even where the flow is found, the code is another one there.
        copied = Challenge.objects.filter(pk=row.pk)
        copied.update(flow_hash=challenges._flow_hash(flow))
        assert verdict() is Verdict.INVALID
        assert copied.get().consumed_at is None
    with use(acme):
        assert verdict() is Verdict.SUCCESS


def test_a_refresh_token_whose_row_was_copied_opens_no_session_elsewhere(
    acme, globex, alice
) -> None:
    with use(acme):
        token = refresh_tokens.begin(alice, refresh_tokens.Device("mobile")).refresh
        row = RefreshSession.objects.get()
    carried(row, globex)
    for elsewhere in (globex, later(acme)):
        with use(elsewhere), pytest.raises(SessionEnded):
            refresh_tokens.rotate(token)
    with use(globex):
        assert RefreshSession.objects.get().revoked_at is None
    with use(acme):
        assert refresh_tokens.rotate(token).user == alice


def test_an_access_token_ends_with_the_generation(acme, alice) -> None:
    with use(acme):
        session = refresh_tokens.begin(alice, refresh_tokens.Device("mobile")).session
        token = tokens.issue_access(alice, session)
        assert tokens.read_access(token).user_id == alice.pk
    with use(later(acme)), pytest.raises(tokens.BadToken):
        tokens.read_access(token)


def test_an_access_token_of_an_operator_has_the_generation_of_nobody(db) -> None:
    with use_control():
        operator = people.create_person(
            username="operator", email="operator@tenantry.test"
        )
        session = refresh_tokens.begin(
            operator, refresh_tokens.Device("mobile")
        ).session
        token = tokens.issue_access(operator, session)
        assert tokens.read_access(token).user_id == operator.pk
        assert signing.generation() == 0


def test_a_session_hash_is_another_at_each_tenant_and_in_each_generation(
    acme, globex, alice
) -> None:
    hashes = set()
    for context in (acme, globex, later(acme)):
        with use(context):
            twin = User(pk=alice.pk, password=alice.password, token_version=1)
            hashes.add(twin.get_session_auth_hash())
    assert len(hashes) == 3


def test_a_digest_without_the_tenant_in_it_would_fit_elsewhere(acme, globex) -> None:
    plain, kept = set(), set()
    for tenant in (acme, globex):
        with use(tenant):
            plain.add(codes.digest("secret"))
            kept.add(signing.digest("secret", salt="s"))
    assert (len(plain), len(kept)) == (1, 2)


# Nobody goes around it


def test_no_other_source_signs_with_djangos_salts() -> None:
    found = {
        str(path.relative_to(ROOT))
        for folder in ("accounts", "platform", "tenants", "workflow")
        for path in (ROOT / folder).rglob("*.py")
        if BANNED.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"tenants/signing.py"}


def test_no_page_of_django_that_mails_a_link_is_routed(settings) -> None:
    for urlconf in (settings.ROOT_URLCONF, settings.PUBLIC_SCHEMA_URLCONF):
        walked = list(names(get_resolver(urlconf)))
        assert len(walked) > 10
        assert [name for name in walked if "password_reset" in name] == []


def names(resolver: URLResolver) -> Iterator[str]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from names(one)
        else:
            yield one.name or str(one.pattern)
