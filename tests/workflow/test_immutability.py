"""What was published never changes, whichever way it is written to (P9, R50)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F

from accounts.models import User
from tests.workflow.designing import everything, plain
from tests.workflow.processes import install
from workflow import graph
from workflow.drafts import clone_process, create_draft
from workflow.errors import ProcessImmutable, ProcessTampered
from workflow.models import Activity, Process, PushApplication, Transition
from workflow.publishing import publish_process, retire_process
from workflow.reading import data_of

pytestmark = pytest.mark.usefixtures("in_acme")

PEOPLE = ("roles", "allowed_groups", "sla_roles")


@pytest.fixture(scope="module")
def made(sharing) -> Iterator[int]:
    """Return the number of a version that was published."""
    with sharing() as within:
        with within("acme"):
            number = install(everything()).pk
        yield number


@pytest.fixture
def published(made, in_acme) -> Process:
    # Its tests go behind the models' back, and the number is the same for all of them.
    graph._cache.clear()
    return Process.objects.get(pk=made)


@pytest.fixture(params=["published", "retired"])
def sealed(request, published, admin) -> Process:
    """Return a version that must not change."""
    if request.param == "retired":
        retire_process(published, by=admin)
    return Process.objects.get(pk=published.pk)


@pytest.fixture
def draft(sealed, admin) -> Process:
    """Return a draft beside it, with the same content."""
    return clone_process(sealed, by=admin)


def saved(row, **values):
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


def saved_fields(row, **values):
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))


def parts(row: Process) -> tuple[Activity, Transition]:
    return row.activities.get(key="check"), row.transitions.get(key="yes")


def group() -> Group:
    return Group.objects.get(name="HR")


#: Every way of changing a version by the models.
WRITES = {
    "process.save": lambda row: saved(row, title="Other"),
    "process.save unchanged": lambda row: row.save(),
    "process.save fields": lambda row: saved_fields(row, title="Other"),
    "process.save as a draft": lambda row: saved(row, status="draft"),
    "process.save the status": lambda row: saved_fields(row, status="draft"),
    "process.save by number": lambda row: Process(
        pk=row.pk, title="Other", code="drawn", version=row.version
    ).save(),
    "process.update": lambda row: Process.objects.update(description="Other"),
    "process.update status": lambda row: Process.objects.update(status="draft"),
    "process.update both": lambda row: Process.objects.update(enabled=False, title="x"),
    "process.update expression": lambda row: Process.objects.update(
        priority=F("priority") + 1
    ),
    "process.bulk_update": lambda row: Process.objects.bulk_update(
        [saved_later(row, title="Other")], ["title"]
    ),
    "process.delete": lambda row: row.delete(),
    "process.delete rows": lambda row: Process.objects.filter(pk=row.pk).delete(),
    "process.update_or_create": lambda row: Process.objects.update_or_create(
        pk=row.pk, defaults={"title": "Other"}
    ),
    "process.bulk_create over": lambda row: Process.objects.bulk_create(
        [Process(pk=row.pk, title="Other", code="drawn")],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["title"],
    ),
    "activity.save": lambda row: saved(parts(row)[0], title="Other"),
    "activity.save fields": lambda row: saved_fields(parts(row)[0], title="Other"),
    "activity.create": lambda row: Activity.objects.create(process=row, title="New"),
    "activity.create below": lambda row: row.activities.create(title="New"),
    "activity.bulk_create": lambda row: Activity.objects.bulk_create(
        [Activity(process=row, key="new", title="New")]
    ),
    "activity.update": lambda row: row.activities.update(description="Other"),
    "activity.bulk_update": lambda row: Activity.objects.bulk_update(
        [saved_later(parts(row)[0], title="Other")], ["title"]
    ),
    "activity.delete": lambda row: parts(row)[0].delete(),
    "activity.delete rows": lambda row: row.activities.all().delete(),
    "transition.save": lambda row: saved(parts(row)[1], name="Other"),
    "transition.create": lambda row: row.add_transition("New", row.end, row.begin),
    "transition.bulk_create": lambda row: Transition.objects.bulk_create(
        [Transition(process=row, key="new", input=row.begin, output=row.end)]
    ),
    "transition.update": lambda row: row.transitions.update(condition="true"),
    "transition.delete": lambda row: parts(row)[1].delete(),
    "transition.delete rows": lambda row: row.transitions.all().delete(),
    "start_groups.add": lambda row: row.start_groups.add(group()),
    "start_groups.remove": lambda row: row.start_groups.remove(*row.start_groups.all()),
    "start_groups.clear": lambda row: row.start_groups.clear(),
    "start_groups.set": lambda row: row.start_groups.set([group()]),
    "start_groups.create": lambda row: row.start_groups.create(name="New"),
    "start_groups rows": lambda row: Process.start_groups.through.objects.create(
        process=row, group=group()
    ),
    "allowed_users.add": lambda row: parts(row)[0].allowed_users.add(
        User.objects.get(username="alice")
    ),
    "allowed_users.clear": lambda row: parts(row)[0].allowed_users.clear(),
    "roles rows": lambda row: Activity.roles.through.objects.create(
        activity=parts(row)[0], group=Group.objects.get(name="Employees")
    ),
    "roles update": lambda row: Activity.roles.through.objects.update(
        group=Group.objects.get(name="Employees")
    ),
    **{
        f"{name}.clear": lambda row, name=name: getattr(parts(row)[0], name).clear()
        for name in PEOPLE
    },
    **{
        f"{name}.set": lambda row, name=name: getattr(parts(row)[0], name).set([])
        for name in PEOPLE
    },
    **{
        f"{name}.add": lambda row, name=name: getattr(parts(row)[0], name).add(
            Group.objects.create(name="Another")
        )
        for name in PEOPLE
    },
}


def saved_later(row, **values):
    for name, value in values.items():
        setattr(row, name, value)
    return row


def content(row: Process) -> tuple:
    stored = list(Process.objects.filter(pk=row.pk).values())
    return stored, data_of(Process.objects.get(pk=row.pk))


@pytest.mark.parametrize("way", WRITES)
def test_p9_no_way_of_writing_changes_a_version_that_was_published(sealed, way):
    before = content(sealed)
    with pytest.raises(ProcessImmutable) as refusal, transaction.atomic():
        WRITES[way](Process.objects.get(pk=sealed.pk))
    assert (refusal.value.status, refusal.value.code) == (409, "process.immutable")
    assert content(sealed) == before


def test_p9_of_a_version_only_the_switch_is_free(sealed):
    saved_fields(sealed, enabled=False)
    assert not Process.objects.get(pk=sealed.pk).enabled
    Process.objects.filter(pk=sealed.pk).update(enabled=True)
    assert Process.objects.get(pk=sealed.pk).enabled
    Process.objects.bulk_update([saved_later(sealed, enabled=False)], ["enabled"])
    graph.of(Process.objects.get(pk=sealed.pk))


def test_setting_what_is_there_already_changes_nothing(sealed):
    before = data_of(sealed)
    sealed.start_groups.set(list(sealed.start_groups.all()))
    activity, _ = parts(sealed)
    activity.roles.set(list(activity.roles.all()))
    assert data_of(sealed) == before


def test_no_part_moves_from_one_process_to_another(sealed, draft):
    mine, theirs = parts(sealed)[0], parts(draft)[0]
    for row, process in ((mine, draft), (theirs, sealed)):
        row.process = process
        row.key = row.title = "moved"
        with pytest.raises(ProcessImmutable), transaction.atomic():
            row.save()
    for row, process in ((mine, draft), (theirs, sealed)):
        rows = Activity.objects.filter(pk=row.pk)
        for values in ({"process": process}, {"process_id": process.pk}):
            with pytest.raises(ProcessImmutable), transaction.atomic():
                rows.update(**values)
    assert data_of(draft).activities == data_of(sealed).activities


def test_nobody_becomes_published_by_the_models(admin):
    made = create_draft("Mine", by=admin)
    for write in (
        lambda: saved(made, status="published"),
        lambda: saved(made, content_hash="x"),
        lambda: saved(made, published_by=admin),
        lambda: saved_fields(made, status="retired"),
        lambda: Process.objects.filter(pk=made.pk).update(status="published"),
        lambda: Process.objects.create(title="New", status="published"),
        lambda: Process.objects.bulk_create(
            [Process(title="New", code="New", status="retired")]
        ),
    ):
        made.refresh_from_db()
        with pytest.raises(ProcessImmutable), transaction.atomic():
            write()
    made.refresh_from_db()
    assert (made.status, made.content_hash) == ("draft", "")
    assert not Process.objects.filter(title="New").exists()


def test_a_draft_changes_in_all_of_these_ways(draft):
    activity, way = parts(draft)
    saved(activity, title="Other")
    saved(way, name="Other")
    draft.activities.update(description="Other")
    draft.transitions.update(description="Other")
    activity.roles.set([])
    activity.allowed_users.clear()
    draft.start_groups.set([group()])
    draft.transitions.all().delete()
    Process.objects.filter(pk=draft.pk).update(begin=None, end=None)
    draft.activities.all().delete()
    draft.refresh_from_db()
    saved(draft, title="Other")
    assert draft.delete()[0] > 0
    assert not Process.objects.filter(title="Other").exists()


def test_a_change_of_many_rows_is_refused_where_one_was_published(sealed, draft):
    both = Activity.objects.filter(key="check")
    assert both.count() == 2
    with pytest.raises(ProcessImmutable), transaction.atomic():
        both.update(title="Other")
    with pytest.raises(ProcessImmutable), transaction.atomic():
        Process.objects.filter(code="drawn").update(title="Other")
    assert not both.filter(title="Other").exists()


# What is changed past the models


def changed(value):
    """Return another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, dict):
        return {**value, "other": 1}
    return f"{value}x"[-10:]


#: Columns that no instance reads; each with the reason.
FREE = {
    "process": {
        "id": "a number",
        "tenant_id": "whose row it is",
        "org_id": "whose row it is",
        "description": "words for people",
        "version": "the number of the version",
        "version_note": "words for people",
        "status": "where the version stands",
        "enabled": "the switch",
        "date": "when it was changed",
        "published_at": "when it was published",
        "published_by": "who published it",
        "revision": "of the draft",
        "soundness": "a verdict",
        "content_hash": "the hash itself",
    },
    "activity": {"id": "a number", "tenant_id": "", "process": ""},
    "transition": {
        "id": "a number",
        "tenant_id": "whose row it is",
        "process": "where it belongs",
        "description": "words for people",
        "condition_raw": "words for people",
    },
}
#: Other values for columns that take no others.
OTHERS = {
    ("activity", "kind"): "dummy",
    ("activity", "node_type"): "review",
    ("activity", "join_mode"): "and",
    ("activity", "split_mode"): "and",
    ("transition", "condition"): "eq:NO",
    ("transition", "is_default"): None,
}
COLUMNS = [
    (model._meta.model_name, field.name)
    for model in (Process, Activity, Transition)
    for field in model._meta.fields
    if field.name not in FREE[model._meta.model_name]
]
RELATED = [
    *((Process, "start_groups"), (Activity, "roles"), (Activity, "allowed_groups")),
    *((Activity, "allowed_users"), (Activity, "sla_roles")),
]


def assert_tampered(process: Process) -> None:
    # What was read before is not read again: this is another process of the server.
    graph._cache.clear()
    with pytest.raises(ProcessTampered):
        graph.of(Process.objects.get(pk=process.pk))


@pytest.mark.parametrize(("model", "column"), COLUMNS)
def test_r50_every_column_that_is_run_is_sealed(published, model, column):
    graph._cache.clear()
    graph.of(published)
    rows, value = other_value(published, model, column)
    rows.update(**{column: value})
    assert_tampered(published)


def other_value(process: Process, model: str, column: str):
    """Return the row of a model, past it, and another value for one of its columns."""
    activity, way = parts(process)
    other = process.activities.get(key="late")
    if model == "process":
        rows = Process._base_manager.filter(pk=process.pk)
        row = process
    elif model == "activity":
        rows, row = Activity._base_manager.filter(pk=activity.pk), activity
    else:
        rows, row = Transition._base_manager.filter(pk=way.pk), way
    if column in {"begin", "end", "input", "output"}:
        return rows, other
    if column in {"push_application", "application"}:
        return rows, named(column)
    if (model, column) == ("transition", "is_default"):
        default = process.transitions.get(is_default=True)
        return Transition._base_manager.filter(pk=default.pk), False
    if (model, column) in {("activity", "kind"), ("activity", "subflow")}:
        # The table itself refuses one without the other.
        rows = Activity._base_manager.filter(process=process, key="sub")
        if column == "subflow":
            return rows, "other"
        rows = Activity._base_manager.filter(process=process, key="late")
    known = OTHERS.get((model, column))
    return rows, changed(getattr(row, column)) if known is None else known


def named(column: str):
    from workflow.models import Application

    model = PushApplication if column == "push_application" else Application
    return model.objects.get_or_create(url="tests.other")[0]


@pytest.mark.parametrize(("model", "name"), RELATED)
@pytest.mark.parametrize("how", ["less", "more"])
def test_r50_who_may_do_what_is_sealed(published, model, name, how):
    through = getattr(model, name).through
    owner = published if model is Process else parts(published)[0]
    rows = through._base_manager.filter(**{f"{model._meta.model_name}_id": owner.pk})
    assert rows.exists()
    if how == "less":
        rows.delete()
    else:
        row = rows.first()
        row.pk = None
        column = "user_id" if name == "allowed_users" else "group_id"
        users = User.objects if name == "allowed_users" else Group.objects
        taken = rows.values_list(column, flat=True)
        setattr(row, column, users.exclude(pk__in=taken).first().pk)
        through._base_manager.bulk_create([row])
    assert_tampered(published)


def test_r50_a_part_more_or_less_is_seen(published):
    _, way = parts(published)
    row = Activity(process=published, key="more", title="More")
    Activity._base_manager.bulk_create([row])
    assert_tampered(published)
    Activity._base_manager.filter(key="more").delete()
    graph.of(published)
    Transition._base_manager.filter(pk=way.pk).delete()
    assert_tampered(published)


def test_what_is_not_run_is_free(published):
    Transition._base_manager.filter(process=published).update(condition_raw="typed")
    graph._cache.clear()
    graph.of(Process.objects.get(pk=published.pk))


def test_r75_publishing_touches_no_other_tenants_process(acme, globex, admin):
    from tenants.context import use

    with use(globex):
        other = install(plain())
        before = list(Process.objects.order_by("pk").values())
    mine = install(plain())
    publish_process(clone_process(mine, by=admin), by=admin)
    retire_process(Process.objects.published().get(code="drawn"), by=admin)
    with use(globex):
        assert list(Process.objects.order_by("pk").values()) == before
        assert Process.objects.get(pk=other.pk).status == "published"


def test_a_clone_of_what_was_tampered_with_can_be_mended(published, admin):
    Activity._base_manager.filter(process=published, key="check").update(title="Else")
    copy = clone_process(published, by=admin)
    assert data_of(copy) == replace(data_of(published), version_note="")
