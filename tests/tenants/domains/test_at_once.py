"""DOM-3 and DOM-5 where two act in the same instant: one wins, and nothing hangs."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection, connections

from kernel.errors import ApplicationError
from tenants import domains
from tenants.context import use_control
from tenants.domains import Stage, rechecking, stage
from tenants.models import Domain
from tests.tenants.domains.conftest import SHOP, World, claim, row_of, verify

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run the acts in threads that start together; return what each gave or raised."""
    gate = Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(number: int, act: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[number] = act()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[number] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=one) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return results


@use_control()
def stages(name: str = SHOP) -> list[Stage]:
    return sorted(stage(row) for row in Domain.objects.filter(domain=name))


def test_dom_3_of_two_who_verify_at_once_one_wins(world: World, acme, globex) -> None:
    for number in range(4):
        name = f"shop{number}.test"
        claims = [claim(acme, name), claim(globex, name)]
        both = [f'"{domains.record_value(one.verification_token)}"' for one in claims]
        world.set(domains.record_name(name), "TXT", *both)
        results = at_once(*(lambda one=one: verify(one) for one in claims))
        won = [one for one in results if isinstance(one, domains.Checked)]
        lost = [one for one in results if isinstance(one, ApplicationError)]
        assert (len(won), len(lost)) == (1, 1), results
        assert (lost[0].status, lost[0].code) == (409, "domain_taken")
        assert stages(name) == [Stage.CLAIMED, Stage.VERIFIED]


def test_two_claims_of_one_tenant_at_once_are_one(world: World, acme) -> None:
    row = row_of(acme)
    results = at_once(*[lambda: domains.claim(tenant=row, name=SHOP, by="tests")] * 4)
    assert {one.verification_token for one in results if isinstance(one, Domain)} == {
        one.verification_token for one in results
    }
    assert stages() == [Stage.CLAIMED]


def test_two_names_made_primary_at_once_leave_one(world: World, acme, owned) -> None:
    rows = [owned(acme, "one.test"), owned(acme, "two.test")]
    for _ in range(3):
        results = at_once(
            *(lambda one=one: domains.make_primary(one, by="tests") for one in rows)
        )
        assert all(isinstance(one, Domain) for one in results), results
        with use_control():
            found = Domain.objects.filter(tenant__uuid=acme.uuid, is_primary=True)
            assert found.count() == 1


def test_dom_5_who_verifies_while_another_removes_waits(
    world: World, acme, globex, owned
) -> None:
    theirs = claim(globex)
    mine = owned(acme)
    both = [
        f'"{domains.record_value(one.verification_token)}"' for one in (mine, theirs)
    ]
    world.set(domains.record_name(SHOP), "TXT", *both)
    _removed, error = at_once(
        lambda: domains.remove(mine, by="tests"), lambda: verify(theirs)
    )
    assert isinstance(error, ApplicationError)
    assert error.code in {"domain_taken", "domain_cooling"}
    assert stages() == [Stage.CLAIMED, Stage.RELEASED]


def test_a_name_is_removed_by_one_of_two(world: World, acme, primary) -> None:
    domain = primary(acme)
    results = at_once(*[lambda: domains.remove(domain, by="tests")] * 2)
    assert sorted(type(one).__name__ for one in results) == [
        "DomainUnknown",
        "datetime",
    ]


def test_two_rounds_at_once_look_at_different_names(world: World, acme, owned) -> None:
    for number in range(6):
        owned(acme, f"shop{number}.test")
    with use_control():
        Domain.objects.filter(kind="custom").update(check_due="2020-01-01T00:00:00Z")

    @use_control()
    def taken() -> list[str]:
        return [row.domain for row in rechecking.take_due(4)]

    first, second = at_once(taken, taken)
    assert not set(first) & set(second)
    assert connections["default"].in_atomic_block is False
