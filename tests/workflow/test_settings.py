"""A wrong setting is a message at start-up, with its name and what it may be."""

import pytest
from django.core.checks import run_checks

from workflow import conf, scheduler
from workflow.setting_rules import KNOWN, PATHS, RULES

#: Spec 1.20, and names of later stages that it has already.
IN_THE_SPECIFICATION = {
    *("GOFLOW_SCHEDULER_BACKEND", "GOFLOW_CONDITION_STRATEGY", "GOFLOW_LOCK_STRATEGY"),
    *("GOFLOW_AUDIT_ENABLED", "GOFLOW_SLA_ENABLED", "GOFLOW_SLA_NOTIFY"),
    *("GOFLOW_AUTO_CREATE_PROCESS_GROUPS", "GOFLOW_SLA_AUTO_ASSIGN"),
    *("GOFLOW_WEBHOOK_ENABLED", "GOFLOW_COMPENSATION_AUTO", "GOFLOW_WEBHOOK_TIMEOUT"),
    *("GOFLOW_TENANT_RESOLVER", "GOFLOW_TENANT_FILTER"),
    *("GOFLOW_API_ALLOWED_PROCESS_TITLES", "GOFLOW_API_ALLOWED_CONTENT_TYPES"),
    *("GOFLOW_API_REQUIRE_OBJECT_OWNERSHIP", "GOFLOW_API_OBJECT_OWNER_FIELDS"),
    *("GOFLOW_API_PAGE_SIZE", "GOFLOW_API_MAX_PAGE_SIZE", "GOFLOW_IDEMPOTENCY_TTL"),
    *("GOFLOW_STEP_RETRIES", "GOFLOW_LOCK_TIMEOUT_MS", "GOFLOW_TIMER_BATCH"),
    *("GOFLOW_AUTO_CHAIN_LIMIT", "GOFLOW_MAX_SUBFLOW_DEPTH", "GOFLOW_MAX_TOKENS"),
    *("GOFLOW_WEBHOOK_MAX_ATTEMPTS", "GOFLOW_WEBHOOK_DISABLE_AFTER_DAYS"),
    *("GOFLOW_WEBHOOK_ALLOW_HTTP", "GOFLOW_WEBHOOK_ALLOW_PRIVATE"),
    *("GOFLOW_SOUNDNESS_ENFORCE", "GOFLOW_SOUNDNESS_MAX_STATES"),
    *("GOFLOW_AUDIT_ANCHOR_HOURS", "WF_USER_AUTO", "WF_APPS_PREFIX"),
    "WF_PUSH_APPS_PREFIX",
}


def messages() -> list[tuple[str | None, str]]:
    found = [one for one in run_checks() if str(one.id).startswith("workflow.")]
    return [(one.id, f"{one.msg} {one.hint or ''}".strip()) for one in found]


def test_the_settings_of_the_specification_have_a_rule():
    assert KNOWN == IN_THE_SPECIFICATION


def test_every_setting_that_is_read_has_a_rule():
    assert conf.DEFAULTS.keys() <= KNOWN


def test_every_default_is_accepted():
    defaults = {name: conf.DEFAULTS[name] for name in RULES if name in conf.DEFAULTS}
    assert [name for name, v in defaults.items() if not RULES[name].accepts(v)] == []


def test_the_settings_of_the_project_are_in_order():
    assert messages() == []


@pytest.mark.parametrize(
    ("name", "value", "message_id", "accepted"),
    [
        ("GOFLOW_LOCK_STRATEGY", "hopeful", "E001", "optimistic, pessimistic"),
        ("GOFLOW_CONDITION_STRATEGY", None, "E001", "compatible, strict"),
        ("GOFLOW_CONDITION_STRATEGY", ["strict"], "E001", "compatible, strict"),
        ("GOFLOW_AUDIT_ENABLED", "no", "E009", "True or False"),
        ("GOFLOW_AUTO_CREATE_PROCESS_GROUPS", 0, "E009", "True or False"),
        ("GOFLOW_API_REQUIRE_OBJECT_OWNERSHIP", None, "E009", "True or False"),
        ("GOFLOW_SLA_ENABLED", "off", "E009", "True or False"),
        ("GOFLOW_TIMER_BATCH", 0, "E008", "from 1 to 100000"),
        ("GOFLOW_TIMER_BATCH", "200", "E008", "from 1 to 100000"),
        ("GOFLOW_TIMER_BATCH", True, "E008", "from 1 to 100000"),
        ("GOFLOW_TIMER_BATCH", 1.5, "E008", "from 1 to 100000"),
        ("GOFLOW_STEP_RETRIES", -1, "E008", "from 0 to 100"),
        ("GOFLOW_LOCK_TIMEOUT_MS", 0, "E008", "from 1 to"),
        ("GOFLOW_IDEMPOTENCY_TTL", 10**12, "E008", "from 1 to"),
        ("GOFLOW_MAX_TOKENS", None, "E008", "from 1 to"),
        ("GOFLOW_AUDIT_ANCHOR_HOURS", float("inf"), "E008", "number of hours"),
        ("GOFLOW_WEBHOOK_TIMEOUT", 0, "E008", "number of seconds"),
        ("GOFLOW_API_ALLOWED_PROCESS_TITLES", "leave", "E010", "list of titles"),
        ("GOFLOW_API_ALLOWED_PROCESS_TITLES", [1], "E010", "list of titles"),
        ("GOFLOW_API_ALLOWED_CONTENT_TYPES", ["leave"], "E010", "leave.leaverequest"),
        ("GOFLOW_API_OBJECT_OWNER_FIELDS", None, "E010", "names of fields"),
        ("GOFLOW_API_OBJECT_OWNER_FIELDS", "requester", "E010", "names of fields"),
        ("WF_USER_AUTO", "", "E011", "1 to 150 characters"),
        ("WF_APPS_PREFIX", "//elsewhere.example", "E011", "path of this site"),
        ("WF_PUSH_APPS_PREFIX", "a module", "E011", "dotted name"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_accepted(
    settings, name, value, message_id, accepted
):
    setattr(settings, name, value)
    [(found, text)] = messages()
    assert found == f"workflow.{message_id}"
    assert text.startswith(f"{name} is {value!r}; use ")
    assert accepted in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GOFLOW_API_ALLOWED_PROCESS_TITLES", []),
        ("GOFLOW_API_ALLOWED_PROCESS_TITLES", {"leave", "Sample process"}),
        ("GOFLOW_API_ALLOWED_CONTENT_TYPES", ("leave.LeaveRequest",)),
        ("GOFLOW_AUDIT_ANCHOR_HOURS", 0.5),
        ("GOFLOW_STEP_RETRIES", 0),
        ("GOFLOW_SLA_NOTIFY", False),
        ("WF_APPS_PREFIX", "/apps"),
        ("WF_PUSH_APPS_PREFIX", "goflow.workflow.pushapps"),
    ],
)
def test_what_may_be_set_says_nothing(settings, name, value):
    setattr(settings, name, value)
    assert messages() == []


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize(
    "value", ["no.such.name", "nodots", 5, None, "workflow.conf.LOCK_STRATEGIES"]
)
def test_a_name_that_leads_to_nothing_of_use_is_a_message(settings, name, value):
    setattr(settings, name, value)
    [(found, text)] = messages()
    assert found == "workflow.E002"
    assert text.startswith(f"{name} is {value!r}: ")


def test_a_backend_needs_all_its_methods_and_a_name(settings):
    for value in ("workflow.conf.value", "decimal.Decimal"):
        settings.GOFLOW_SCHEDULER_BACKEND = value
        [(found, text)] = messages()
        assert found == "workflow.E002"
        assert "schedule_notification" in text
    settings.GOFLOW_SCHEDULER_BACKEND = scheduler.CronSchedulerBackend
    assert [found for found, _ in messages()] == ["workflow.E002"]


def test_a_function_and_the_seeds_name_of_a_backend_are_accepted(settings):
    settings.GOFLOW_TENANT_FILTER = lambda queryset, **_: queryset
    settings.GOFLOW_SCHEDULER_BACKEND = next(iter(conf.ALIASES))
    assert messages() == []


def test_a_mistyped_setting_is_named_with_the_one_that_was_meant(settings):
    settings.GOFLOW_LOCK_STRATGY = "pessimistic"
    [(found, text)] = messages()
    assert found == "workflow.E012"
    assert text.startswith("There is no setting GOFLOW_LOCK_STRATGY.")
    assert text.endswith("Did you mean GOFLOW_LOCK_STRATEGY?")


def test_a_setting_that_is_like_no_other_is_named_too(settings):
    settings.GOFLOW_COLOUR = "blue"
    assert messages() == [
        ("workflow.E012", "There is no setting GOFLOW_COLOUR. Remove it.")
    ]


def test_of_the_short_names_only_what_is_nearly_one_of_ours_is_named(settings):
    settings.WF_COLOUR_OF_THE_PAGES = "blue"
    assert messages() == []
    settings.WF_USER_AUT0 = "robot"
    assert [found for found, _ in messages()] == ["workflow.E012"]


def test_pages_longer_than_the_longest_are_a_message(settings):
    settings.GOFLOW_API_MAX_PAGE_SIZE = 50
    [(found, text)] = messages()
    assert found == "workflow.E013"
    assert text.startswith("GOFLOW_API_PAGE_SIZE is 100; ")
    assert text.endswith("GOFLOW_API_MAX_PAGE_SIZE, which is 50.")
