"""The workflow shows and writes the tenant's own rows only (issue 4, GOFLOW_TENANT_*).

The models are read from the app, and the doors from the URLconf and the OpenAPI
document: what is new is walked without being named here.
"""

import os
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from accounts.models import User
from kernel import clock
from leave.models import LeaveRequest
from tenants.context import TenantInfo, as_owner, use
from tenants.testing.doors import Door, Site, doors
from tests.isolation.plan import in_path
from tests.workflow.processes import (
    END,
    A,
    T,
    approval,
    at,
    behaving,
    do,
    install,
    parallel,
    process,
    start,
)
from workflow import automatic, notices, scheduler, tenancy, timers
from workflow.commenting import comment_on
from workflow.engine import finish_work_item
from workflow.errors import NoMatch, TenantFunctionWrong, WorkItemNotFound
from workflow.models import (
    Activity,
    AuditEvent,
    DefaultAppModel,
    IdempotencyKey,
    ProcessInstance,
    Timer,
    WorkflowLayout,
    WorkItem,
)
from workflow.models.tenant_id import OwnRows, TenantIdField

#: Models of the workflow without the column, each with the reason; tables that join
#: two others are known by themselves: both of their rows are stamped.
WITHOUT_STAMP: dict[str, str] = {}
IS_LONG = os.environ.get("ISOLATION") == "long"
MARK = "Zzyzx"
OTHER = "Qwghlm"
SITE = Site("tenant", "config.urls")
Seen = dict[tuple[str, str], tuple[int, bytes]]
#: What a path calls a row of the workflow.
OF_A_ROW = {"process_id", "instance_id", "item_id", "incident_id"}
#: Differs from request to request, and says nothing.
FLEETING = re.compile(
    rb'csrfmiddlewaretoken" value="\w+"|"X-CSRFToken": ?"\w+"|[0-9a-f]{12}|v=\d+'
)

pytestmark = pytest.mark.slow

MODELS = apps.get_app_config("workflow").get_models(include_auto_created=True)
STAMPED = [model for model in MODELS if model._meta.label not in WITHOUT_STAMP]
STAMPED = [model for model in STAMPED if not model._meta.auto_created]


# Every model


@pytest.mark.parametrize("model", STAMPED, ids=lambda model: model.__name__)
def test_every_model_has_the_stamp_and_finds_its_own_rows_only(model):
    column = next(
        (one for one in model._meta.fields if one.attname == "tenant_id"), None
    )
    assert isinstance(column, TenantIdField), (
        f"{model._meta.label} has no tenant_id; add TenantIdField, or name the model"
        " in WITHOUT_STAMP with the reason."
    )
    assert not column.null
    assert isinstance(model._default_manager, OwnRows), f"{model._meta.label}.objects"


def test_every_exemption_names_a_model_that_is_there():
    labels = {model._meta.label for model in apps.get_models()}
    assert set(WITHOUT_STAMP) <= labels


# Every insert


def test_every_row_that_the_workflow_writes_is_stamped(in_acme, alice, bob):
    everything_happens(alice, bob)
    for model in STAMPED:
        stamps = stamps_of(model)
        assert set(stamps) == {str(in_acme.uuid)}, model
        assert stamps[str(in_acme.uuid)] > 0, f"nothing wrote a row of {model}"


def everything_happens(alice: User, bob: User) -> None:
    """Write a row of each table, by each of the statements that write any."""
    install(approval())
    install(parallel("both"))
    install(
        process(
            A("ask", "Ask"),
            A("auto", "Auto", autostart=True, application="tests.auto"),
            A("push", "Push", push_application="tests.push", roles=("Managers",)),
            END,
            ways=(T("ask", "auto"), T("auto", "push"), T("push", "end")),
            code="all",
        )
    )
    first = start(alice)
    do(first, alice)
    with clock_moved(days=4):
        assert timers.run().timeout_transitions == 1
    assert at(first.instance, "escalate").status == "inactive"
    joining = start(alice, "both")
    do(joining, alice)
    for key in ("security", "finance"):
        do(at(joining.instance, key), bob)
    with behaving(push=lambda *_, **__: bob):
        do(start(alice, "all"), alice)
    with behaving(push=lambda *_, **__: None, auto=lambda *_, **__: 1 / 0):
        automatic.fail(at(start(alice, "all").instance, "ask").pk, NoMatch())
    comment_on(first.instance, text="Soon.", by=alice)
    DefaultAppModel.objects.create(requester=alice)
    WorkflowLayout.objects.create(process=first.instance.process)
    IdempotencyKey.objects.create(user=alice, route="POST /", key="once")


def clock_moved(*, days: int) -> Any:
    return clock.frozen(clock.now() + timedelta(days=days))


def stamps_of(model: Any) -> dict[str, int]:
    """Count the rows by their stamp, without asking the model."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tenant_id, count(*) FROM {table} GROUP BY tenant_id")
        return dict(cursor.fetchall())


# Every read


@dataclass
class Story:
    """What happened under a mark: the rows it made, by table."""

    keys: dict[str, set[int]] = field(default_factory=dict)
    in_paths: dict[str, int] = field(default_factory=dict)

    def value(self, name: str, door: Door) -> object:
        """Return what a path asks for: a row of the story, where it is of its kind."""
        _, top, _, model, *_ = [*door.path.split("/"), "", "", "", ""]
        if name == "object_id" and top == "admin" and model in self.in_paths:
            return self.in_paths[model]
        return self.in_paths.get(name) or in_path(name, door)


def tell(mark: str, alice: User, bob: User) -> Story:
    """Let a process run whose every text holds the mark; return what it left."""
    before = {model: keys_of(model) for model in STAMPED}
    install(
        process(
            A("ask", f"{mark} ask", description=f"{mark} description"),
            A("approve", f"{mark} approve", split_mode="xor"),
            END,
            ways=(
                T("ask", "approve", f"{mark} send"),
                T("approve", "end", f"{mark} yes", "eq:APPROVED", order=1),
                T("approve", "ask", f"{mark} no", "eq:REJECTED", order=2),
                T("approve", "end", f"{mark} late", "timeout:3d", order=3),
            ),
            code=mark,
        )
    )
    finish_work_item(
        start(alice, mark, title=f"{mark} done"), by=alice, comment=f"{mark} says"
    )
    item = start(alice, mark, title=f"{mark} open")
    finish_work_item(item, by=alice, comment=f"{mark} says")
    waiting = at(item.instance, "approve")
    waiting.activate(bob)
    start(alice, mark, title=f"{mark} new")
    made = {model: keys_of(model) - before[model] for model in STAMPED}
    names = {model._meta.model_name: max(keys) for model, keys in made.items() if keys}
    in_paths = {
        **names,
        "process_id": names["process"],
        "instance_id": item.instance_id,
        "item_id": waiting.pk,
    }
    return Story({m._meta.db_table: keys for m, keys in made.items()}, in_paths)


def keys_of(model: Any) -> set[int]:
    return set(model._base_manager.values_list("pk", flat=True))


def estrange(story: Story, tenant: TenantInfo, owner: TenantInfo) -> None:
    """Give all rows of a story the stamp of another tenant, as no code of ours does."""
    with use(as_owner(owner)), connection.cursor() as cursor:
        for table, keys in story.keys.items():
            cursor.execute(
                f"UPDATE {table} SET tenant_id = %s WHERE id = ANY(%s)",
                [str(tenant.uuid), list(keys)],
            )


def content(story: Story, owner: TenantInfo) -> list[Any]:
    """Return all rows of a story as they stand in the tables."""
    found = []
    with use(as_owner(owner)), connection.cursor() as cursor:
        for table, keys in sorted(story.keys.items()):
            cursor.execute(
                f"SELECT to_jsonb(t) FROM {table} t WHERE id = ANY(%s) ORDER BY id",
                [list(keys)],
            )
            found.append(cursor.fetchall())
    return found


@dataclass
class Walk:
    """Somebody who sees all and one who has work, by browser and by program."""

    browsers: dict[str, Client]
    programs: dict[str, Client]
    doors: list[Door]

    def seen(self, story: Story) -> Seen:
        """Open every door for everybody; return status and body of each."""
        found = {}
        for door in self.doors:
            if door.method == "get":
                clients = self.programs if door.is_operation else self.browsers
                for who, client in clients.items():
                    if who == "alice" and door.path.startswith("/admin/"):
                        continue  # not her door
                    answer = client.get(door.address(story.value))
                    body = FLEETING.sub(b"", body_of(answer))
                    found[who, door.name] = (answer.status_code, body)
        return found

    def showing(self, mark: str, story: Story) -> list[Any]:
        """Return the doors behind which the mark stands."""
        return showing(mark, self.seen(story))


@pytest.fixture
def walk(browser_of, api, acme) -> Walk:
    names = ("admin", "alice")
    found = doors("acme.localhost", SITE, ("get", "post"))
    assert len(found) > 200
    return Walk(
        {name: browser_of(name) for name in names},
        {name: api(name) for name in names},
        [door for door in found if IS_LONG or may_show(door)],
    )


def may_show(door: Door) -> bool:
    """Tell whether a door is about the workflow; the long form asks all of them."""
    about = ("/workflow/", "/leave/", "/api/protected/", "/admin/workflow/")
    is_form = door.path.endswith(("/add/", "/delete/"))
    return door.path in {"/", "/admin/"} or (
        door.path.startswith(about) and not is_form
    )


def body_of(answer: Any) -> bytes:
    return answer.getvalue() if answer.streaming else answer.content


def showing(mark: str, found: Seen) -> list[tuple[str, str]]:
    return [where for where, (_, body) in found.items() if mark.encode() in body]


@pytest.fixture
def planted(acme, globex, alice, bob) -> Story:
    """Return what happened under the mark, with the stamp of another tenant."""
    with use(acme):
        before = keys_of(LeaveRequest)
        told = tell(MARK, alice, bob)
        # The requests themselves are no rows of the workflow, and one's own.
        LeaveRequest.objects.exclude(pk__in=before).delete()
    estrange(told, globex, acme)
    return told


@pytest.fixture
def own(acme, alice, bob) -> Story:
    with use(acme):
        return tell(OTHER, alice, bob)


def test_no_door_shows_a_row_with_the_stamp_of_another_tenant(
    own, walk, frozen_clock, request
):
    before = walk.seen(own)
    assert len(showing(OTHER, before)) > 20
    with use(request.getfixturevalue("acme")) as acme:
        below = below_own(own, request.getfixturevalue("alice"))
    estrange(below, request.getfixturevalue("globex"), acme)
    planted = request.getfixturevalue("planted")
    rows = content(planted, acme)

    # Nothing at all is different: no row, no number, no choice of a filter.
    after = walk.seen(own)
    assert [where for where in before if after[where] != before[where]] == []
    assert walk.showing(MARK, planted) == []
    assert content(planted, acme) == rows


def below_own(own: Story, alice: User) -> Story:
    """Put rows under a process and an instance of one's own; return them."""
    before = {model: keys_of(model) for model in STAMPED}
    item = WorkItem.objects.get(pk=own.in_paths["item_id"])
    activity = item.activity
    activity.pk, activity.key, activity.title = None, "more", f"{MARK} more"
    Activity._base_manager.bulk_create(
        [activity]
    )  # past the models, as no code of ours
    more = WorkItem.objects.create(
        instance=item.instance, activity=activity, user=alice, status="active"
    )
    Timer.objects.create(
        kind="timeout",
        instance=item.instance,
        workitem=item,
        due_at=clock.now() - timedelta(days=1),
    )
    AuditEvent.objects.create(
        action="workitem.completed",
        instance_id=item.instance_id,
        workitem_id=more.pk,
        actor_label=MARK,
        seq=9999,
        metadata={"comment": MARK},
    )
    made = {m._meta.db_table: keys_of(m) - before[m] for m in STAMPED}
    return Story(made, own.in_paths)


def test_no_operation_reaches_a_row_with_the_stamp_of_another_tenant(
    acme, planted, walk
):
    rows, answers = content(planted, acme), {}
    for door in walk.doors:
        if not OF_A_ROW & set(re.findall(r"{(\w+)}", door.path)):
            continue
        for name in ("admin", "alice"):
            if door.is_operation:
                client = walk.programs[name]
                body = {"condition": "APPROVED", "user_id": 1}
                options = {"content_type": "application/json"}
            else:
                client, body, options = walk.browsers[name], {"action": "take"}, {}
            call = getattr(client, door.method)
            answer = call(door.address(planted.value), body, **options)
            answers[name, door.name] = answer.status_code
    # One page is read only.
    readers = [where for where, status in answers.items() if status == 405]
    assert {door for _, door in readers} == {"POST /workflow/instances/{instance_id}/"}
    assert {answers[where] for where in answers if where not in readers} == {404}
    assert content(planted, acme) == rows


def test_nothing_is_done_about_work_with_the_stamp_of_another_tenant(
    acme, alice, planted
):
    rows = content(planted, acme)
    with use(acme), clock_moved(days=9):
        nothing_is_done(planted, alice)
    assert content(planted, acme) == rows


def nothing_is_done(planted: Story, alice: User) -> None:
    key = planted.in_paths["item_id"]
    assert timers.next_due() is None
    assert timers.run().checked_workitems == 0
    for action in scheduler.DONE:
        with pytest.raises(WorkItemNotFound):
            scheduler.workitem_action(key, action, actor_username="bob")
    for username in ("alice", "bob"):
        assert not notices.notify(User.objects.get(username=username).pk)
    assert not ProcessInstance.objects.visible_to(alice).exists()


def test_the_walk_sees_rows_of_others_where_the_stamp_is_not_looked_at(
    planted, walk, monkeypatch
):
    monkeypatch.setattr(tenancy, "own", lambda queryset: queryset)
    assert len(walk.showing(MARK, planted)) > 20


# The filter of the settings


def nobody(queryset: Any, request: Any = None, user: Any = None) -> Any:
    assert request is not None or user is not None
    return queryset.none()


def test_every_read_goes_through_the_filter(acme, alice, own, walk, settings):
    settings.GOFLOW_TENANT_FILTER = nobody
    found = walk.seen(own)
    assert showing(OTHER, found) == []
    assert [where for where, (status, _) in found.items() if status >= 500] == []
    with use(acme), clock_moved(days=9):
        nothing_is_done(own, alice)


def broken(queryset: Any, **_: Any) -> Any:
    raise ZeroDivisionError


def test_a_filter_that_is_wrong_shows_nothing_and_breaks_nothing(
    acme, own, walk, settings
):
    settings.GOFLOW_TENANT_FILTER = broken
    found = walk.seen(own)
    assert showing(OTHER, found) == []
    assert [where for where, (status, _) in found.items() if status == 500] == []
    with use(acme), pytest.raises(TenantFunctionWrong):
        timers.run()


def test_a_filter_that_lets_everything_in_shows_no_row_of_another(
    planted, walk, settings
):
    settings.GOFLOW_TENANT_FILTER = lambda queryset, **_: (
        queryset.model._base_manager.all()
    )
    assert walk.showing(MARK, planted) == []
