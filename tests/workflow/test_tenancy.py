"""Whose rows they are: stamped from the context, filtered, and never crossed."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from kernel.append_only import WrittenOnce
from tenants.context import use
from tests.workflow.processes import approval, install, sent_for_approval, start
from workflow import tenancy
from workflow.errors import TenantMismatch
from workflow.models import AuditEvent, Process, ProcessInstance, Timer, WorkItem
from workflow.models.work_item import STATUSES


def test_every_row_is_stamped_with_the_tenant_of_the_context(in_acme, alice, bob):
    install(approval())
    item = sent_for_approval(alice, bob)
    for model in (Process, ProcessInstance, WorkItem, Timer, AuditEvent):
        found = set(model.objects.values_list("tenant_id", flat=True))
        assert found == {str(in_acme.uuid)}, model
    assert item.tenant_id == str(in_acme.uuid)


def test_a_row_of_another_tenant_is_not_saved(acme, globex, alice):
    with use(acme):
        install(approval())
        item = start(alice)
    with use(globex), pytest.raises(TenantMismatch):
        WorkItem(tenant_id=item.tenant_id).save()


def test_equal_keys_in_two_tenants_are_two_rows(acme, globex, alice, person):
    with use(acme):
        install(approval())
        mine = start(alice)
    with use(globex):
        install(approval())
        other = start(person("alice", globex))
        assert other.tenant_id != mine.tenant_id
        assert not WorkItem.objects.filter(tenant_id=mine.tenant_id).exists()


def test_r77_the_filter_may_be_a_path_or_a_function(in_acme, alice, bob, settings):
    install(approval())
    item = sent_for_approval(alice, bob)
    assert item in WorkItem.objects.visible_to(alice)

    settings.GOFLOW_TENANT_FILTER = lambda queryset, request=None, user=None: (
        queryset.none()
    )
    assert not WorkItem.objects.visible_to(alice).exists()
    assert not ProcessInstance.objects.visible_to(alice).exists()
    assert not Process.objects.visible_to(alice).exists()


def test_r77_a_hook_that_fails_answers_with_nothing(in_acme, alice, bob, settings):
    install(approval())
    sent_for_approval(alice, bob)

    def fails(queryset, request=None, user=None):
        raise ValueError("broken")

    settings.GOFLOW_TENANT_FILTER = fails
    with pytest.raises(ValueError, match="broken"):
        WorkItem.objects.visible_to(alice)
    settings.GOFLOW_TENANT_FILTER = lambda queryset, **_: list(queryset)
    with pytest.raises(TenantMismatch):
        WorkItem.objects.visible_to(alice)


def test_r78_the_hooks_get_the_user(in_acme, alice, settings):
    seen = []

    def remembers(queryset, request=None, user=None):
        seen.append(user)
        return tenancy.filter_queryset(queryset)

    settings.GOFLOW_TENANT_FILTER = remembers
    assert isinstance(WorkItem.objects.visible_to(alice), QuerySet)
    assert seen == [alice]


def test_a_resolver_that_names_another_tenant_is_refused(in_acme, globex, settings):
    settings.GOFLOW_TENANT_RESOLVER = lambda request=None, user=None: {
        "tenant_id": str(globex.uuid),
        "org_id": None,
    }
    with pytest.raises(TenantMismatch):
        install(approval(code="other"))


def test_an_organisation_of_the_resolver_is_kept(in_acme, alice, settings):
    install(approval())
    settings.GOFLOW_TENANT_RESOLVER = lambda request=None, user=None: {
        "tenant_id": str(in_acme.uuid),
        "org_id": "north",
    }
    item = start(alice)
    row = WorkItem.objects.get(pk=item.pk)
    assert (row.org_id, row.instance.org_id) == ("north", "north")


def test_r99_an_audit_event_is_never_changed_or_removed(in_acme, alice):
    install(approval())
    start(alice)
    event = AuditEvent.objects.first()
    for change in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(action="x"),
        lambda: AuditEvent.objects.bulk_update([event], ["action"]),
    ):
        with pytest.raises(WrittenOnce):
            change()


def test_only_known_states_can_be_stored(in_acme, alice):
    install(approval())
    item = start(alice)
    for status in STATUSES:
        WorkItem.objects.filter(pk=item.pk).update(status=status)
    with pytest.raises(IntegrityError), transaction.atomic():
        WorkItem.objects.filter(pk=item.pk).update(status="waiting")


def test_without_audit_nothing_is_written(in_acme, alice, bob, settings):
    settings.GOFLOW_AUDIT_ENABLED = False
    before = AuditEvent.objects.count()
    install(approval(code="quiet"))
    item = start(alice, "quiet")
    item.activate(alice)
    item.complete(alice)
    assert item.status == "complete"
    assert AuditEvent.objects.count() == before
