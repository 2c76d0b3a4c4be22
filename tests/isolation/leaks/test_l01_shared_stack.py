"""L01: tenants swapped by the one stack of `with tenant:` that all threads share."""

import pytest
from django_tenants.models import TenantMixin

from tenants.carrying import upstream
from tenants.context import current_or_none, use, use_control
from tenants.models import Tenant
from tests.isolation.leaks.crossing import crossing, where


@pytest.fixture
def row(acme) -> Tenant:
    with use_control():
        return Tenant.objects.get(slug="acme")


def entering(row: Tenant):
    def block(wait) -> None:
        with row:
            assert wait()
            assert where() == row.schema_name

    return block


def test_two_threads_with_one_row_return_to_their_own_tenants(acme, globex, row):
    for first, second in ((acme, globex), (globex, acme)):
        places = crossing(entering(row), first, second)
        assert places == [first.schema_name, second.schema_name]
    assert current_or_none() is None


def test_two_threads_with_two_rows_return_to_their_own_tenants(acme, globex, row):
    with use_control():
        rows = [row, Tenant.objects.get(slug="globex")]

    def block(wait) -> None:
        mine = rows.pop()
        with mine:
            assert wait()
            assert where() == mine.schema_name

    assert crossing(block, acme, globex) == [acme.schema_name, globex.schema_name]


def test_an_error_in_one_thread_does_not_move_the_other(acme, globex, row) -> None:
    def block(wait) -> None:
        with pytest.raises(ZeroDivisionError), row:
            assert wait() / 0

    assert crossing(block, acme, globex) == [acme.schema_name, globex.schema_name]


def test_our_own_block_has_no_stack_to_share(acme, globex) -> None:
    def block(wait) -> None:
        with use(globex), use(acme):
            assert wait()
            assert where() == acme.schema_name

    assert crossing(block, acme, globex) == [acme.schema_name, globex.schema_name]


def test_no_tenant_keeps_who_entered_it(acme, row) -> None:
    with use(acme), row:
        assert TenantMixin._previous_tenant == []
        assert "_previous_tenant" not in vars(row)


def test_upstreams_stack_would_swap_the_tenants(acme, globex, row, monkeypatch):
    """The negative control: upstream's own code, in the same schedule."""
    for (owner, name), original in upstream.ORIGINALS.items():
        monkeypatch.setattr(owner, name, original)
    row.info = lambda: acme  # the thread is in no place to read the row's domains
    assert crossing(entering(row), acme, globex)[0] == globex.schema_name
