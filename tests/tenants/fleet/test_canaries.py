"""Who goes ahead: the named, else the marked, else the one with the fewest rows."""

import json

from tenants.context import use_control
from tenants.fleet import looking
from tenants.fleet.orders import Order
from tenants.models import OperatorEvent, Tenant
from tenants.states import State, change_state
from tests.tenants.fleet.bodies import ONE
from tests.tenants.fleet.conftest import row
from tests.tenants.test_command import fails, run


def canary() -> str:
    return str(looking.look(Order())[1].groups[0]["canary"])


def marks() -> list[tuple[str, str]]:
    with use_control():
        found = OperatorEvent.objects.filter(action__startswith="tenant.canary")
        return list(found.order_by("at").values_list("action", "actor"))


def test_mod_4_a_tenant_is_marked_and_the_book_says_who_did_it(acme) -> None:
    assert run("canary", "acme", "--dry-run") == (
        "acme: no canary -> canary (not done: --dry-run)\n"
    )
    assert not row(acme).is_canary
    assert run("canary", "acme", "--actor", "carol") == "acme: no canary -> canary\n"
    assert json.loads(run("canary", "acme", "--json")) == {
        "slug": "acme",
        "uuid": str(acme.uuid),
        "before": True,
        "canary": True,
        "changed": False,
        "dry_run": False,
    }
    assert json.loads(run("show", "acme", "--json"))["is_canary"] is True
    assert run("canary", "acme", "--off", "--actor", "carol").startswith("acme: canary")
    assert not row(acme).is_canary
    assert marks() == [
        ("tenant.canary_marked", "carol"),
        ("tenant.canary_unmarked", "carol"),
    ]


def test_the_marked_one_goes_ahead_unless_it_is_stopped(moves, acme, globex) -> None:
    moves(one=ONE)
    for slug, other in (("acme", "globex"), ("globex", "acme")):
        run("canary", slug)
        run("canary", other, "--off")
        assert canary() == slug
    change_state(row(globex), State.SUSPENDED, reason="Unpaid.", by="operator")
    assert canary() == "acme"


def test_who_has_no_tables_in_use_is_no_canary(acme) -> None:
    with use_control():
        live = Tenant.objects.get(slug="acme")
        Tenant.objects.create(slug="coming", state="provisioning")
        Tenant.objects.create(slug="acme-shadow", state="active", shadow_of=live)
    assert fails("canary", "acme-shadow") == (
        4,
        "acme-shadow is a shadow, which nobody uses.",
    )
    code, line = fails("canary", "coming", "--dry-run")
    assert (code, "has no schema" in line) == (4, True)
    assert fails("canary", "nobody")[0] == 3
    assert marks() == []
