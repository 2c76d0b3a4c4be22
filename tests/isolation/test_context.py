"""Which tenant code works for: one ContextVar, and nothing means nothing."""

import threading
from dataclasses import replace

import pytest
from django.db import connection, transaction

from accounts.models import User
from tenants.context import (
    CONTROL,
    NoTenantError,
    TenantInfo,
    bind,
    current,
    current_or_none,
    current_tenant,
    use,
    use_control,
)
from tenants.db.base import ContextApplyError
from tenants.errors import TenantUnknown
from tenants.models import Tenant


def schema() -> str:
    with connection.cursor() as cursor:
        return cursor.execute("SELECT current_schema()").fetchone()[0]


def test_a_query_without_a_context_raises_and_sends_nothing(db):
    with pytest.raises(NoTenantError):
        User.objects.count()


def test_a_cursor_without_a_context_is_refused(db):
    with pytest.raises(NoTenantError):
        connection.cursor()


def test_a_cursor_opened_for_one_tenant_never_runs_for_another(acme, globex):
    with use(acme):
        cursor = connection.cursor()
    with use(globex):
        cursor.execute("SELECT current_schema()")
        assert cursor.fetchone() == (globex.schema_name,)
    with pytest.raises(NoTenantError):
        cursor.execute("SELECT 1")


def test_each_context_reads_its_own_schema(acme, globex):
    with use(acme):
        assert schema() == acme.schema_name
        with use(globex):
            assert schema() == globex.schema_name
        assert schema() == acme.schema_name
    with use_control():
        assert schema() == "public"


def test_the_public_schema_is_not_on_a_tenants_path(in_acme):
    with connection.cursor() as cursor:
        assert cursor.execute("SHOW search_path").fetchone() == (
            f'"{in_acme.schema_name}", ext',
        )


def test_the_path_is_set_again_after_a_rollback(acme, globex):
    with use(acme):
        assert schema() == acme.schema_name
    with use(globex), transaction.atomic():
        assert schema() == globex.schema_name
        transaction.set_rollback(True)
    with use(acme):
        assert schema() == acme.schema_name
    with use(globex):
        assert schema() == globex.schema_name


def test_staying_in_one_tenant_sends_the_context_once(in_acme):
    User.objects.count()
    assert connection._applied == in_acme
    twin = replace(in_acme)
    connection._applied = twin
    User.objects.count()
    assert connection._applied is twin


@pytest.mark.django_db(transaction=True)
def test_a_tenant_whose_schema_is_gone_cannot_be_entered(acme):
    lost = TenantInfo(**{name: getattr(acme, name) for name in TenantInfo.__slots__})
    object.__setattr__(lost, "schema_name", "t_aaaaaaaaaaaa")
    with use(lost), pytest.raises(ContextApplyError):
        User.objects.count()
    with use(acme):
        assert schema() == acme.schema_name


def test_leaving_resets_the_context_also_after_an_error(acme):
    with pytest.raises(ZeroDivisionError), use(acme):
        raise ZeroDivisionError
    assert current_or_none() is None


def test_the_control_plane_is_no_tenant():
    with use_control():
        assert current() is CONTROL
        with pytest.raises(NoTenantError):
            current_tenant()


def test_a_decorated_function_enters_at_each_call(acme, globex):
    @use(acme)
    def inside():
        return current()

    with use(globex):
        assert inside() == acme
        assert current() == globex


def test_a_bare_thread_has_no_tenant_and_a_bound_function_keeps_it(acme):
    seen = []
    with use(acme):
        bare = threading.Thread(target=lambda: seen.append(current_or_none()))
        bound = threading.Thread(target=bind(lambda: seen.append(current_or_none())))
        bare.start()
        bare.join()
        bound.start()
        bound.join()
    assert seen == [None, acme]


def test_two_threads_in_two_tenants_do_not_meet(acme, globex):
    barrier = threading.Barrier(2)
    seen = {}

    def work(tenant: TenantInfo) -> None:
        with use(tenant):
            barrier.wait(5)
            seen[tenant.slug] = current()
            barrier.wait(5)

    threads = [threading.Thread(target=work, args=[t]) for t in (acme, globex)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"acme": acme, "globex": globex}


@pytest.mark.django_db(transaction=True)
def test_what_runs_after_the_commit_runs_in_the_context_of_its_registration(
    acme, globex
):
    seen = []
    with (
        use(globex),
        transaction.atomic(),
        use(acme, same_transaction=True),
    ):
        transaction.on_commit(lambda: seen.append(current()))
    assert seen == [acme]


@pytest.mark.parametrize("name", ["public", "T_X", "a;b", 'a"b', "", "1a", "a" * 64])
def test_no_tenant_lives_in_a_schema_of_such_a_name(acme, name):
    values = {field: getattr(acme, field) for field in TenantInfo.__slots__}
    with pytest.raises(ValueError, match="schema"):
        TenantInfo(**{**values, "schema_name": name})


def test_the_interface_of_django_tenants_sets_the_same_context(acme):
    with use_control():
        connection.set_tenant(acme)
        assert current() == acme
        connection.set_schema_to_public()
        assert current() is CONTROL
        connection.set_schema(acme.schema_name)
        assert current() == acme
        assert connection.schema_name == acme.schema_name
        connection.set_schema("public")
        assert current() is CONTROL
        with pytest.raises(TenantUnknown):
            connection.set_schema("t_nobodys12345")
        assert current() is CONTROL
    assert current_or_none() is None


def test_a_row_may_be_entered_from_anywhere(acme, globex) -> None:
    with use_control():
        row = Tenant.objects.get(slug="acme")
    with use(row):
        assert current() == acme
    with use(globex), use(row):
        assert current() == acme
    with pytest.raises(TypeError, match="Tenant or its TenantInfo, and not 'acme'"):
        use("acme").__enter__()
