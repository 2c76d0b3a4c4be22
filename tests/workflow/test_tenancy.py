"""Whose rows they are: stamped from the context, filtered, and never crossed."""

from contextlib import nullcontext
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from accounts.models import User
from kernel.append_only import WrittenOnce
from kernel.errors import ApplicationError
from tenants.context import CONTROL_UUID, use, use_control
from tests.workflow.processes import (
    approval,
    document,
    install,
    sent_for_approval,
    start,
)
from workflow import audit, tenancy
from workflow.errors import TenantFunctionWrong, TenantMismatch, WorkItemConflict
from workflow.models import (
    Activity,
    AuditEvent,
    Process,
    ProcessInstance,
    Timer,
    WorkItem,
)
from workflow.models.work_item import STATUSES
from workflow.publishing import install_process


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


def fails(*args, **kwargs):
    raise ValueError("broken")


#: What a filter must not answer; none of it shows a row.
WRONG_FILTERS = {
    "fails": fails,
    "nothing": lambda queryset, **_: None,
    "everything": lambda queryset, **_: True,
    "a list": lambda queryset, **_: list(queryset),
    "rows of another model": lambda queryset, **_: User.objects.all(),
    "values": lambda queryset, **_: queryset.values("pk"),
    "a model": lambda queryset, **_: queryset.model,
}


@pytest.mark.parametrize("wrong", WRONG_FILTERS)
@pytest.mark.parametrize("model", [Process, ProcessInstance, WorkItem, AuditEvent])
def test_r77_a_filter_that_is_wrong_answers_with_nothing(
    in_acme, alice, settings, wrong, model
):
    install(approval())
    start(alice)
    settings.GOFLOW_TENANT_FILTER = WRONG_FILTERS[wrong]
    with pytest.raises(TenantFunctionWrong):
        model.objects.visible_to(alice)


def unfiltered(queryset, request=None, user=None):
    return queryset.model._base_manager.all()


def test_a_filter_can_only_take_rows_away(in_acme, globex, alice, bob, settings):
    install(approval())
    other = sent_for_approval(alice, bob)
    item = sent_for_approval(alice, bob)
    estrange(WorkItem, other.pk, globex)
    settings.GOFLOW_TENANT_FILTER = unfiltered
    assert not WorkItem.objects.visible_to(bob).filter(pk=other.pk).exists()
    assert WorkItem.objects.filter(pk=item.pk).visible_to(bob).get() == item
    assert not WorkItem.objects.none().visible_to(bob).exists()


def estrange(model, key, tenant) -> None:
    """Give a row the stamp of another tenant, as no code of ours does."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET tenant_id = %s WHERE id = %s", [str(tenant.uuid), key]
        )


@pytest.mark.parametrize("model", [Process, ProcessInstance, WorkItem, Timer, Activity])
def test_a_row_with_the_stamp_of_another_tenant_is_not_there(
    in_acme, globex, alice, bob, model
):
    install(approval())
    sent_for_approval(alice, bob)
    row = model.objects.order_by("-id").first()
    there = model.objects.count()
    estrange(model, row.pk, globex)
    assert model.objects.count() == there - 1
    assert not model.objects.filter(pk=row.pk).exists()
    with pytest.raises(model.DoesNotExist):
        model.objects.get(pk=row.pk)


def test_a_step_writes_nothing_where_the_instance_has_the_stamp_of_another(
    in_acme, globex, alice, bob, settings
):
    settings.GOFLOW_STEP_RETRIES = 0
    install(approval())
    item = sent_for_approval(alice, bob)
    estrange(ProcessInstance, item.instance_id, globex)
    before = AuditEvent.objects.count()
    with pytest.raises(WorkItemConflict):
        item.activate(bob)
    assert AuditEvent.objects.count() == before
    assert WorkItem.objects.get(pk=item.pk).status == "inactive"


def test_no_way_of_writing_gives_a_row_the_stamp_of_another(
    in_acme, globex, alice, bob
):
    install(approval())
    item = sent_for_approval(alice, bob)
    foreign = str(globex.uuid)
    copy = WorkItem.objects.get(pk=item.pk)
    copy.tenant_id = foreign
    rows = WorkItem.objects.filter(pk=item.pk)
    for write in (
        copy.save,
        lambda: copy.save_base(raw=True),
        lambda: rows.update(tenant_id=foreign),
        lambda: WorkItem.objects.bulk_update([copy], ["tenant_id"]),
        lambda: WorkItem.objects.bulk_create([WorkItem(tenant_id=foreign)]),
        lambda: Process.objects.create(tenant_id=foreign, title="x", code="x"),
        lambda: AuditEvent.objects.create(tenant_id=foreign, action="x", seq=99),
    ):
        with pytest.raises(TenantMismatch), transaction.atomic():
            write()
    assert WorkItem.objects.get(pk=item.pk).tenant_id == str(in_acme.uuid)


def test_r78_the_hooks_get_the_user(in_acme, alice, settings):
    seen = []

    def remembers(queryset, request=None, user=None):
        seen.append(user)
        return tenancy.filter_queryset(queryset)

    settings.GOFLOW_TENANT_FILTER = remembers
    assert isinstance(WorkItem.objects.visible_to(alice), QuerySet)
    assert seen == [alice]


#: What a resolver must not answer.
WRONG_RESOLVERS = {
    "fails": fails,
    "nothing": lambda **_: None,
    "no tenant": lambda **_: {"org_id": None},
    "an empty tenant": lambda **_: {"tenant_id": None, "org_id": None},
    "a word": lambda **_: "acme",
    "the control plane": lambda **_: {"tenant_id": str(CONTROL_UUID)},
    "another tenant": lambda **_: {"tenant_id": str(UUID(int=7)), "org_id": None},
    "a number as org": lambda **_: {**tenancy.resolve(), "org_id": 7},
    "an org too long": lambda **_: {**tenancy.resolve(), "org_id": "x" * 101},
}


@pytest.mark.parametrize("wrong", WRONG_RESOLVERS)
def test_nothing_is_written_where_the_resolver_is_wrong(
    in_acme, alice, bob, settings, wrong
):
    install(approval())
    item = sent_for_approval(alice, bob)
    about = document(alice)
    before = {model: rows_of(model) for model in MODELS}
    settings.GOFLOW_TENANT_RESOLVER = WRONG_RESOLVERS[wrong]
    for write in (
        lambda: install(approval(code="other")),
        lambda: ProcessInstance.objects.start("test", alice, about),
        lambda: item.activate(bob),
        lambda: AuditEvent.objects.create(action="x", seq=99),
        lambda: audit.record("x", by=alice),
        lambda: WorkItem.objects.bulk_create([WorkItem()]),
    ):
        with pytest.raises(TenantMismatch), transaction.atomic():
            write()
    assert {model: rows_of(model) for model in MODELS} == before


MODELS = (Process, ProcessInstance, WorkItem, AuditEvent, Timer, Activity)


def rows_of(model) -> list:
    return list(model.objects.order_by("pk").values())


@pytest.mark.parametrize("nowhere", [nullcontext, use_control])
def test_without_a_tenant_nothing_is_stamped_and_nothing_is_shown(acme, nowhere):
    with use(acme):
        install(approval())
    with nowhere():
        for call in (
            tenancy.resolve,
            tenancy.resolved,
            lambda: tenancy.filtered(Process.objects.all()).exists(),
            Process.objects.exists,
        ):
            with pytest.raises(ApplicationError) as refused:
                call()
            assert refused.value.code in {"no_tenant", "wrong_plane"}


def test_the_resolver_gets_whoever_writes(in_acme, alice, bob, settings):
    seen = []

    def remembers(request=None, user=None):
        seen.append(user.username)
        return tenancy.resolve()

    settings.GOFLOW_TENANT_RESOLVER = remembers
    install_process(approval(), by=bob)
    assert set(seen) == {"bob"}
    seen.clear()
    item = start(alice)
    assert set(seen) == {"alice"}
    seen.clear()
    item.activate(alice)
    assert set(seen) == {"alice"}
    seen.clear()
    install(approval(code="nobody"))
    assert set(seen) == {"workflow-auto"}


def test_an_organisation_of_the_resolver_is_kept(in_acme, alice, settings):
    install(approval())
    settings.GOFLOW_TENANT_RESOLVER = lambda request=None, user=None: {
        "tenant_id": str(in_acme.uuid),
        "org_id": "north",
    }
    item = start(alice)
    row = WorkItem.objects.get(pk=item.pk)
    assert (row.org_id, row.instance.org_id) == ("north", "north")
    assert install(approval(code="of_the_north")).org_id == "north"


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
