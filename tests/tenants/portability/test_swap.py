"""PRT-7: a shadow beside the live tenant, and what a swap exchanges and ends."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import connection

from accounts.models import MailMessage, MfaDevice, User
from kernel.errors import ApplicationError
from leave.models import LeaveRequest
from tenants import finder, lookup, scheduler, signing
from tenants.celery import TenantTask
from tenants.context import use, use_control
from tenants.life import maintenance
from tenants.management import finding
from tenants.models import OperatorEvent, Tenant, WakeUp
from tenants.portability import swapping
from tenants.scheduling import sources
from tenants.signing import BadSignature
from tests.tenants.portability.conftest import LOGO, into, tenant
from workflow import verification
from workflow.models import ProcessInstance


@pytest.fixture(scope="module")
def shadow(acme_file: Path) -> Tenant:
    with use(tenant("acme")):
        LeaveRequest.objects.update(reason="Written after the export.")
    return into(acme_file, beside=tenant("acme"))


def test_prt_7_a_shadow_is_of_its_live_tenant_and_reachable_by_nobody(shadow) -> None:
    with use_control():
        assert shadow.shadow_of == tenant("acme")
        assert not shadow.domains.exists()
        assert not WakeUp.objects.filter(tenant=shadow).exists()
    with use(shadow):
        assert ProcessInstance.objects.count() == 3
        assert not LeaveRequest.objects.filter(reason__startswith="Written").exists()
        assert verification.verify().findings == []


def test_prt_7_a_shadow_keeps_credentials_and_sends_nothing(shadow) -> None:
    with use(shadow):
        assert MfaDevice.objects.exists()
        assert User.objects.get(username="alice").check_password("open")
        assert not MailMessage.objects.exists()
        assert sources.run().total == 0
        assert sources.next_due() is None


def test_prt_7_no_tick_works_for_a_shadow(shadow) -> None:
    with use(shadow):
        scheduler.arm(shadow.created_at)
    with use_control():
        assert str(shadow.uuid) not in scheduler.tick().ran


def test_nobody_is_told_of_a_shadow_and_no_command_goes_over_it(shadow) -> None:
    with use_control():
        named = [found.slug for found in finder.workspaces_of("alice@acme.test")]
        assert named == ["acme"]
    assert "acme" in {found.slug for found in finding.all_served()}
    assert shadow.slug not in {found.slug for found in finding.all_served()}


def test_a_task_for_a_shadow_is_refused(shadow) -> None:
    with use_control():
        refusal = TenantTask().judge_state(shadow.info())
    assert refusal is not None
    assert refusal.detail == "the tenant is a shadow"


def test_an_archive_of_another_tenant_makes_no_shadow(acme_file) -> None:
    with pytest.raises(ApplicationError) as caught:
        into(acme_file, beside=tenant("globex"))
    assert caught.value.code == "archive_of_another"


def test_two_tenants_that_are_strangers_are_not_swapped(world) -> None:
    for pair in (("acme", "globex"), ("acme", "acme")):
        with pytest.raises(ApplicationError) as caught:
            swapping.swap(*map(tenant, pair), by="tests")
        assert caught.value.code == "swap_refused"


@pytest.fixture
def swapped(shadow):
    """Swap, and swap back after the test."""
    with use(tenant("acme")):
        cache.set("key", "cached before", None)
        before = signing.dumps("signed before"), tenant("acme")
    done = swapping.swap(tenant("acme"), shadow, by="tests", heard_seconds=0)
    yield done, before
    swapping.swap(done.live, done.shadow, by="tests", heard_seconds=0)


def test_prt_7_a_swap_exchanges_schema_role_and_files_and_nothing_else(swapped) -> None:
    done, (_signed, before) = swapped
    live, shadow = done.live, done.shadow
    assert (live.uuid, live.slug) == (before.uuid, "acme")
    assert live.schema_name != before.schema_name == shadow.schema_name
    assert live.db_role != before.db_role == shadow.db_role
    assert live.storage_prefix != before.storage_prefix == shadow.storage_prefix
    assert live.maintenance_until is None
    with use(live):
        assert not LeaveRequest.objects.filter(reason__startswith="Written").exists()
        assert ProcessInstance.objects.count() == 3
        assert verification.verify().findings == []
        with default_storage.open(LOGO) as file:
            assert file.read() == b"a picture"
    with use(shadow):
        assert LeaveRequest.objects.filter(reason__startswith="Written").exists()
        assert verification.verify().findings == []


def test_l16_after_a_swap_nothing_cached_or_signed_before_counts(swapped) -> None:
    done, (signed, before) = swapped
    assert done.live.generation == before.generation + 1
    with use(done.live):
        assert cache.get("key") is None
        with pytest.raises(BadSignature):
            signing.loads(signed)


def test_a_swap_is_in_the_book_of_both(swapped) -> None:
    done, _before = swapped
    with use_control():
        events = OperatorEvent.objects.filter(action="tenant.swapped")
        assert {done.live.uuid, done.shadow.uuid} <= set(
            events.values_list("tenant", flat=True)
        )


def test_a_process_that_remembers_the_former_schema_is_refused_by_its_comment(
    shadow,
) -> None:
    remembered = lookup.by_uuid(tenant("acme").uuid)
    done = swapping.swap(tenant("acme"), shadow, by="tests", heard_seconds=0)
    connection.close()
    with use(remembered), pytest.raises(ApplicationError) as caught:
        User.objects.count()
    assert caught.value.code == "tenant_unavailable"
    swapping.swap(done.live, done.shadow, by="tests", heard_seconds=0)


def test_a_swap_ends_no_maintenance_and_starts_no_due_work_in_it(shadow) -> None:
    begun = maintenance.begin(tenant("acme"), lasting=timedelta(hours=1), by="tests")
    try:
        done = swapping.swap(tenant("acme"), shadow, by="tests", heard_seconds=0)
        assert done.live.maintenance_until == begun.maintenance_until
        with use_control():
            due = WakeUp.objects.get(tenant=done.live)
        assert due.lease_until == begun.maintenance_until
        swapping.swap(done.live, done.shadow, by="tests", heard_seconds=0)
    finally:
        maintenance.end(tenant("acme"), by="tests")
    with use_control():
        assert WakeUp.objects.get(tenant=tenant("acme")).lease_until is None
