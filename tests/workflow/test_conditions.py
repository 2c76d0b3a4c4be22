"""What an author may type as a condition, what is stored, and what it means."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workflow.conditions import (
    Always,
    ConditionProblem,
    FactMissing,
    OneOf,
    Timeout,
    compiled,
    evaluate,
    normalise,
)

FIELDS = {
    "days": "number",
    "kind": "choice",
    "ok": "boolean",
    "start": "date",
    "reason": "string",
}


def stored(text, strategy="compatible"):
    return normalise(text, fields=FIELDS, strategy=strategy).text


def holds(text, outcome=None, **facts):
    values = {"instance.condition": outcome, **facts}

    def value(name):
        return values[name.removeprefix("wfobject.")]

    return evaluate(compiled(stored(text), fields=FIELDS), outcome=outcome, value=value)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (None, ""),
        ("   ", ""),
        ("timeout:3d", "timeout:3d"),
        ("timeout : 3 days", "timeout:3d"),
        ("TIMEOUT:90 Min", "timeout:90m"),
        ("timeout:2", "timeout:2d"),
        ("workitem.time_out(3, unit='days')", "timeout:3d"),
        ("workitem.time_out(3, 'hours')", "timeout:3h"),
        ("workitem.timeout(3)", "timeout:3d"),
        ("TRUE", "true"),
        ("False", "false"),
        ("eq:APPROVED", "eq:APPROVED"),
        ("in:APPROVED,OK", "in:APPROVED,OK"),
        ("In: A , B", "in:A,B"),
        ("eq: A", "eq:A"),
        ("in:A,,B", "in:A,B"),
        ("instance.condition == 'APPROVED'", "instance.condition == 'APPROVED'"),
        ("wfobject.days > 5", "wfobject.days > 5"),
        ("('OK')", "eq:OK"),
        ("('A')", "eq:A"),
        ("'OK'", "eq:'OK'"),
        ("APPROVED", "eq:APPROVED"),
    ],
)
def test_the_table_of_normalisation(typed, kept):
    assert stored(typed) == kept
    assert stored(kept) == kept


def test_r55_the_case_of_a_prefix_does_not_matter():
    assert stored("EQ:APPROVED") == "eq:APPROVED"
    assert holds("EQ:APPROVED", "APPROVED")


@pytest.mark.parametrize("text", ["timeout:3x", "timeout:", "timeout: soon"])
def test_r56_a_time_that_is_none_is_refused_with_its_place(text):
    for strategy in ("compatible", "strict"):
        with pytest.raises(ConditionProblem) as refusal:
            stored(text, strategy)
        assert refusal.value.position > len("timeout")


def test_r57_text_that_is_no_expression_is_an_outcome_unless_strict():
    kept = normalise("Approve (final)", fields=FIELDS)
    assert kept.text == "eq:Approve (final)"
    assert "Approve (final)" in kept.warning
    assert holds("Approve (final)", "Approve (final)")
    with pytest.raises(ConditionProblem):
        stored("Approve (final)", "strict")


def test_r58_not_before_a_boolean_is_an_expression():
    assert stored("not wfobject.ok") == "not wfobject.ok"
    assert holds("not wfobject.ok", ok=False)
    assert not holds("not wfobject.ok", ok=True)


@pytest.mark.parametrize(
    "text",
    [
        "wfobject.secret == 'x'",
        "instance.user.password == 'x'",
        "wfobject.__class__ == 'x'",
        "wfobject.days.real == 1",
        "wfobject.save()",
        "instance.condition.upper() == 'A'",
        "__import__('os') == 1",
    ],
)
def test_r59_what_is_not_listed_cannot_be_read(text):
    with pytest.raises(ConditionProblem):
        stored(text, "strict")
    with pytest.raises(ConditionProblem):
        compiled(text, fields=FIELDS)


@pytest.mark.parametrize(
    "text",
    ["timeout:1d and true", "workitem.time_out(3) or instance.condition == 'A'"],
)
def test_r62_a_timeout_inside_an_expression_is_refused(text):
    for strategy in ("compatible", "strict"):
        with pytest.raises(ConditionProblem):
            stored(text, strategy)


@pytest.mark.parametrize("word", ["1", "yes", "no"])
def test_r63_short_words_are_outcomes(word):
    assert stored(word) == f"eq:{word}"
    assert holds(word, word)
    assert not holds(word, "other")


@pytest.mark.parametrize(
    "text",
    ["(1)", "(instance.condition)", "wfobject.days", "('A', 'B')", "eq:", "in:,"],
)
def test_what_is_neither_true_nor_false_is_refused_in_both_strategies(text):
    for strategy in ("compatible", "strict"):
        with pytest.raises(ConditionProblem):
            stored(text, strategy)


def test_the_prefixes_compare_the_outcome():
    assert holds("ne:A", "B")
    assert holds("ne:A", None)
    assert not holds("eq:A", None)
    assert holds("in:A,B", "B")
    assert not holds("notin:A,B", "B")
    assert holds("notin:A,B", None)


def test_expressions_compare_what_the_document_registers():
    assert holds("1 < wfobject.days <= 5", days=5)
    assert not holds("1 < wfobject.days <= 5", days=6)
    assert holds("wfobject.kind in ['sick', 'other']", kind="sick")
    assert holds("wfobject.kind not in ('sick', 'other')", kind="holiday")
    assert holds("wfobject.start >= '2026-03-01'", start=date(2026, 3, 1))
    assert not holds("wfobject.start > '2026-03-01'", start=datetime(2026, 3, 1, 9))  # noqa: DTZ001
    assert holds("wfobject.reason is None", reason=None)
    assert holds("wfobject.days > -1 and not wfobject.ok", days=0, ok=False)
    assert holds("'sea' in wfobject.reason", reason="by the sea")


def test_an_order_with_nothing_is_false():
    assert not holds("wfobject.days > 1", days=None)
    assert not holds("wfobject.days < 1", days=None)


def test_and_and_or_stop_at_the_first_part_that_decides():
    def fails(name):
        raise FactMissing(name)

    condition = compiled("true" and "False and wfobject.ok", fields=FIELDS)
    assert evaluate(condition, outcome=None, value=fails) is False
    condition = compiled("True or wfobject.ok", fields=FIELDS)
    assert evaluate(condition, outcome=None, value=fails) is True


def test_a_problem_names_its_place():
    with pytest.raises(ConditionProblem) as refusal:
        stored("wfobject.days > 5 and wfobject.nothing", "strict")
    assert refusal.value.as_error() == {
        "code": "condition.invalid",
        "message": "'wfobject.nothing' cannot be read in a condition.",
        "line": 1,
        "column": 23,
        "length": 16,
    }


def test_an_expression_has_limits():
    for text in (
        " and ".join(["wfobject.ok"] * 90),
        "(" * 40 + "wfobject.ok" + ")" * 40,
        "not " * 40 + "wfobject.ok",
        "wfobject.days in [" + "1," * 120 + "]",
        "wfobject.days > " + "9" * 30,
    ):
        with pytest.raises(ConditionProblem):
            stored(text, "strict")
    with pytest.raises(ConditionProblem):
        stored("x" * 1001)


def test_a_timeout_is_never_true_at_completion():
    condition = compiled("timeout:3d", fields={})
    assert condition == Timeout(timedelta(days=3))
    assert evaluate(condition, outcome="A", value=lambda name: None) is False


def test_stored_conditions_are_data():
    assert compiled("", fields={}) == Always(answer=True)
    assert compiled("false", fields={}) == Always(answer=False)
    assert compiled("notin:A,B", fields={}) == OneOf(("A", "B"), negated=True)


@given(st.text(max_size=60))
@example("eq:eq:A")
@example("('  ')")
@example("timeout:999999999w")
def test_any_text_is_stored_readably_or_refused(text):
    try:
        kept = stored(text)
    except ConditionProblem:
        return
    condition = compiled(kept, fields=FIELDS)
    assert stored(kept) == kept
    assert evaluate(condition, outcome="x", value=lambda name: None) in {True, False}


WORDS = st.sampled_from(
    [
        "wfobject.days",
        "wfobject.ok",
        "wfobject.start",
        "instance.condition",
        "1",
        "-2.5",
        "'a'",
        '"b"',
        "None",
        "True",
        "False",
        "and",
        "or",
        "not",
        "in",
        "is",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "(",
        ")",
        "[",
        "]",
        ",",
        "timeout:3d",
        "eq:",
    ]
)


@given(st.lists(WORDS, max_size=14).map(" ".join))
def test_any_row_of_words_is_stored_readably_or_refused(text):
    for strategy in ("compatible", "strict"):
        try:
            kept = stored(text, strategy)
        except ConditionProblem:
            continue
        compiled(kept, fields=FIELDS)


@given(st.text(min_size=1, max_size=40).filter(lambda t: t.strip() == t and t))
def test_an_outcome_with_a_prefix_matches_itself_and_nothing_else(outcome):
    if "\x00" in outcome:
        return
    condition = compiled(stored(f"eq:{outcome}"), fields={})
    assert evaluate(condition, outcome=outcome, value=lambda name: None)
    assert not evaluate(condition, outcome=outcome + "x", value=lambda name: None)
