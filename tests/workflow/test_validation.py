"""What a process may not be, rule by rule, and what is only doubtful (1.18, R51)."""

from dataclasses import replace

import pytest

from tests.workflow import designing
from tests.workflow.designing import everything, plain
from tests.workflow.processes import END, A, T, install, process
from workflow import durations
from workflow.drafts import clone_process, create_draft, save_draft
from workflow.errors import ProcessInvalid
from workflow.models import Process
from workflow.publishing import (
    examined,
    findings,
    install_process,
    publish_process,
    retire_process,
)

pytestmark = pytest.mark.usefixtures("in_acme")

HR = ("HR",)
assert designing  # registers the handlers that are named below


def codes(data, *, level="error", drawn=True) -> list[str]:
    _, found = examined(data, drawn=drawn)
    return sorted(one.code for one in found if one.level == level)


def ask(**values):
    """Return a process of one activity, given by its fields, with two ways on."""
    return process(
        A("ask", "Ask"),
        A(**{"key": "do", "title": "Do", "roles": HR, **values}),
        END,
        ways=(T("ask", "do", "Go"), T("do", "end", "Done")),
    )


def ways(*ways_, split_mode="xor", **values):
    """Return a process whose second activity splits in these ways."""
    return process(
        A("ask", "Ask"),
        A("do", "Do", roles=HR, split_mode=split_mode, **values),
        A("other", "Other", roles=HR),
        END,
        ways=(T("ask", "do", "Go"), *ways_, T("other", "end", "Done")),
        data_schema={"amount": "number"},
    )


TO_OTHER = T("do", "other", "Other", "eq:OTHER")


def test_a_process_that_uses_everything_is_right():
    _, found = examined(everything(), drawn=True)
    assert found == []


def test_a_plain_process_is_right():
    assert codes(plain()) == []
    assert codes(plain(), level="warning") == []


# Shape: what no draft may be saved with


SHAPES = {
    "no activities": (replace(plain(), activities=(), transitions=()), "process.empty"),
    "no transitions": (replace(plain(), transitions=()), "process.empty"),
    "no title": (replace(plain(), title=""), "process.title"),
    "a long title": (replace(plain(), title="x" * 101), "process.title"),
    "a title with a break": (replace(plain(), title="a\nb"), "process.title"),
    "no code": (replace(plain(), code=""), "process.title"),
    "a long note": (replace(plain(), version_note="x" * 256), "process.text"),
    "a zero byte": (replace(plain(), description="\x00"), "process.text"),
    "half a letter": (replace(plain(), description="\ud800"), "process.text"),
    "a huge priority": (replace(plain(), priority=2**31), "process.priority"),
    "no activity title": (ask(title=" "), "activity.title"),
    "a long activity title": (ask(title="x" * 101), "activity.title"),
    "a zero byte in a title": (ask(title="a\x00"), "activity.title"),
    "no key": (ask(key="A key"), "activity.key"),
    "a long form": (ask(form="x" * 256), "activity.text"),
    "a zero byte in words": (ask(description="\x00"), "activity.text"),
    "parameters with a zero byte": (ask(app_param={"a": "\x00"}), "activity.text"),
    "parameters without end": (ask(app_param={"a": "x" * 70_000}), "activity.text"),
    "no attempts": (ask(max_attempts=0), "activity.max_attempts"),
    "too many attempts": (ask(max_attempts=101), "activity.max_attempts"),
    "the same title": (ask(title="Ask"), "activity.title"),
    "no kind": (ask(kind="what"), "activity.kind"),
    "no node type": (ask(node_type="what"), "activity.node_type"),
    "no mode": (ask(split_mode="or"), "activity.mode"),
    "a subflow of nothing": (ask(kind="subflow"), "subflow.name"),
    "nothing that is a subflow": (ask(subflow="leave"), "subflow.name"),
    "a strange binding": (
        ask(kind="subflow", subflow="leave", subflow_binding="newest"),
        "subflow.binding",
    ),
    "a gateway with people": (ask(node_type="gateway"), "gateway.invalid"),
    "a gateway with a form": (
        ask(node_type="gateway", kind="dummy", form="tests.paper"),
        "gateway.invalid",
    ),
    "a service by hand": (ask(node_type="service"), "service.invalid"),
    "a script by hand": (ask(node_type="script"), "script.invalid"),
    "a script that waits": (
        ask(node_type="script", autostart=True, autofinish=False),
        "script.invalid",
    ),
    "a notification with a form": (
        ask(node_type="notification", form="tests.paper"),
        "notification.invalid",
    ),
    "a strange duration": (ask(sla_duration="3 days"), "sla.duration"),
    "a duration without end": (ask(sla_duration="99999w"), "sla.duration"),
    "a strange warning": (ask(sla_duration="3d", sla_warn="x"), "sla.duration"),
    "a late warning": (ask(sla_duration="1d", sla_warn="24h"), "sla.warn"),
    "a warning of nothing": (ask(sla_warn="1h"), "sla.warn"),
    "no begin": (replace(plain(), begin=""), "process.ends"),
    "a strange end": (replace(plain(), end="what"), "process.ends"),
    "begin is end": (replace(plain(), end="ask"), "process.ends"),
    "a way back to the begin": (
        ways(T("do", "ask", "Back", "eq:BACK"), TO_OTHER),
        "process.begin_has_input",
    ),
    "a way from the end": (
        ways(T("end", "do", "Again", "eq:A"), TO_OTHER),
        "process.end_has_output",
    ),
    "nothing to the end": (
        process(
            A("ask", "Ask"),
            A("do", "Do"),
            END,
            ways=(T("ask", "do", "Go"),),
        ),
        "process.end_has_no_input",
    ),
    "nothing from the begin": (
        process(A("ask", "Ask"), A("do", "Do"), END, ways=(T("do", "end", "Go"),)),
        "process.begin_has_no_output",
    ),
    "a way to nowhere": (ways(T("do", "what", "Go"), TO_OTHER), "transition.ends"),
    "a way from nowhere": (ways(T("what", "do", "Go"), TO_OTHER), "transition.ends"),
    "a way to itself": (ways(T("do", "do", "Go"), TO_OTHER), "transition.loop"),
    "a way without words": (
        process(A("ask", "Ask"), END, ways=(T("ask", "end"),)),
        "transition.unnamed",
    ),
    "the same way twice": (
        ways(TO_OTHER, replace(TO_OTHER, name="Again", order=1)),
        "transition.duplicate",
    ),
    "the same key": (
        ways(replace(TO_OTHER, key="a"), T("do", "end", "E", "eq:E", key="a")),
        "transition.key",
    ),
    "a strange key": (ways(replace(TO_OTHER, key="a b")), "transition.key"),
    "a long name": (ways(replace(TO_OTHER, name="x" * 51)), "transition.name"),
    "a long description": (
        ways(replace(TO_OTHER, description="x" * 101)),
        "transition.text",
    ),
    "a huge order": (ways(replace(TO_OTHER, order=2**31)), "transition.order"),
    "an isolated activity": (
        replace(plain(), activities=(*plain().activities, A("lost", "Lost"))),
        "activity.isolated",
    ),
    "two defaults": (
        ways(
            T("do", "other", "A", is_default=True),
            T("do", "end", "B", is_default=True),
        ),
        "split.default",
    ),
    "a default with a condition": (
        ways(replace(TO_OTHER, is_default=True)),
        "split.default",
    ),
    "a condition that ends early": (
        ways(replace(TO_OTHER, condition="timeout:3x")),
        "condition.invalid",
    ),
    "a condition without end": (
        ways(replace(TO_OTHER, condition="x" * 1001)),
        "condition.invalid",
    ),
    "an unknown hook": (ways(replace(TO_OTHER, pre_hook="no")), "handler.missing"),
    "an unknown after": (ways(replace(TO_OTHER, post_hook="no")), "handler.missing"),
    "an unknown guard": (ways(replace(TO_OTHER, precondition="x")), "handler.missing"),
    "an unknown push": (ask(push_application="no"), "handler.missing"),
    "an unknown form": (ask(form="no"), "handler.missing"),
    "an unknown template": (ask(form_template="/etc/passwd"), "handler.missing"),
    "an unknown undoing": (ask(compensation="os.system"), "handler.missing"),
    "an unknown page": (ask(application="no"), "handler.missing"),
    "an unknown machine": (ask(application="no", autostart=True), "handler.missing"),
    "a page for a machine": (
        ask(application="tests.page", autostart=True),
        "handler.missing",
    ),
    "a machine for people": (ask(application="tests.auto"), "application.by_hand"),
    "a variable of no type": (
        replace(plain(), data_schema={"a": "money"}),
        "data.type",
    ),
    "a variable with types": (
        replace(plain(), data_schema={"a": {"type": "number"}}),
        "data.type",
    ),
    "a variable without name": (
        replace(plain(), data_schema={"": "number"}),
        "data.name",
    ),
    "a variable with a dot": (
        replace(plain(), data_schema={"a.b": "number"}),
        "data.name",
    ),
    "variables in a list": (replace(plain(), data_schema=["a"]), "data.schema"),
    "variables of numbers": (
        replace(plain(), data_schema={1: "number"}),
        "data.schema",
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_r51_what_has_no_shape_is_neither_saved_nor_published(admin, case):
    data, code = SHAPES[case]
    assert code in codes(data)
    draft = create_draft("test", by=admin)
    with pytest.raises(ProcessInvalid) as refusal:
        save_draft(
            draft, replace(data, code=data.code and "test"), revision=0, by=admin
        )
    errors = refusal.value.extra["errors"]
    assert code in {error["code"] for error in errors}
    assert draft.activities.count() == 1


def test_a_code_has_a_hundred_letters_at_most():
    assert codes(replace(plain(), code="x" * 101)) == ["process.text"]


def test_every_finding_is_told_at_once(admin):
    data = ways(replace(TO_OTHER, condition="timeout:3x", pre_hook="no"), form="no")
    with pytest.raises(ProcessInvalid) as refusal:
        save_draft(create_draft("test", by=admin), data, revision=0, by=admin)
    found = {error["code"] for error in refusal.value.extra["errors"]}
    assert found == {"condition.invalid", "handler.missing"}
    assert len(refusal.value.extra["errors"]) == 3


def test_a_form_a_page_and_a_template_that_are_registered_are_right():
    assert codes(ask(form="tests.paper", form_template="tests/paper.html")) == []
    assert codes(ask(application="tests.page", compensation="tests.undo")) == []


# Meaning: what a draft may be, and no version that is published


MEANINGS = {
    "two ways without condition": (
        ways(T("do", "other", "A"), T("do", "end", "B")),
        "split.ambiguous",
    ),
    "no way out": (
        process(
            A("ask", "Ask"),
            A("a", "A"),
            A("b", "B"),
            END,
            ways=(
                T("ask", "end", "Done"),
                T("ask", "a", "Go"),
                T("a", "b", "On"),
                T("b", "a", "Back"),
            ),
        ),
        "activity.no_way_out",
    ),
    "no way in": (
        process(
            A("ask", "Ask"),
            A("a", "A"),
            END,
            ways=(T("ask", "end", "Done"), T("a", "end", "On")),
        ),
        "activity.unreachable",
    ),
    "only time leads on": (
        process(
            A("ask", "Ask"),
            A("do", "Do"),
            END,
            ways=(T("ask", "do", "Go"), T("do", "end", "Late", "timeout:1d")),
        ),
        "activity.no_output",
    ),
    "a timeout of a dummy": (
        ways(T("do", "end", "Late", "timeout:1d"), TO_OTHER, kind="dummy"),
        "timeout.on_automatic",
    ),
    "a timeout of a subflow": (
        ways(
            *(T("do", "end", "Late", "timeout:1d"), TO_OTHER),
            kind="subflow",
            subflow="leave",
        ),
        "timeout.on_automatic",
    ),
    "a timeout of a machine": (
        ways(T("do", "end", "Late", "timeout:1d"), TO_OTHER, autostart=True),
        "timeout.on_automatic",
    ),
    "a subflow that is not there": (
        ask(kind="subflow", subflow="no"),
        "subflow.missing",
    ),
    "a version that is not there": (
        ask(kind="subflow", subflow="leave", subflow_binding="99"),
        "subflow.missing",
    ),
    "a subflow of itself": (ask(kind="subflow", subflow="test"), "subflow.recursion"),
}


@pytest.mark.parametrize("case", MEANINGS)
def test_r51_what_cannot_work_is_saved_and_not_published(admin, case):
    data, code = MEANINGS[case]
    draft = create_draft("test", by=admin)
    save_draft(draft, data, revision=0, by=admin)
    with pytest.raises(ProcessInvalid) as refusal:
        publish_process(draft, by=admin)
    assert {error["code"] for error in refusal.value.extra["errors"]} == {code}


def test_what_an_app_wrote_down_is_run_where_a_designer_would_be_refused():
    back = process(
        A("ask", "Ask", split_mode="xor"),
        A("do", "Do", roles=HR, split_mode="xor"),
        END,
        ways=(
            T("ask", "do"),
            T("do", "ask", "Back", "eq:BACK"),
            T("do", "end", "On", is_default=True),
        ),
    )
    drawn = {"process.begin_has_input", "transition.unnamed"}
    assert drawn == set(codes(back))
    assert codes(back, drawn=False) == []
    assert drawn <= set(codes(back, level="warning", drawn=False))
    assert install(back).status == "published"


# Conditions


def test_r60_every_condition_error_reaches_the_author_with_its_place(admin):
    data = ways(
        T("do", "other", "A", "instance.data.amount > 'x'", key="a"),
        T("do", "end", "B", "timeout:3x", key="b"),
        T("do", "end", "C", "timeout:1d and true", key="c"),
    )
    with pytest.raises(ProcessInvalid) as refusal:
        save_draft(create_draft("test", by=admin), data, revision=0, by=admin)
    errors = {error["transition"]: error for error in refusal.value.extra["errors"]}
    assert set(errors) == {"b", "c"}
    assert errors["b"] == {
        "code": "condition.invalid",
        "level": "error",
        "message": "'x' is no unit of time; use s, m, h, d or w.",
        "transition": "b",
        "field": "condition",
        "line": 1,
        "column": 10,
        "length": 1,
    }


def test_r60_under_the_compatible_strategy_the_author_is_warned():
    data = ways(T("do", "other", "A", "instance.data.amount > 'x'"), TO_OTHER)
    assert "condition.as_outcome" in codes(data, level="warning")


def test_r60_under_the_strict_strategy_no_condition_is_guessed(settings):
    settings.GOFLOW_CONDITION_STRATEGY = "strict"
    data = ways(T("do", "other", "A", "instance.data.amount > 'x'"), TO_OTHER)
    assert codes(data) == ["condition.invalid"]


@pytest.mark.parametrize(
    ("condition", "is_known"),
    [
        ("instance.data.amount > 5", True),
        ("instance.data.amount is None", True),
        ("not (instance.data.amount in [1, 2])", True),
        ("instance.data.other > 5", False),
        ("instance.data > 5", False),
        ("instance.data.amount.real > 5", False),
        ("instance.data.amount == 'x'", False),
    ],
)
def test_r59_conditions_read_the_variables_that_the_process_names(
    settings, condition, is_known
):
    settings.GOFLOW_CONDITION_STRATEGY = "strict"
    default = T("do", "end", "No", is_default=True, order=9)
    data = ways(T("do", "other", "A", condition), default)
    assert (codes(data) == []) is is_known


# Subflows


def child(code="child", **values):
    return process(
        A("ask", "Ask"),
        END,
        ways=(T("ask", "end", "Done"),),
        code=code,
        **values,
    )


def parent(code="parent", subflow="child", schema=None, **values):
    return process(
        A("ask", "Ask"),
        A("sub", "Sub", kind="subflow", subflow=subflow, **values),
        END,
        ways=(T("ask", "sub", "Go"), T("sub", "end", "Back")),
        code=code,
        data_schema=schema or {},
    )


def test_r29_processes_do_not_run_each_other(admin):
    install(child())
    install(parent("middle", "child"))
    install(parent("outer", "middle"))
    for code in ("middle", "outer"):
        with pytest.raises(ProcessInvalid) as refusal:
            install(parent("child", code))
        [error] = refusal.value.extra["errors"]
        assert (error["code"], error["activity"]) == ("subflow.recursion", "sub")
    # A process may run another twice, and it may be run by two.
    assert codes(parent("other", "middle")) == []


def test_r29_only_what_is_really_run_counts(admin):
    """An old version of the child ran the parent; the present one does not."""
    install(child("parent"))
    old = install(parent("child", "parent"))
    install(child())
    assert codes(parent("parent", "child")) == []
    bound = parent("parent", "child", subflow_binding=str(old.version))
    assert codes(bound) == ["subflow.recursion"]
    # Coming back to it is refused while the other way round is published.
    install(parent("parent", "child"))
    with pytest.raises(ProcessInvalid) as refusal:
        publish_process(old, by=admin)
    assert refusal.value.extra["errors"][0]["code"] == "subflow.recursion"


def test_a_subflow_may_be_bound_to_a_version_that_is_retired(admin):
    made = install(child())
    bound = parent(subflow_binding="1")
    assert codes(bound) == []
    retire_process(made, by=admin)
    assert codes(bound) == []
    assert codes(parent()) == ["subflow.missing"]
    draft = clone_process(made, by=admin)
    assert codes(parent(subflow_binding=str(draft.version))) == ["subflow.missing"]


THERE = {"size": "number", "kind": "choice", "day": "date", "anything": "json"}
HERE = {"amount": "number", "word": "string", "when": "date", "sure": "boolean"}
DOCUMENT = {"model": "leave.LeaveRequest", "object_id": "instance.data.word"}


@pytest.mark.parametrize(
    ("field", "written", "is_right"),
    [
        ("map_in", {"size": "amount"}, True),
        ("map_in", {"size": "instance.data.amount"}, True),
        ("map_in", {"size": 5, "kind": "small", "day": "2026-01-31"}, True),
        ("map_in", {"kind": "word", "anything": "sure"}, True),
        ("map_in", {"anything": {"a": [1]}, "size": None}, True),
        ("map_in", {"size": "word"}, False),
        ("map_in", {"size": "instance.data.nothing"}, False),
        ("map_in", {"size": "five"}, False),
        ("map_in", {"size": True}, False),
        ("map_in", {"day": "tomorrow"}, False),
        ("map_in", {"nothing": 1}, False),
        ("map_in", {"document": DOCUMENT}, True),
        ("map_in", {"document": {**DOCUMENT, "object_id": 7}}, True),
        ("map_in", {"document": {**DOCUMENT, "model": "auth.group"}}, False),
        ("map_in", {"document": {**DOCUMENT, "object_id": None}}, False),
        (
            "map_in",
            {"document": {**DOCUMENT, "object_id": "instance.data.sure"}},
            False,
        ),
        ("map_in", {"document": {**DOCUMENT, "object_id": "instance.data.no"}}, False),
        ("map_in", {"document": {"model": "leave.leaverequest"}}, False),
        ("map_in", {"document": "leave.leaverequest"}, False),
        ("map_out", {"amount": "size", "word": "kind", "when": "day"}, True),
        ("map_out", {"condition": "instance.condition"}, True),
        ("map_out", {"condition": "kind"}, True),
        ("map_out", {"condition": "DONE"}, True),
        ("map_out", {"condition": "size"}, False),
        ("map_out", {"condition": 5}, False),
        ("map_out", {"sure": "size"}, False),
        ("map_out", {"size": "size"}, False),
        ("map_out", {"amount": "instance.data.amount"}, False),
    ],
)
def test_r29_what_goes_in_and_comes_out_has_the_types_of_both(field, written, is_right):
    install(child(data_schema=THERE))
    data = parent(schema=HERE, **{field: written})
    assert codes(data) == ([] if is_right else ["subflow.mapping"])


@pytest.mark.parametrize("document", [{}, {"model": "nowhere.no", "object_id": 1}])
def test_a_document_that_is_none_is_refused(document):
    install(child())
    assert codes(parent(map_in={"document": document})) == ["subflow.mapping"]


def test_without_types_anything_goes_in_and_out():
    install(child())
    data = parent(map_in={"a": "instance.data.b"}, map_out={"c": "instance.data.d"})
    assert codes(data) == []


# Doubts


def doubts(data) -> list[str]:
    return codes(data, level="warning")


EITHER = T("do", "end", "End", "eq:END", order=1)


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        (("eq:A", "eq:B"), ["split.not_exhaustive"]),
        (("eq:A", "ne:A"), []),
        (("in:A,B", "notin:A,B,C"), ["split.not_exhaustive"]),
        (("in:A,B", "notin:A,B"), []),
        (("ne:A", "ne:B"), []),
        (("ne:A", "eq:B"), ["split.not_exhaustive", "transition.unreachable"]),
        (("in:A,B", "eq:A"), ["split.not_exhaustive", "transition.unreachable"]),
        (("eq:A", "in:A,B"), ["split.not_exhaustive"]),
        (("true", "eq:A"), ["transition.unreachable"]),
        (("eq:A", "false"), ["split.not_exhaustive", "transition.unreachable"]),
        (("eq:A", "instance.data.amount > 5"), ["split.not_exhaustive"]),
        (("true", "instance.data.amount > 5"), ["transition.unreachable"]),
        (("instance.data.amount > 5", ""), []),
        (("eq:A", ""), []),
    ],
)
def test_splits_are_looked_through_exactly(conditions, found):
    first, second = conditions
    data = ways(
        T("do", "other", "One", first, order=1), T("do", "end", "Two", second, order=2)
    )
    assert doubts(data) == found


def test_a_default_that_is_never_taken_is_doubtful():
    ways_ = (
        T("do", "other", "One", "eq:A", order=1),
        T("do", "end", "Two", "ne:A", order=2),
        T("do", "end", "Else", is_default=True),
    )
    assert doubts(ways(*ways_)) == ["transition.unreachable"]


@pytest.mark.parametrize("guard", ["precondition", "pre_hook"])
def test_a_way_that_may_be_closed_covers_nothing(guard):
    name = {"precondition": "tests.precondition", "pre_hook": "tests.before"}[guard]
    ways_ = (
        T("do", "other", "One", "eq:A", order=1, **{guard: name}),
        T("do", "end", "Two", "in:A,B", order=2),
        T("do", "end", "Three", "notin:A,B", order=3),
    )
    assert doubts(ways(*ways_)) == []


def test_an_and_split_shadows_nothing_and_needs_no_default():
    ways_ = (TO_OTHER, T("do", "end", "End", "in:OTHER,END", order=1))
    assert doubts(ways(*ways_, split_mode="and")) == []


def test_a_join_of_one_way_is_doubtful():
    assert doubts(ask(join_mode="and")) == ["join.single_input"]


def test_what_only_time_reaches_is_doubtful():
    ways_ = (T("do", "end", "Done"), T("do", "other", "Late", "timeout:1d"))
    assert doubts(ways(*ways_)) == ["activity.only_by_timeout"]


@pytest.mark.parametrize(
    ("values", "is_open"),
    [
        ({"roles": ()}, True),
        ({"roles": HR}, False),
        ({"roles": (), "allowed_groups": HR}, False),
        ({"roles": (), "allowed_users": ("bob",)}, False),
        ({"roles": (), "push_application": "tests.push"}, False),
        ({"roles": (), "autostart": True}, False),
        ({"roles": (), "kind": "dummy"}, False),
    ],
)
def test_work_that_everybody_may_do_is_doubtful(values, is_open):
    assert doubts(ask(**values)) == (["activity.open_to_all"] if is_open else [])


def test_warnings_stop_nobody(admin):
    draft = create_draft("test", by=admin)
    save_draft(draft, ways(TO_OTHER, EITHER), revision=0, by=admin)
    assert publish_process(draft, by=admin).status == "published"


def test_the_installed_leave_process_is_right():
    found = findings(Process.objects.published().get(code="leave"))
    assert [one.code for one in found if one.is_error] == []
    doubtful = {"split.not_exhaustive", "activity.only_by_timeout"}
    assert {one.code for one in found} == doubtful


def test_unknown_people_are_named():
    for values, code in (
        ({"allowed_users": ("nobody",)}, "user.missing"),
        ({"allowed_groups": ("Nobody",)}, "group.missing"),
        ({"sla_roles": ("Nobody",)}, "group.missing"),
    ):
        with pytest.raises(ProcessInvalid) as refusal:
            install_process(ask(**values))
        assert refusal.value.extra["errors"][0]["code"] == code


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", None), ("0s", 0), ("90m", 5400), ("3d", 259_200), ("1w", 604_800)],
)
def test_durations_are_read(text, seconds):
    found = durations.parsed(text)
    assert (found and found.total_seconds()) == (seconds or (found and 0.0))


@pytest.mark.parametrize(
    "text", ["d", "3", "-3d", "3 d", "3D", "3dd", "٣d", "9" * 15 + "w"]
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        durations.parsed(text)
