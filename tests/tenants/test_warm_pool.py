"""A schema that waits becomes a tenant's by another name, and none is left over."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import ProgrammingError, connection, connections

from kernel import clock
from tenants import fleet, provisioning, roles, scheduler
from tenants.context import use, use_control
from tenants.errors import ProvisioningFailed
from tenants.fleet import pool, revisions, scripts, templates, unborn
from tenants.models import Tenant, WarmSchema
from tenants.scheduling import upkeep
from tests import twins
from tests.tenants import seeds

State = WarmSchema.State
NOTE = "tests.tenants.seeds.note"
BREAK = "tests.tenants.seeds.break_down"
SOON = (0.0, 0.0, 0.0)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh_seeds() -> None:
    seeds.calls.clear()
    seeds.faults.update(left=0, error=RuntimeError("the seed step broke"))


def order(slug: str = "newcomer") -> dict[str, str]:
    return {
        "slug": slug,
        "name": slug.title(),
        "owner_email": f"operator@{slug}.test",
    }


def waiting() -> list[WarmSchema]:
    with use_control():
        return list(WarmSchema.objects.filter(state=State.READY))


def asked(statement: str, *values: object) -> list[tuple[object, ...]]:
    with use_control(), connection.cursor() as cursor:
        return list(cursor.execute(statement, values).fetchall())


def schemas(letter: str) -> set[object]:
    found = asked("SELECT nspname FROM pg_namespace WHERE nspname ~ %s", f"^{letter}_")
    return {name for (name,) in found}


def roles_there() -> set[object]:
    found = asked("SELECT rolname FROM pg_roles WHERE rolname ~ '^r_[a-z2-7]{12}$'")
    return {name for (name,) in found}


def orphans() -> tuple[set[object], set[object]]:
    """Return schemas and roles that belong to no tenant and do not wait."""
    with use_control():
        known = set(Tenant.objects.values_list("schema_name", flat=True))
        here = set(Tenant.objects.values_list("db_role", flat=True))
        known |= set(WarmSchema.objects.values_list("schema_name", flat=True))
    made = {role for role in roles_there() if is_of_this_database(role)}
    warm = {row.db_role for row in waiting()}
    return (schemas("[tw]") - known, made - here - warm)


def is_of_this_database(role: object) -> bool:
    """Tell so by what hangs on a role: other test processes have theirs."""
    return bool(
        asked(
            "SELECT 1 FROM pg_shdepend d JOIN pg_database b ON b.oid = d.dbid"
            " JOIN pg_roles r ON r.oid = d.refobjid"
            " WHERE b.datname = current_database() AND r.rolname = %s LIMIT 1",
            role,
        )
    )


def test_wrm_1_the_pool_is_filled_to_its_target_and_not_beyond() -> None:
    assert pool.fill(2) == 2
    assert pool.fill(2) == 0
    assert len(waiting()) == 2
    assert {row.schema_name for row in waiting()} == schemas("w")


def test_a_schema_that_waits_has_the_tables_and_is_closed_to_its_role() -> None:
    pool.fill(1)
    (row,) = waiting()
    with use_control():
        found = scripts.read([row.schema_name, twins.info("acme").schema_name])
    assert len(set(found.values())) == 1
    may_enter = "SELECT has_schema_privilege(%s, %s, 'USAGE')"
    assert asked(may_enter, row.db_role, row.schema_name) == [(False,)]


def test_wrm2_a_new_tenant_takes_the_schema_and_its_role() -> None:
    pool.fill(1)
    (row,) = waiting()
    before = asked("SELECT %s::regnamespace::oid", row.schema_name)
    tenant = provisioning.provision(**order(), seed=[NOTE])
    assert asked("SELECT %s::regnamespace::oid", tenant.schema_name) == before
    assert tenant.db_role == row.db_role
    with use(tenant):
        assert Group.objects.filter(name="of operator@newcomer.test").exists()
    assert waiting() == []
    assert schemas("w") == set()
    assert orphans() == (set(), set())


def test_a_tenant_of_the_pool_has_the_rights_of_every_other() -> None:
    pool.fill(1)
    provisioning.provision(**order(), seed=[])
    told = (
        "SELECT c.relname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a"
        " JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE c.relnamespace = %s::regnamespace AND r.rolname = %s ORDER BY 1, 2"
    )
    acme, newcomer = twins.info("acme"), twins.info("newcomer")
    rights = asked(told, newcomer.schema_name, newcomer.db_role)
    assert len(rights) > 200
    assert rights == asked(told, acme.schema_name, acme.db_role)
    to_come = (
        "SELECT pg_get_userbyid(defaclrole), defaclobjtype, array_length(defaclacl, 1)"
        " FROM pg_default_acl WHERE defaclnamespace = %s::regnamespace ORDER BY 2"
    )
    assert asked(to_come, newcomer.schema_name) == asked(to_come, acme.schema_name)


def test_wrm3_nobody_waits_for_the_pool() -> None:
    tenant = provisioning.provision(**order(), seed=[])
    assert tenant.state == "active"
    with use_control():
        assert not WarmSchema.objects.exists()


def test_a_tenant_that_has_a_schema_claims_none() -> None:
    pool.fill(1)
    assert not fleet.claim(twins.info("acme"))
    assert len(waiting()) == 1


def test_a_schema_of_another_revision_is_never_claimed_and_goes() -> None:
    pool.fill(1)
    with use_control():
        WarmSchema.objects.update(revision="older")
    tenant = provisioning.provision(**order(), seed=[])
    assert tenant.db_role not in {row.db_role for row in waiting()}
    assert len(waiting()) == 1
    pool.fill(1)
    (row,) = waiting()
    assert row.revision != "older"
    assert schemas("w") == {row.schema_name}
    assert orphans() == (set(), set())


def test_a_schema_whose_role_has_other_rights_than_the_code_gives_is_never_claimed(
    monkeypatch,
) -> None:
    """A release may take a right away without any migration."""
    pool.fill(1)
    (old,) = waiting()
    with monkeypatch.context() as patch:
        taken = (*roles.protected(), ("accounts_user", "DELETE"))
        patch.setattr(roles, "protected", lambda: taken)
        revisions.of_code.cache_clear()
        fleet.compile_template()
        tenant = provisioning.provision(**order(), seed=[])
        assert tenant.db_role != old.db_role
        allowed = "SELECT has_table_privilege(%s, %s, 'DELETE')"
        table = f"{tenant.schema_name}.accounts_user"
        assert asked(allowed, tenant.db_role, table) == [(False,)]
        pool.fill(0)
        assert waiting() == []
    revisions.of_code.cache_clear()


@pytest.mark.parametrize("what", ["schema", "role"])
def test_a_row_whose_schema_or_role_is_gone_stops_no_order_and_goes(what: str) -> None:
    """A database that is restored elsewhere has the rows, and no roles."""
    pool.fill(1)
    (row,) = waiting()
    with use_control(), connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA {row.schema_name} CASCADE")
        if what == "role":
            cursor.execute(f"DROP ROLE {row.db_role}")
            cursor.execute(f"CREATE SCHEMA {row.schema_name}")
    tenant = provisioning.provision(**order(), seed=[], pauses=SOON)
    assert (tenant.state, tenant.db_role == row.db_role) == ("active", False)
    assert pool.fill(1) == 1
    assert row.schema_name not in {one.schema_name for one in waiting()}
    assert orphans() == (set(), set())


def test_what_the_database_keeps_stops_neither_the_pool_nor_the_tick(settings) -> None:
    """A role may be held by a copy of the database beside it."""
    settings.TENANT_WARM_TARGET = 1
    pool.fill(1)
    (row,) = waiting()
    with use_control(), connection.cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {row.db_role}")
        WarmSchema.objects.update(revision="older")
    try:
        assert pool.fill(1) == 1
        with use_control():
            assert WarmSchema.objects.filter(pk=row.pk).exists()
    finally:
        with use_control(), connection.cursor() as cursor:
            cursor.execute(f"REVOKE ALL ON SCHEMA public FROM {row.db_role}")
    pool.fill(1)
    with use_control():
        assert not WarmSchema.objects.filter(pk=row.pk).exists()


def test_a_pool_that_cannot_be_filled_stops_no_tick(settings, monkeypatch) -> None:
    settings.TENANT_WARM_TARGET = 1

    def refuse(*args: object, **kwargs: object) -> None:
        raise ProgrammingError("permission denied to create role")

    monkeypatch.setattr(roles, "ensure", refuse)
    scheduler.tick()
    assert waiting() == []


@pytest.mark.parametrize(
    "breaks", ["ensure", "replay", "protect"], ids=["role", "tables", "rights"]
)
def test_what_a_killed_building_leaves_is_dropped_after_a_while(
    monkeypatch, breaks: str
) -> None:
    def die(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(templates if breaks == "replay" else roles, breaks, die)
        with pytest.raises(KeyboardInterrupt):
            pool.fill(1)
    assert waiting() == []
    # It may still be at work, so another is not made either.
    assert pool.fill(1) == 0
    age(timedelta(minutes=16))
    assert pool.fill(1) == 1
    assert schemas("w") == {row.schema_name for row in waiting()}
    assert orphans() == (set(), set())


def age(by: timedelta) -> None:
    with use_control():
        WarmSchema.objects.update(state_since=clock.now() - by)


def test_what_a_killed_compilation_leaves_is_dropped_after_a_while() -> None:
    with use_control():
        roles.make_schema(unborn.info_of(unborn.begun()))
    assert len(schemas("w")) == 1
    age(timedelta(minutes=16))
    pool.fill(0)
    assert schemas("w") == set()


def test_a_process_killed_after_the_claim_is_followed_by_another() -> None:
    pool.fill(1)
    run = provisioning.begin(**order(), seed=[NOTE], background=False)
    assert fleet.claim(twins.info("newcomer"))
    assert provisioning.drive(run.pk, pauses=SOON).state == "done"
    with use(twins.info("newcomer")):
        assert Group.objects.filter(name="of operator@newcomer.test").exists()
    assert orphans() == (set(), set())


def test_what_was_claimed_and_could_not_be_finished_is_dropped_whole() -> None:
    pool.fill(1)
    seeds.faults["left"] = 9
    with pytest.raises(ProvisioningFailed):
        provisioning.provision(**order(), seed=[BREAK], pauses=SOON)
    assert schemas("w") == set()
    assert orphans() == (set(), set())


def at_once(what: Callable[[str], object], slugs: list[str]) -> list[object]:
    def one(slug: str) -> object:
        try:
            return what(slug)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(slugs)) as executor:
        return list(executor.map(one, slugs))


def test_of_many_orders_at_once_each_gets_a_schema_of_its_own() -> None:
    pool.fill(2)
    slugs = [f"newcomer-{number}" for number in range(5)]
    at_once(lambda slug: provisioning.provision(**order(slug), seed=[NOTE]), slugs)
    infos = [twins.info(slug) for slug in slugs]
    assert {info.state for info in infos} == {"active"}
    assert len({info.db_role for info in infos}) == len(slugs)
    for info in infos:
        with use(info):
            assert Group.objects.filter(name__startswith="of operator@").count() == 1
    assert schemas("w") == set()
    assert orphans() == (set(), set())


def test_a_claimed_row_is_forgotten_after_a_day() -> None:
    pool.fill(1)
    provisioning.provision(**order(), seed=[])
    with use_control():
        assert WarmSchema.objects.get().state == State.CLAIMED
    pool.fill(0)
    with use_control():
        assert WarmSchema.objects.count() == 1
    age(timedelta(hours=25))
    pool.fill(0)
    with use_control():
        assert not WarmSchema.objects.exists()


def test_a_tick_without_celery_fills_the_pool_every_twenty_seconds(settings) -> None:
    settings.TENANT_WARM_TARGET = 1
    scheduler.tick()
    assert len(waiting()) == 1
    provisioning.provision(**order(), seed=[])
    scheduler.tick()
    assert waiting() == []
    with use_control():
        upkeep.Chore.objects.filter(name="warm").update(next_due=clock.now())
    scheduler.tick()
    assert len(waiting()) == 1


def test_a_pool_of_none_asks_for_nothing(settings, monkeypatch) -> None:
    settings.TENANT_WARM_TARGET = 0
    monkeypatch.setattr(upkeep.fleet, "fill_pool", pytest.fail)
    scheduler.tick()
