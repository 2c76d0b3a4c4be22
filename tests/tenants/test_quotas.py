"""Quotas: who is refused, who is not, and what it costs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction

from accounts import (
    accepting,
    api_tokens,
    hiring,
    invitations,
    lifecycle,
    recovery,
    registration,
    seats,
)
from accounts.models import ApiToken, Invitation, User
from tenants.context import Allowed, Limits, TenantInfo, bind, use
from tenants.errors import QuotaExceeded
from tenants.plans import quotas
from tenants.plans.quotas import Use
from tests import twins

PASSWORD = "a long and quiet evening"


@pytest.fixture
def acme(db) -> TenantInfo:
    cache_of = twins.info("acme")
    with use(cache_of):
        for resource in quotas.counters():
            cache.delete(quotas.key(resource))
    return cache_of


def having(tenant: TenantInfo, **limits: int) -> TenantInfo:
    """Return the tenant as it is with these hard quotas."""
    given = tuple(Allowed(name, limit) for name, limit in limits.items())
    return replace(tenant, limits=Limits(quotas=given))


def softly(tenant: TenantInfo, **limits: int) -> TenantInfo:
    given = tuple(Allowed(name, limit, hard=False) for name, limit in limits.items())
    return replace(tenant, limits=Limits(quotas=given))


def taken(tenant: TenantInfo) -> int:
    with use(tenant):
        return seats.count()


def full(tenant: TenantInfo) -> TenantInfo:
    return having(tenant, seats=taken(tenant))


def one_left(tenant: TenantInfo) -> TenantInfo:
    return having(tenant, seats=taken(tenant) + 1)


def hire(name: str) -> User:
    return hiring.hire(email=f"{name}@acme.test", first_name=name, last_name="New")


# Seats


def test_a_tenant_without_a_quota_counts_nothing(acme, django_assert_num_queries):
    with use(acme), django_assert_num_queries(0):
        for resource in (*quotas.counters(), "webhooks", "unheard-of"):
            quotas.require(resource)


def test_operators_have_no_quota(in_control):
    quotas.require("seats")


def test_the_last_seat_is_given_and_no_other(acme):
    with use(one_left(acme)):
        hire("dave")
        with pytest.raises(QuotaExceeded) as refused:
            hire("erin")
        assert refused.value.status == 409
        assert refused.value.code == "quota_exceeded"
        limit = taken(acme)
        assert refused.value.extra == {
            "resource": "seats",
            "limit": limit,
            "used": limit,
        }
        assert not User.objects.filter(email_norm="erin@acme.test").exists()


def test_who_waits_for_a_first_sign_in_has_a_seat_and_a_stranger_has_none(acme):
    before = taken(acme)
    with use(acme):
        hire("dave")
        assert seats.count() == before + 1
        register("erin")
        assert seats.count() == before + 1


def register(name: str) -> User:
    registration.register(
        email=f"{name}@acme.test",
        first_name=name,
        last_name="New",
        password=PASSWORD,
    )
    found: User = User.objects.get(email_norm=f"{name}@acme.test")
    return found


def test_a_registration_that_is_proven_needs_a_seat(acme, settings):
    with use(acme):
        user = register("dave")
        challenge = user.challenges.get()
    with use(full(acme)), transaction.atomic(), pytest.raises(QuotaExceeded):
        registration.apply_verified(challenge)
    with use(one_left(acme)), transaction.atomic():
        registration.apply_verified(challenge)


def invited(name: str, acme: TenantInfo, monkeypatch) -> str:
    """Return the secret of an invitation that was mailed."""
    secrets: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(
            invitations.code_mails,
            "send_invitation",
            lambda _invitation, token: secrets.append(token),
        )
        owner = User.objects.get(role=User.Role.OWNER)
        User.objects.filter(pk=owner.pk).update(is_active=True)
        owner.refresh_from_db()
        invitations.invite(email=f"{name}@acme.test", role="member", by=owner)
    return secrets[0]


def test_an_invitation_needs_a_seat_when_it_is_sent_and_when_it_is_accepted(
    acme, monkeypatch
):
    with use(acme):
        secret = invited("dave", acme, monkeypatch)
    names = {"first_name": "Dave", "last_name": "New", "password": PASSWORD}
    with use(full(acme)):
        with pytest.raises(QuotaExceeded):
            invited("erin", acme, monkeypatch)
        assert not Invitation.objects.filter(email_norm="erin@acme.test").exists()
        with pytest.raises(QuotaExceeded):
            accepting.accept(secret, **names)
    with use(one_left(acme)):
        assert accepting.accept(secret, **names).is_active


def test_coming_back_needs_a_seat(acme):
    with use(acme):
        alice = User.objects.get(username="alice")
        lifecycle.deactivate(alice)
    with use(full(acme)):
        with pytest.raises(QuotaExceeded):
            lifecycle.reactivate(alice)
        alice.refresh_from_db()
        assert not alice.is_active
    with use(one_left(acme)):
        lifecycle.reactivate(alice)
        assert alice.is_active


def test_who_was_let_in_comes_in_on_a_full_plan(acme):
    with use(acme):
        dave = hire("dave")
    with use(full(acme)), transaction.atomic():
        recovery._open_account(dave)
    assert dave.is_active


def test_what_is_above_a_smaller_plan_stays_and_gets_no_more(acme):
    with use(having(acme, seats=1)):
        with pytest.raises(QuotaExceeded):
            hire("dave")
        assert User.objects.get(username="alice").is_active


def test_a_soft_quota_refuses_nobody_and_is_told_of(acme, caplog):
    used = taken(acme)
    with use(softly(acme, seats=used)):
        hire("dave")
    assert "quota.near" not in caplog.text
    with use(softly(acme, seats=used + 2)):
        hire("erin")
    told = [r for r in caplog.records if r.getMessage() == "quota.near"]
    assert [(r.percent, r.resource) for r in told] == [(100, "seats")]


def test_a_quota_is_told_of_at_eighty_percent_once(acme, caplog, settings, monkeypatch):
    counts = iter(range(10))
    monkeypatch.setattr(quotas, "count", lambda _resource: next(counts))
    with use(having(acme, api_tokens=10)), transaction.atomic():
        for _ in range(10):
            quotas.require("api_tokens")
    told = [r.percent for r in caplog.records if r.getMessage() == "quota.near"]
    assert told == [80, 100]


def at_once(acts: list[Callable[[], object]]) -> list[object]:
    """Do all at the same time; return what each gave or raised."""
    barrier = Barrier(len(acts))

    def do(act: Callable[[], object]) -> object:
        try:
            barrier.wait(10)
            return act()
        except QuotaExceeded as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_the_last_seat_at_once_one_does(acme, monkeypatch):
    with use(acme):
        bob = User.objects.get(username="bob")
        lifecycle.deactivate(bob)
        dave = register("dave")
        challenge = dave.challenges.get()
        secret = invited("frank", acme, monkeypatch)
    limit = taken(acme) + 1

    def verified() -> object:
        with transaction.atomic():
            return registration.apply_verified(challenge)

    with use(having(acme, seats=limit)):
        done = at_once(
            [
                bind(act)
                for act in (
                    lambda: hire("erin"),
                    lambda: lifecycle.reactivate(bob),
                    verified,
                    lambda: accepting.accept(
                        secret, first_name="F", last_name="N", password=PASSWORD
                    ),
                    lambda: hire("grace"),
                )
            ]
        )
    refused = [one for one in done if isinstance(one, QuotaExceeded)]
    assert len(refused) == 4
    assert taken(acme) == limit


@pytest.mark.django_db(transaction=True)
def test_the_seats_of_two_tenants_wait_for_no_common_lock(acme):
    with use(one_left(acme)), transaction.atomic():
        quotas.require("seats")
        globex = replace(twins_globex(), limits=Limits(quotas=(Allowed("seats", 99),)))

        def other() -> str:
            with use(globex), transaction.atomic():
                quotas.require("seats")
            return "done"

        assert at_once([other]) == ["done"]


def twins_globex() -> TenantInfo:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(closing, twins.info, "globex").result()


def closing(act: Callable[[str], TenantInfo], slug: str) -> TenantInfo:
    try:
        return act(slug)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_seats_outside_a_transaction_are_a_fault_of_the_caller(acme):
    with use(having(acme, seats=99)), pytest.raises(RuntimeError):
        quotas.require("seats")


# API tokens


def test_api_tokens_are_counted_while_they_work(acme):
    with use(having(acme, api_tokens=1)):
        alice = User.objects.get(username="alice")
        made = api_tokens.create(owner=alice, name="One", scopes_named=["profile:read"])
        with pytest.raises(QuotaExceeded):
            api_tokens.create(owner=alice, name="Two", scopes_named=["profile:read"])
        api_tokens.rotate(made.token)  # its successor is no token more
        ApiToken.objects.all().delete()
        api_tokens.create(owner=alice, name="Two", scopes_named=["profile:read"])


# Storage


def test_files_are_kept_up_to_the_quota_and_no_byte_further(acme, settings, tmp_path):
    with use(acme):
        used = sum_of_files()
    with use(having(acme, storage_bytes=used + 100)):
        default_storage.save("quota/one.txt", ContentFile(b"x" * 60))
        with pytest.raises(QuotaExceeded) as refused:
            default_storage.save("quota/two.txt", ContentFile(b"x" * 41))
        assert refused.value.extra["resource"] == "storage_bytes"
        assert not default_storage.exists("quota/two.txt")
        default_storage.save("quota/three.txt", ContentFile(b"x" * 40))
        default_storage.delete("quota/one.txt")
        default_storage.save("quota/four.txt", ContentFile(b"x" * 60))
        for name in ("three", "four"):
            default_storage.delete(f"quota/{name}.txt")


def sum_of_files() -> int:
    return quotas.count("storage_bytes")


# What is remembered


def test_a_count_of_the_last_minute_does_where_nothing_is_at_stake(
    acme, django_assert_num_queries
):
    with use(having(acme, running_instances=1_000)):
        quotas.require("running_instances")
        with django_assert_num_queries(0):
            quotas.require("running_instances")
        assert (
            cache.get(quotas.key("running_instances"))
            == quotas.count("running_instances") + 2
        )


def test_nobody_is_refused_by_what_is_remembered_alone(acme):
    with use(having(acme, running_instances=1)):
        cache.set(quotas.key("running_instances"), 5)
        if quotas.count("running_instances") == 0:
            quotas.require("running_instances")
        else:
            with pytest.raises(QuotaExceeded):
                quotas.require("running_instances")


def test_what_is_remembered_is_the_tenants_own(acme):
    with use(acme):
        cache.set(quotas.key("running_instances"), 77)
    with use(twins.info("globex")):
        assert cache.get(quotas.key("running_instances")) != 77
    with use(acme):
        cache.delete(quotas.key("running_instances"))


@pytest.mark.parametrize(
    ("used", "limit", "level", "percent"),
    [
        (3, None, "unlimited", None),
        (0, 10, "fine", 0),
        (7, 10, "fine", 70),
        (8, 10, "near", 80),
        (10, 10, "full", 100),
        (11, 10, "over", 110),
        (0, 0, "full", 100),
    ],
)
def test_how_much_of_a_quota_is_used(used, limit, level, percent):
    use_of = Use("seats", used, limit)
    assert (use_of.level, use_of.percent) == (level, percent)


def test_all_that_is_counted_is_shown(acme):
    with use(having(acme, seats=100)):
        shown = {use.resource: use for use in quotas.uses()}
    assert set(shown) == {"seats", "api_tokens", "running_instances", "storage_bytes"}
    assert shown["seats"].limit == 100
    assert shown["api_tokens"].limit is None
