"""A tenant gets another slug: nothing moves, and its old address leads on."""

import threading
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection

from kernel import clock
from tenants import provisioning
from tenants.context import use, use_control
from tenants.errors import MoveRefused, NameInvalid, SlugInvalid, SlugTaken
from tenants.life import renaming, slug_holds
from tenants.models import Domain, OperatorEvent, SlugHold, Tenant
from tenants.scheduling import upkeep
from tenants.states import State, change_state

DAY = timedelta(days=1)


def row(slug: str = "acme") -> Tenant:
    with use_control():
        return Tenant.objects.get(slug=slug)


def rename(slug: str, *, of: str = "acme", name: str = "") -> Tenant:
    return renaming.rename(row(of), slug=slug, name=name, by="operator")


def order(slug: str, *, key: str | None = None) -> None:
    provisioning.begin(
        slug=slug, name="New", owner_email="operator@newcomer.test", key=key
    )


def domains(tenant: Tenant) -> dict[str, bool]:
    with use_control():
        return dict(tenant.domains.values_list("domain", "is_primary"))


def test_nothing_but_slug_name_and_address_changes(acme, frozen_clock) -> None:
    with use(acme):
        cache.set("k", "v")
    after = rename("acme-new", name="Acme New")
    with use_control():
        info = after.info()
    assert (info.slug, info.name, info.primary_domain) == (
        "acme-new",
        "Acme New",
        "acme-new.localhost",
    )
    kept = ("uuid", "schema_name", "db_role", "storage_prefix", "generation")
    assert [getattr(info, name) for name in kept] == [
        getattr(acme, name) for name in kept
    ]
    assert domains(after) == {"acme.localhost": False, "acme-new.localhost": True}
    with use(info):
        assert cache.get("k") == "v"
    with use_control():
        event = OperatorEvent.objects.get(action="tenant.renamed")
        held = SlugHold.objects.get()
    assert (event.actor, event.args["before"], event.args["slug"]) == (
        "operator",
        "acme",
        "acme-new",
    )
    assert (held.slug, held.reason, held.tenant) == ("acme", "renamed", acme.uuid)
    assert held.until == clock.now() + 90 * DAY


def test_sgn_5_the_old_address_leads_to_the_new_one(acme, visitor) -> None:
    rename("acme-new")
    moved = visitor().get("/leave/?a=1")
    assert (moved.status_code, moved["Location"]) == (
        301,
        "http://acme-new.localhost:8000/leave/?a=1",
    )
    assert visitor("acme-new.localhost").get("/accounts/sign-in").status_code == 200


def test_a_domain_of_the_customers_own_stays_the_primary_one(acme) -> None:
    with use_control():
        Domain.objects.create(
            domain="acme.test",
            tenant=row(),
            kind=Domain.Kind.CUSTOM,
            is_primary=True,
            verified_at=clock.now(),
        )
    after = rename("acme-new")
    assert domains(after) == {
        "acme.test": True,
        "acme.localhost": False,
        "acme-new.localhost": False,
    }


def test_only_the_name_may_change(acme) -> None:
    after = rename("acme", name="Acme & Sons")
    assert (after.slug, after.name) == ("acme", "Acme & Sons")
    with use_control():
        assert not SlugHold.objects.exists()
    with pytest.raises(MoveRefused):
        rename("acme")


@pytest.mark.parametrize(
    ("slug", "error"),
    [
        ("globex", SlugTaken),
        ("admin", SlugInvalid),
        ("x", SlugInvalid),
        ("a--b", SlugInvalid),
        ("\u0430cme", SlugInvalid),
        ("acme\x00", SlugInvalid),
        ("a" * 33, SlugInvalid),
    ],
)
def test_a_slug_that_nobody_gets_changes_nothing(acme, globex, slug, error) -> None:
    with pytest.raises(error):
        rename(slug)
    with pytest.raises(NameInvalid):
        rename("acme-new", name="<b>")
    assert domains(row()) == {"acme.localhost": True}
    with use_control():
        assert not SlugHold.objects.exists()
        assert not OperatorEvent.objects.filter(action="tenant.renamed").exists()


@pytest.mark.parametrize("state", ["provisioning", "failed", "deleting", "purged"])
def test_a_tenant_that_begins_or_ends_is_not_renamed(acme, state: str) -> None:
    with use_control():
        Tenant.objects.filter(slug="acme").update(state=state)
    with pytest.raises(MoveRefused):
        rename("acme-new")


def test_a_suspended_tenant_stays_suspended(acme, visitor) -> None:
    change_state(row(), State.SUSPENDED, reason="Unpaid.", by="operator")
    rename("acme-new")
    assert visitor("acme-new.localhost").get("/").status_code == 423


# Holds


def test_sgn_5_nobody_else_gets_the_slug_for_ninety_days(
    acme, globex, frozen_clock
) -> None:
    rename("acme-new")
    clock.advance(90 * DAY - timedelta(seconds=1))
    with pytest.raises(SlugTaken):
        order("acme")
    with pytest.raises(SlugTaken):
        rename("acme", of="globex")
    with use_control():
        assert not Tenant.objects.filter(slug="acme").exists()
    assert domains(row("globex")) == {"globex.localhost": True}


def test_sgn_5_the_same_tenant_may_take_it_back(acme, visitor, frozen_clock) -> None:
    rename("acme-new")
    after = rename("acme", of="acme-new")
    assert domains(after) == {"acme.localhost": True, "acme-new.localhost": False}
    with use_control():
        held = [hold.slug for hold in SlugHold.objects.all()]
    assert held == ["acme-new"]
    assert visitor().get("/accounts/sign-in").status_code == 200
    assert visitor("acme-new.localhost").get("/").status_code == 301


def test_sgn_5_after_ninety_days_address_and_slug_are_free(
    acme, visitor, frozen_clock
) -> None:
    rename("acme-new")
    assert slug_holds.end_due() == 0
    clock.advance(90 * DAY)
    assert slug_holds.end_due() == 1
    assert slug_holds.end_due() == 0
    assert domains(row("acme-new")) == {"acme-new.localhost": True}
    assert visitor().get("/").status_code == 404
    with use_control():
        assert OperatorEvent.objects.filter(action="tenant.address_freed").count() == 1
    order("acme")


def test_the_end_of_a_hold_takes_nothing_from_who_has_the_slug_by_then(
    acme, globex, frozen_clock
) -> None:
    """The hold ended, and the sweep that says so is late."""
    rename("acme-new")
    clock.advance(90 * DAY)
    with use_control():
        Domain.objects.filter(domain="acme.localhost").delete()
    order("acme")
    assert slug_holds.end_due() == 1
    assert domains(row()) == {"acme.localhost": True}


def test_a_hold_that_was_made_anew_meanwhile_is_not_ended(acme, frozen_clock) -> None:
    rename("acme-new")
    clock.advance(90 * DAY)
    rename("acme", of="acme-new")
    rename("acme-new")
    assert slug_holds.end_due() == 0
    assert domains(row("acme-new"))["acme.localhost"] is False


def test_the_sweep_ends_holds(acme, frozen_clock) -> None:
    rename("acme-new")
    clock.advance(90 * DAY)
    upkeep.do_due()
    with use_control():
        assert not SlugHold.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_who_orders_a_slug_while_it_is_freed_meets_its_hold(acme) -> None:
    """The order waits for the rename, and looks at the holds only then."""
    outcome: list[str] = []
    has_written = threading.Event()

    def order_it() -> None:
        try:
            has_written.wait(20)
            order("acme")
            outcome.append("made")
        except SlugTaken:
            outcome.append("taken")
        finally:
            connection.close()

    in_truth = slug_holds.hold

    def slow(*args: object, **values: object) -> object:
        has_written.set()
        wait_for_a_waiter()
        return in_truth(*args, **values)

    thread = threading.Thread(target=order_it)
    thread.start()
    slug_holds.hold = slow
    try:
        rename("acme-new")
    finally:
        slug_holds.hold = in_truth
        thread.join(30)
    assert outcome == ["taken"]


def wait_for_a_waiter() -> None:
    """Return once another session waits for this transaction."""
    waits = """
    SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'
    """
    for _try in range(2000):
        with connection.cursor() as cursor:
            cursor.execute(waits)
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError
