"""Drafts are made, saved, published, retired, cloned and thrown away (P1 to P9)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission

from accounts.models import User
from kernel import clock
from tests.workflow.designing import LAYOUT, allowed, everything, plain
from tests.workflow.processes import END, A, T, approval, document, install
from workflow import comparing, graph, handlers, process_groups, reading
from workflow.drafts import (
    clone_process,
    create_draft,
    delete_draft,
    import_draft,
    save_draft,
)
from workflow.errors import (
    ProcessHandlerMissing,
    ProcessImmutable,
    ProcessInUse,
    ProcessInvalid,
    ProcessNotAllowed,
    ProcessNotDraft,
    ProcessNotFound,
    ProcessNotPublished,
    ProcessRightMissing,
    ProcessStale,
    ProcessTampered,
)
from workflow.models import (
    Activity,
    AuditEvent,
    Process,
    ProcessInstance,
    Transition,
    WorkflowLayout,
)
from workflow.publishing import (
    install_process,
    publish_process,
    retire_process,
    switch,
)
from workflow.reading import data_of

pytestmark = pytest.mark.usefixtures("in_acme")


@pytest.fixture
def draft(admin) -> Process:
    """Return a draft with a content that can be published."""
    made = create_draft("Drawn", code="drawn", by=admin)
    data = plain(title="Drawn", start_groups=("Drawn",))
    return save_draft(made, data, revision=0, by=admin)


@pytest.fixture
def published(draft, admin) -> Process:
    return publish_process(draft, by=admin)


def actions(process: Process) -> list[str]:
    events = AuditEvent.objects.filter(process_id=process.pk).order_by("id")
    return [event.action for event in events]


def rows() -> list[list[dict]]:
    """Return all that is stored about processes, as it is."""
    tables = (Process, Activity, Transition, WorkflowLayout, AuditEvent)
    return [list(model.objects.order_by("pk").values()) for model in tables]


# P1: create


def test_p1_a_new_draft_has_an_end_and_a_group(admin):
    made = create_draft("Travel", by=admin)
    assert (made.code, made.version, made.status) == ("Travel", 1, "draft")
    assert (made.end.title, made.end.kind, made.begin) == ("End", "dummy", None)
    group = made.start_groups.get()
    assert group.name == "Travel"
    assert group.permissions.get().codename == "can_instantiate"
    assert actions(made) == ["process.created"]
    event = AuditEvent.objects.get(process_id=made.pk)
    assert (event.actor_id, event.metadata["version"]) == (admin.pk, 1)


def test_p1_a_new_draft_may_come_without_an_end(admin):
    made = create_draft("Travel", by=admin, no_end=True)
    assert made.end is None
    assert not made.activities.exists()


def test_p1_a_code_that_is_known_gets_its_next_version(admin, published):
    made = create_draft("Drawn anew", code="drawn", by=admin)
    assert made.version == 2


def test_p1_a_group_is_made_only_where_the_setting_says_so(admin, settings):
    settings.GOFLOW_AUTO_CREATE_PROCESS_GROUPS = False
    assert not create_draft("Travel", by=admin).start_groups.exists()
    assert not Group.objects.filter(name="Travel").exists()


def test_p1_no_process_opens_the_group_of_a_role(admin):
    made = create_draft("User Manager", by=admin)
    assert not made.start_groups.exists()
    group = Group.objects.filter(name="User Manager")
    assert not group.filter(permissions__codename="can_instantiate").exists()


@pytest.mark.parametrize("title", ["", "  ", "x" * 101, "a\x00b", "a\nb"])
def test_p1_a_title_of_no_use_is_refused(admin, title):
    before = rows()
    with pytest.raises(ProcessInvalid) as refusal:
        create_draft(title, by=admin)
    assert refusal.value.extra["errors"][0]["code"] == "process.title"
    assert rows() == before


# P2: save


def test_p2_everything_that_is_saved_is_read_back(admin):
    made = create_draft("drawn", by=admin)
    saved = save_draft(made, everything(), revision=0, by=admin, layout=LAYOUT)
    assert saved is made
    assert saved.revision == 1
    found = comparing.differences(everything(), data_of(saved))
    assert {key: value for key, value in found.items() if value} == {
        "transitions_changed": {
            "timeout": {
                "condition": {"base": "timeout : 3 days", "compare": "timeout:3d"}
            },
            "yes": {"condition": {"base": "EQ: YES", "compare": "eq:YES"}},
        }
    }
    typed = {way.key: way.typed for way in data_of(saved).transitions}
    assert typed["yes"] == "EQ: YES"
    assert saved.version_note == "The first one"
    assert actions(saved) == ["process.created", "process.saved"]


def test_r48_the_drawing_is_stored_and_read_back(admin, draft):
    save_draft(draft, plain(), revision=1, by=admin, layout=LAYOUT)
    assert reading.layout_of(draft) == LAYOUT
    # Saving without a drawing leaves it as it was.
    save_draft(draft, plain(), revision=2, by=admin)
    assert reading.layout_of(draft) == LAYOUT


@pytest.mark.parametrize(
    "layout", [{"a": "\x00"}, {"a": "x" * 1_000_001}, {"a": float("nan")}]
)
def test_a_drawing_that_cannot_be_stored_is_refused(admin, draft, layout):
    before = rows()
    with pytest.raises(ProcessInvalid):
        save_draft(draft, plain(), revision=1, by=admin, layout=layout)
    assert rows() == before


def test_p2_what_keeps_its_key_keeps_its_row(admin, draft):
    keys = dict(draft.activities.values_list("key", "pk"))
    ways = dict(draft.transitions.values_list("key", "pk"))
    data = replace(
        plain(),
        # Two activities exchange their titles, one goes and one is new.
        activities=(
            A("ask", "End"),
            A("more", "Check"),
            A("end", "Ask", kind="dummy"),
        ),
        transitions=(T("ask", "more", "Go"), T("more", "end", "Done")),
    )
    save_draft(draft, data, revision=1, by=admin)
    after = dict(draft.activities.values_list("key", "pk"))
    assert (after["ask"], after["end"]) == (keys["ask"], keys["end"])
    assert set(after) == {"ask", "more", "end"}
    assert dict(draft.activities.values_list("key", "title")) == {
        "ask": "End",
        "more": "Check",
        "end": "Ask",
    }
    assert (
        ways.keys() & dict(draft.transitions.values_list("key", "pk")).keys() == set()
    )


def test_p2_the_default_of_a_split_moves_to_another_way(admin, draft):
    def split(default: str):
        ways = tuple(
            T("ask", "end", name, f"eq:{name}" if name != default else "", key=name)
            for name in ("A", "B")
        )
        ask = A("ask", "Ask", split_mode="xor")
        return replace(plain(), activities=(ask, END), transitions=ways)

    for revision, default in enumerate("ABA", start=1):
        save_draft(draft, split(default), revision=revision, by=admin)
        [row] = draft.transitions.filter(is_default=True)
        assert row.key == default


def test_p2_transitions_are_tried_in_the_order_they_were_saved(admin, draft):
    def ordered(*names: str):
        ways = tuple(T("ask", "end", name, f"eq:{name}", key=name) for name in names)
        return replace(plain(), activities=(A("ask", "Ask"), END), transitions=ways)

    for revision, names in enumerate(("ABC", "CAB", "CXAB", "BC"), start=1):
        save_draft(draft, ordered(*names), revision=revision, by=admin)
        found = draft.transitions.order_by("order", "id").values_list("key", flat=True)
        assert "".join(found) == names


def test_p2_an_edit_of_an_older_revision_is_refused(admin, draft):
    save_draft(draft, plain(), revision=1, by=admin)
    before = rows()
    with pytest.raises(ProcessStale) as refusal:
        save_draft(draft, plain(title="Other"), revision=1, by=admin)
    assert refusal.value.extra == {"revision": 2}
    assert rows() == before


def test_p2_a_process_keeps_its_code(admin, draft):
    with pytest.raises(ProcessInvalid, match="keeps its code"):
        save_draft(draft, plain("other"), revision=1, by=admin)


def test_p2_a_draft_that_is_gone_is_missing(admin, draft):
    other = Process.objects.get(pk=draft.pk)
    delete_draft(draft, by=admin)
    for verb in (
        lambda: save_draft(other, plain(), revision=1, by=admin),
        lambda: publish_process(other, by=admin),
        lambda: retire_process(other, by=admin),
        lambda: clone_process(other, by=admin),
        lambda: delete_draft(other, by=admin),
        lambda: switch(other, enabled=False, by=admin),
    ):
        with pytest.raises(ProcessNotFound):
            verb()


def test_p2_an_error_half_way_leaves_nothing(admin, draft):
    before = rows()
    unknown = A("check", "Check", roles=("Nobody",))
    data = replace(plain(title="New"), activities=(A("ask", "Ask"), unknown, END))
    with pytest.raises(ProcessInvalid) as refusal:
        save_draft(draft, data, revision=1, by=admin)
    assert refusal.value.extra["errors"] == [
        {"code": "group.missing", "message": "Nobody"}
    ]
    assert rows() == before


def test_parameters_may_be_written_as_a_python_literal(admin, draft):
    def with_(text: str):
        ask = A("ask", "Ask", push_application="route_to_user", pushapp_param=text)
        return replace(plain(), activities=(ask, *plain().activities[1:]))

    save_draft(draft, with_("{'username': 'bob'}"), revision=1, by=admin)
    assert draft.activities.get(key="ask").pushapp_param == {"username": "bob"}
    save_draft(draft, with_('{"username": "alice"}'), revision=2, by=admin)
    assert draft.activities.get(key="ask").pushapp_param == {"username": "alice"}
    for wrong in ("[1]", "__import__('os')", "{", "{'a': open}", "(" * 9999):
        with pytest.raises(ProcessInvalid) as refusal:
            save_draft(draft, with_(wrong), revision=3, by=admin)
        codes = [error["code"] for error in refusal.value.extra["errors"]]
        assert codes == ["activity.parameters"]


def test_what_is_imported_may_wait_to_be_mended(admin):
    data = replace(
        plain(),
        activities=(A("ask", "Ask", form="no.such"), *plain().activities[1:]),
        transitions=(
            T("ask", "check", "Send", "timeout:3x", key="send"),
            T("check", "end", "Done", key="done"),
        ),
    )
    made = import_draft(data, by=admin, layout=LAYOUT)
    row = made.transitions.get(key="send")
    assert (row.condition, row.condition_raw) == ("", "timeout:3x")
    with pytest.raises(ProcessInvalid) as refusal:
        publish_process(made, by=admin)
    codes = {error["code"] for error in refusal.value.extra["errors"]}
    assert codes == {"condition.invalid", "handler.missing"}
    # A copy is to be mended at the same places.
    copy = clone_process(made, by=admin)
    assert data_of(copy) == data_of(made)
    save_draft(made, plain(), revision=0, by=admin)
    assert publish_process(made, by=admin).status == "published"


# P3: publish


def test_p3_publishing_a_draft_retires_the_version_before(admin, published):
    assert actions(published)[-1] == "process.published"
    newer = clone_process(published, by=admin)
    publish_process(newer, by=admin)
    published.refresh_from_db()
    assert (published.status, newer.status) == ("retired", "published")
    assert actions(published)[-1] == "process.retired"
    assert newer.published_by == admin
    assert newer.content_hash == graph.fingerprint(graph.load(newer.pk))


def test_p3_publishing_normalises_what_was_written_by_hand(admin):
    made = Process.objects.create(title="By hand")
    ask = Activity.objects.create(process=made, title="Ask", split_mode="xor")
    made.begin = ask
    made.save()
    way = made.add_transition("Yes", made.end, ask)
    way.condition = "EQ: YES"
    way.save()
    made.add_transition("Else", made.end, ask)
    publish_process(made, by=admin)
    stored = made.transitions.order_by("id").values_list("condition", "is_default")
    assert list(stored) == [("eq:YES", False), ("", True)]
    assert graph.of(made).outcomes("ask")[0].value == "YES"


def test_p3_a_draft_with_an_error_is_not_published(admin, draft):
    data = replace(
        plain(),
        activities=(*plain().activities, A("lost", "Lost")),
        transitions=(*plain().transitions, T("lost", "end", "On")),
    )
    save_draft(draft, data, revision=1, by=admin)
    before = rows()
    with pytest.raises(ProcessInvalid) as refusal:
        publish_process(draft, by=admin)
    [error] = refusal.value.extra["errors"]
    assert (error["code"], error["activity"]) == ("activity.unreachable", "lost")
    assert rows() == before


# P4: retire


def test_p4_retiring_blocks_new_starts_and_not_what_runs(admin, published, alice):
    group = Group.objects.get(name="Drawn")
    alice.groups.add(group)
    item = ProcessInstance.objects.start("drawn", alice, document(alice))
    retire_process(published, by=admin)
    assert (published.status, actions(published)[-1]) == ("retired", "process.retired")
    with pytest.raises(ProcessNotFound):
        ProcessInstance.objects.start("drawn", alice, document(alice))
    item.activate(alice)
    item.complete(alice)
    assert item.instance.process == published


# P5: roll back


def test_p5_a_retired_version_is_published_again(admin, published):
    newer = publish_process(clone_process(published, by=admin), by=admin)
    with clock.frozen(clock.now() + timedelta(hours=1)):
        publish_process(published, by=admin)
        assert published.published_at == clock.now()
    newer.refresh_from_db()
    assert (published.status, newer.status) == ("published", "retired")
    assert published.version_note == "rollback to version 1"
    event = AuditEvent.objects.filter(process_id=published.pk).latest("id")
    assert event.metadata == {"code": "drawn", "version": 1, "rollback": True}
    assert actions(newer)[-1] == "process.retired"
    assert graph.of(published).title == "Drawn"


def test_p5_a_handler_that_is_gone_stops_the_way_back(admin, draft, monkeypatch):
    data = plain()
    ways = (replace(data.transitions[0], post_hook="tests.after"), data.transitions[1])
    save_draft(draft, replace(data, transitions=ways), revision=1, by=admin)
    publish_process(draft, by=admin)
    retire_process(draft, by=admin)
    entries = dict(handlers.hooks.entries)
    del entries["tests.after"]
    monkeypatch.setattr(handlers.hooks, "entries", entries)
    before = rows()
    with pytest.raises(ProcessHandlerMissing) as refusal:
        publish_process(draft, by=admin)
    assert refusal.value.extra["errors"][0]["code"] == "handler.missing"
    assert rows() == before


def test_p5_rules_that_are_newer_do_not_stop_the_way_back(admin):
    """An app may lead back to the begin, where a designer may not."""
    old = install(approval())
    retire_process(old, by=admin)
    assert publish_process(old, by=admin).status == "published"


def test_p5_what_was_tampered_with_is_not_published_again(admin, published):
    retire_process(published, by=admin)
    Activity._base_manager.filter(process=published).update(description="Else")
    with pytest.raises(ProcessTampered):
        publish_process(published, by=admin)


# P6: clone


@pytest.mark.parametrize("status", ["draft", "published", "retired"])
def test_p6_r45_a_clone_copies_everything_but_the_history(admin, status, bob):
    made = create_draft("drawn", by=admin)
    save_draft(made, everything(), revision=0, by=admin, layout=LAYOUT)
    if status != "draft":
        publish_process(made, by=admin)
    if status == "retired":
        retire_process(made, by=admin)
    switch(made, enabled=False, by=admin)

    copy = clone_process(made, by=admin)
    assert replace(data_of(copy), version_note="The first one") == data_of(made)
    assert reading.layout_of(copy) == LAYOUT
    assert (copy.version, copy.status, copy.revision) == (2, "draft", 0)
    assert (copy.version_note, copy.enabled) == ("", False)
    assert actions(copy) == ["process.cloned"]
    for model, fields in ((Activity, {"id", "process"}), (Transition, {"id"})):
        skipped = {*fields, "process", "input", "output"}
        names = {
            field.name for field in model._meta.fields if field.name not in skipped
        }
        found = [
            list(model.objects.filter(process=one).order_by("id").values(*names))
            for one in (made, copy)
        ]
        assert found[0] == found[1]
    # Deleting the copy touches nothing of the original.
    delete_draft(copy, by=admin)
    assert len(data_of(made).activities) == 6


def test_r46_a_clone_has_no_publisher(admin, published):
    copy = clone_process(published, by=admin)
    assert (copy.published_at, copy.published_by, copy.content_hash) == (None, None, "")
    assert copy.begin.process == copy.end.process == copy


def test_clones_of_clones_are_numbered_on(admin, draft):
    first, second = (clone_process(draft, by=admin) for _ in range(2))
    delete_draft(first, by=admin)
    assert [second.version, clone_process(second, by=admin).version] == [3, 4]


# P7: delete


def test_p7_a_draft_is_thrown_away_with_all_its_parts(admin, draft):
    save_draft(draft, everything(), revision=1, by=admin, layout=LAYOUT)
    key = draft.pk
    delete_draft(draft, by=admin)
    assert not Process.objects.filter(pk=key).exists()
    for model in (Activity, Transition, WorkflowLayout):
        assert not model.objects.filter(process_id=key).exists()
    event = AuditEvent.objects.filter(process_id=key).latest("id")
    assert (event.action, event.metadata["code"]) == ("process.deleted", "drawn")


def test_p7_a_draft_with_an_instance_stays(admin, draft, alice):
    install(approval())
    item = ProcessInstance.objects.start("test", alice, document(alice))
    ProcessInstance.objects.filter(pk=item.instance_id).update(process=draft)
    before = rows()
    with pytest.raises(ProcessInUse):
        delete_draft(draft, by=admin)
    assert rows() == before


# P8: enable and disable


@pytest.mark.parametrize("status", ["draft", "published", "retired"])
def test_p8_every_version_is_switched_off_and_on(admin, draft, status):
    if status != "draft":
        publish_process(draft, by=admin)
    if status == "retired":
        retire_process(draft, by=admin)
    switch(draft, enabled=False, by=admin)
    assert not Process.objects.get(pk=draft.pk).enabled
    switch(draft, enabled=True, by=admin)
    assert actions(draft)[-2:] == ["process.disabled", "process.enabled"]


def test_a_process_that_is_off_stays_off_when_an_app_installs_it_anew(admin):
    switch(install(approval()), enabled=False, by=admin)
    assert not install(replace(approval(), title="Renamed")).enabled


# The whole table


VERBS = {
    "save": lambda row, by: save_draft(row, plain(), revision=row.revision, by=by),
    "publish": lambda row, by: publish_process(row, by=by),
    "retire": lambda row, by: retire_process(row, by=by),
    "clone": lambda row, by: clone_process(row, by=by),
    "delete": lambda row, by: delete_draft(row, by=by),
    "enable": lambda row, by: switch(row, enabled=True, by=by),
    "disable": lambda row, by: switch(row, enabled=False, by=by),
}
RIGHTS = {
    "save": "can_design",
    "clone": "can_design",
    "delete": "can_design",
    "publish": "can_publish",
    "retire": "can_publish",
    "enable": "can_publish",
    "disable": "can_publish",
}
#: Who refuses what; every other pair is in the table.
REFUSED = {
    ("published", "save"): ProcessImmutable,
    ("retired", "save"): ProcessImmutable,
    ("published", "publish"): ProcessNotDraft,
    ("draft", "retire"): ProcessNotPublished,
    ("retired", "retire"): ProcessNotPublished,
    ("published", "delete"): ProcessImmutable,
    ("retired", "delete"): ProcessImmutable,
}


def in_status(status: str, admin: User) -> Process:
    made = create_draft("Drawn", code="drawn", by=admin)
    save_draft(made, plain(title="Drawn"), revision=0, by=admin)
    if status != "draft":
        publish_process(made, by=admin)
    if status == "retired":
        retire_process(made, by=admin)
    return made


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", ["draft", "published", "retired"])
def test_every_pair_of_state_and_verb_is_as_the_table_says(admin, status, verb):
    made = in_status(status, admin)
    error = REFUSED.get((status, verb))
    before = rows()
    if error is None:
        VERBS[verb](made, admin)
        assert rows() != before
        return
    with pytest.raises(error) as refusal:
        VERBS[verb](made, admin)
    assert refusal.value.status == 409
    if error is ProcessImmutable:
        clone = f"/api/protected/processes/{made.pk}/clone"
        assert refusal.value.extra == {"clone": clone}
    assert rows() == before


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", ["draft", "published", "retired"])
def test_who_is_asked_before_the_state(admin, alice, status, verb):
    """Each verb needs its own right; the other ones are of no use."""
    made = in_status(status, admin)
    others = {"can_design", "can_publish", "can_browse"} - {RIGHTS[verb]}
    person = allowed(alice, *others)
    before = rows()
    with pytest.raises(ProcessRightMissing):
        VERBS[verb](made, person)
    assert rows() == before
    if (status, verb) not in REFUSED:
        VERBS[verb](made, allowed(alice, RIGHTS[verb]))


def test_programs_and_people_who_left_design_nothing(admin, draft, alice):
    right = allowed(alice, "can_design", "can_publish")
    right.is_active = False
    service = User(username="robot", kind="service", role="admin")
    for nobody in (right, service, None):
        for verb in VERBS.values():
            with pytest.raises(ProcessRightMissing):
                verb(draft, nobody)
        with pytest.raises(ProcessRightMissing):
            create_draft("Other", by=nobody)
        with pytest.raises(ProcessRightMissing):
            import_draft(plain(), by=nobody)


# The group that may start


def test_r52_a_rename_of_the_title_keeps_the_right_to_start(admin, published, alice):
    group = published.start_groups.get()
    alice.groups.add(group)
    newer = clone_process(published, by=admin)
    data = replace(data_of(newer), title="Renamed")
    save_draft(newer, data, revision=0, by=admin)
    # The published version still has the old title, and so has the group.
    group.refresh_from_db()
    assert group.name == "Drawn"
    publish_process(newer, by=admin)
    group.refresh_from_db()
    assert group.name == "Renamed"
    item = ProcessInstance.objects.start("Renamed", alice, document(alice))
    assert item.instance.process == newer


def test_a_draft_that_is_alone_renames_its_group_at_once(admin, draft):
    data = replace(data_of(draft), title="Renamed")
    save_draft(draft, data, revision=1, by=admin)
    assert [group.name for group in draft.start_groups.all()] == ["Renamed"]
    assert not Group.objects.filter(name="Drawn").exists()


def test_versions_of_one_code_share_the_group(admin, published):
    copy = clone_process(published, by=admin)
    assert list(copy.start_groups.all()) == list(published.start_groups.all())


@pytest.mark.parametrize(
    "before",
    [
        lambda group: None,
        lambda group: group.user_set.add(User.objects.get(username="bob")),
        lambda group: group.permissions.add(right("can_manage_instances")),
        lambda group: group.permissions.add(right("can_instantiate")) or grown(group),
    ],
    ids=["bare", "with people", "with a right", "that may start, with people"],
)
def test_a_group_that_is_there_for_something_else_is_not_taken_over(admin, before):
    """Whoever designs titles a draft like a group that means something."""
    theirs = Group.objects.create(name="Auditors")
    before(theirs)
    kept = [set(theirs.permissions.all()), set(theirs.user_set.all())]
    made = create_draft("Auditors", by=admin)
    own = made.start_groups.get()
    assert (own.name, own == theirs) == ("Auditors (2)", False)
    assert own.permissions.get().codename == "can_instantiate"
    assert not own.user_set.exists()
    theirs.refresh_from_db()
    assert theirs.name == "Auditors"
    assert [set(theirs.permissions.all()), set(theirs.user_set.all())] == kept


def grown(group):
    group.user_set.add(User.objects.get(username="bob"))


def right(codename):
    return Permission.objects.get(content_type__app_label="workflow", codename=codename)


def test_the_group_of_another_process_is_not_taken_over(admin, alice):
    other = create_draft("Travel", code="journeys", by=admin)
    made = create_draft("Travel", code="voyages", by=admin)
    assert other.start_groups.get().name == "Travel"
    assert made.start_groups.get().name == "Travel (2)"
    # A further one of a code that has its group shares it, whatever comes between.
    assert create_draft("Travel", code="voyages", by=admin).start_groups.get() == (
        made.start_groups.get()
    )


def test_what_a_thrown_away_draft_left_is_taken_while_nobody_is_in_it(admin, alice):
    for name in ("Travel", "Travel"):
        made = create_draft("Travel", by=admin)
        group = made.start_groups.get()
        assert group.name == name
        delete_draft(made, by=admin)
    alice.groups.add(group)
    made = create_draft("Travel", by=admin)
    assert made.start_groups.get().name == "Travel (2)"
    assert not made.start_groups.filter(user=alice).exists()


def test_a_rename_of_the_title_renames_no_group_of_others(admin):
    """Naming a group as one that may start does not make it the process' own."""
    theirs = Group.objects.create(name="Auditors")
    made = create_draft("Auditors", by=admin)
    data = replace(plain("Auditors"), start_groups=("Auditors", "Auditors (2)"))
    save_draft(made, data, revision=0, by=admin)
    save_draft(made, replace(data, title="Inspections"), revision=1, by=admin)
    theirs.refresh_from_db()
    assert theirs.name == "Auditors"
    names = sorted(made.start_groups.values_list("name", flat=True))
    assert names == ["Auditors", "Inspections"]


def test_there_are_only_so_many_groups_of_one_name(admin):
    Group.objects.bulk_create(
        Group(name=name) for name in process_groups.names("Auditors")
    )
    before = rows()
    with pytest.raises(ProcessInvalid, match="too many groups"):
        create_draft("Auditors", by=admin)
    assert rows() == before


def test_a_group_that_others_use_keeps_its_name(admin):
    made = create_draft("HR", by=admin)
    assert made.start_groups.get().name == "HR (2)"
    data = replace(plain("HR"), title="People", start_groups=("HR",))
    save_draft(made, data, revision=0, by=admin)
    assert [group.name for group in made.start_groups.all()] == ["HR"]


# The questions about a name


def test_the_seeds_questions_about_a_title_or_a_code(admin, published, alice):
    for name in ("Drawn", "drawn"):
        assert Process.objects.get_effective(name) == published
        assert Process.objects.is_enabled(name)
    clone_process(published, by=admin)
    assert Process.objects.get_effective("drawn") == published
    switch(published, enabled=False, by=admin)
    assert not Process.objects.is_enabled("drawn")
    with pytest.raises(ProcessNotFound):
        Process.objects.get_effective("drawn")
    with pytest.raises(ProcessNotAllowed):
        Process.objects.check_can_start("drawn", admin)
    retire_process(published, by=admin)
    for question in (Process.objects.get_effective, Process.objects.is_enabled):
        with pytest.raises(ProcessNotFound):
            question("drawn")
    with pytest.raises(ProcessNotFound):
        Process.objects.check_can_start("drawn", alice)


def test_r53_who_may_start_is_in_a_group_of_the_version(published, alice, admin):
    with pytest.raises(ProcessNotAllowed):
        Process.objects.check_can_start("drawn", alice)
    alice.groups.add(published.start_groups.get())
    Process.objects.check_can_start("drawn", alice)
    # Who administers is no superuser: the group counts.
    with pytest.raises(ProcessNotAllowed):
        Process.objects.check_can_start("drawn", admin)
    admin.is_superuser = True
    Process.objects.check_can_start("drawn", admin)


def test_without_groups_every_person_starts_and_no_program(alice):
    install(approval())
    Process.objects.check_can_start("test", alice)
    alice.is_active = False
    robot = User(
        username="robot", username_norm="robot", kind="service", is_active=True
    )
    robot.set_unusable_password()
    robot.save()
    for nobody in (alice, robot):
        with pytest.raises(ProcessNotAllowed):
            Process.objects.check_can_start("test", nobody)
    able = allowed(robot, "can_instantiate")
    Process.objects.check_can_start("test", able)


# Models by hand


def test_r43_saving_takes_what_djangos_takes(admin):
    made = Process(title="By hand")
    made.save(force_insert=True, using="default")
    assert (made.code, made.end.title) == ("By hand", "End")
    Process(title="None", code="none").save(no_end=True)
    assert Process.objects.get(code="none").end is None
    ask = Activity(process=made, title="Ask me")
    ask.save(force_insert=True)
    assert ask.key == "ask-me"
    way = made.add_transition("Go", made.end, ask)
    made.title, made.description = "Changed", "Changed too"
    made.save(update_fields=["title"], force_update=True, using="default")
    made.refresh_from_db()
    assert (made.title, made.description) == ("Changed", "")
    for row, field in ((ask, "title"), (way, "name")):
        setattr(row, field, "Else")
        row.description = "Not this"
        row.save(force_insert=False, force_update=True, update_fields=[field])
        row.refresh_from_db()
        assert (getattr(row, field), row.description) == ("Else", "")


def test_r44_a_transition_leads_from_in_to_out():
    made = Process.objects.create(title="By hand")
    ask = Activity.objects.create(process=made, title="Ask")
    first = made.add_transition("Go", activity_out=made.end, activity_in=ask)
    second = made.add_transition("Go", made.end, ask)
    assert (first.input, first.output) == (ask, made.end)
    assert [first.key, second.key] == ["ask--end", "ask--end-2"]


def test_a_transition_stays_inside_its_process(draft):
    other = Process.objects.create(title="Other")
    with pytest.raises(ProcessInvalid, match="inside"):
        draft.add_transition("Go", other.end, draft.end)


def test_an_activity_made_by_hand_gets_a_key_of_its_own():
    made = Process.objects.create(title="By hand")
    titles = ("Ask", "ask", "\u0417\u0430\u043f\u0438\u0442", "\u0410")
    rows = [Activity.objects.create(process=made, title=title) for title in titles]
    keys = [row.key for row in rows]
    assert keys == ["ask", "ask-2", "activity", "activity-2"]


# Reading back


def test_what_is_installed_is_read_back_as_it_was_written():
    data = everything()
    made = install_process(data)
    found = comparing.differences(data, data_of(made))
    changed = {key for key, value in found.items() if value}
    assert changed == {"transitions_changed"}
    assert install_process(data_of(made)) == made
    assert install_process(data) == made


def test_an_app_mends_what_was_tampered_with_by_installing_it_again():
    made = install(approval())
    Activity._base_manager.filter(process=made, key="approve").update(split_mode="and")
    again = install(approval())
    assert again != made
    assert again.activities.get(key="approve").split_mode == "xor"


def test_another_order_of_the_ways_is_another_version():
    data = approval()
    ways = tuple(replace(way, order=0) for way in data.transitions)
    first = install(replace(data, transitions=ways))
    assert install(replace(data, transitions=tuple(reversed(ways)))) != first
