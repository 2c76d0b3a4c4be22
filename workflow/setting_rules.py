"""What each setting may be: all of GOFLOW_* and WF_* that the specification names.

A setting that nothing reads yet has its rule, too, so that a file of settings may
hold it. The ids are those of the messages of `checks`.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from workflow import conf

NOT_A_WORD: Final = "workflow.E001"
NOT_A_PATH: Final = "workflow.E002"
NOT_A_NUMBER: Final = "workflow.E008"
NOT_A_FLAG: Final = "workflow.E009"
NOT_A_LIST: Final = "workflow.E010"
NOT_A_TEXT: Final = "workflow.E011"

#: A month: an answer that is kept for longer is no answer to a repeated request.
LONGEST_TTL: Final = 31 * 86_400
DAY_IN_MS: Final = 86_400_000
#: As the column of a user's name.
LONGEST_NAME: Final = 150


@dataclass(frozen=True, slots=True)
class Rule:
    """What a setting may be, in words and as a question."""

    id: str
    accepted: str
    accepts: Callable[[Any], bool]


def is_number(value: Any) -> bool:
    # True is an int for Python.
    return isinstance(value, int | float) and not isinstance(value, bool)


def flag() -> Rule:
    """Return the rule of a switch: a text such as "no" would count as on."""
    return Rule(NOT_A_FLAG, "True or False", lambda value: isinstance(value, bool))


def whole(low: int, high: int) -> Rule:
    def accepts(value: Any) -> bool:
        return is_number(value) and isinstance(value, int) and low <= value <= high

    return Rule(NOT_A_NUMBER, f"a whole number from {low} to {high}", accepts)


def amount(high: int, *, of: str) -> Rule:
    """Return the rule of a number above 0, with or without a fraction."""

    def accepts(value: Any) -> bool:
        return is_number(value) and math.isfinite(value) and 0 < value <= high

    return Rule(NOT_A_NUMBER, f"a number of {of} above 0, at most {high}", accepts)


def one_of(*words: str) -> Rule:
    def accepts(value: Any) -> bool:
        return isinstance(value, str) and value in words

    return Rule(NOT_A_WORD, f"one of {', '.join(words)}", accepts)


def text(longest: int) -> Rule:
    def accepts(value: Any) -> bool:
        return isinstance(value, str) and 0 < len(value) <= longest

    return Rule(NOT_A_TEXT, f"a text of 1 to {longest} characters", accepts)


def matching(pattern: str, *, accepted: str, may_be_unset: bool = False) -> Rule:
    form = re.compile(pattern)

    def accepts(value: Any) -> bool:
        if value is None:
            return may_be_unset
        return isinstance(value, str) and form.fullmatch(value) is not None

    return Rule(NOT_A_TEXT, accepted, accepts)


def texts(accepted: str, *, pattern: str = ".+", may_be_unset: bool = False) -> Rule:
    """Return the rule of a list; one text alone would be a list of its letters."""
    form = re.compile(pattern)

    def accepts(value: Any) -> bool:
        if value is None:
            return may_be_unset
        return isinstance(value, list | tuple | set | frozenset) and all(
            isinstance(one, str) and form.fullmatch(one) for one in value
        )

    return Rule(NOT_A_LIST, accepted, accepts)


def each(rule: Rule, names: Iterable[str]) -> dict[str, Rule]:
    return dict.fromkeys(names, rule)


#: Dotted names are looked up by `checks.paths_can_be_imported`.
PATHS: Final = (
    "GOFLOW_SCHEDULER_BACKEND",
    "GOFLOW_TENANT_RESOLVER",
    "GOFLOW_TENANT_FILTER",
)
RULES: Final[dict[str, Rule]] = {
    "GOFLOW_CONDITION_STRATEGY": one_of(*conf.CONDITION_STRATEGIES),
    "GOFLOW_LOCK_STRATEGY": one_of(*conf.LOCK_STRATEGIES),
    **each(
        flag(),
        (
            "GOFLOW_AUDIT_ENABLED",
            "GOFLOW_SLA_ENABLED",
            "GOFLOW_SLA_NOTIFY",
            "GOFLOW_SLA_AUTO_ASSIGN",
            "GOFLOW_AUTO_CREATE_PROCESS_GROUPS",
            "GOFLOW_WEBHOOK_ENABLED",
            "GOFLOW_WEBHOOK_ALLOW_HTTP",
            "GOFLOW_WEBHOOK_ALLOW_PRIVATE",
            "GOFLOW_COMPENSATION_AUTO",
            "GOFLOW_API_REQUIRE_OBJECT_OWNERSHIP",
            "GOFLOW_SOUNDNESS_ENFORCE",
        ),
    ),
    "GOFLOW_API_ALLOWED_PROCESS_TITLES": texts(
        "a list of titles or codes, or None for every process", may_be_unset=True
    ),
    "GOFLOW_API_ALLOWED_CONTENT_TYPES": texts(
        "a list of models such as 'leave.leaverequest', or None for every document",
        pattern=r"\w+\.\w+",
        may_be_unset=True,
    ),
    "GOFLOW_API_OBJECT_OWNER_FIELDS": texts(
        "a list of names of fields, such as ('requester',)", pattern=r"\w+"
    ),
    "GOFLOW_API_PAGE_SIZE": whole(1, 10_000),
    "GOFLOW_API_MAX_PAGE_SIZE": whole(1, 10_000),
    "GOFLOW_IDEMPOTENCY_TTL": whole(1, LONGEST_TTL),
    "GOFLOW_STEP_RETRIES": whole(0, 100),
    # PostgreSQL takes 0 for "wait for ever".
    "GOFLOW_LOCK_TIMEOUT_MS": whole(1, DAY_IN_MS),
    "GOFLOW_TIMER_BATCH": whole(1, 100_000),
    "GOFLOW_AUTO_CHAIN_LIMIT": whole(1, 10_000),
    "GOFLOW_MAX_SUBFLOW_DEPTH": whole(0, 100),
    "GOFLOW_MAX_TOKENS": whole(1, 100_000),
    "GOFLOW_WEBHOOK_TIMEOUT": amount(300, of="seconds"),
    "GOFLOW_WEBHOOK_MAX_ATTEMPTS": whole(1, 100),
    "GOFLOW_WEBHOOK_DISABLE_AFTER_DAYS": amount(365, of="days"),
    "GOFLOW_SOUNDNESS_MAX_STATES": whole(1, 10_000_000),
    "GOFLOW_AUDIT_ANCHOR_HOURS": amount(conf.MOST_ANCHOR_HOURS, of="hours"),
    "WF_USER_AUTO": text(LONGEST_NAME),
    "WF_APPS_PREFIX": matching(
        r"(/[^/\\?#\s]+)+", accepted="a path of this site such as '/workflow/app'"
    ),
    "WF_PUSH_APPS_PREFIX": matching(
        r"[^\W\d]\w*(\.[^\W\d]\w*)*",
        accepted="the dotted name of a module, or None",
        may_be_unset=True,
    ),
}
KNOWN: Final = frozenset({*RULES, *PATHS})
