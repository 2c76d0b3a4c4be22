"""The settings of the workflow and their defaults, under the seed's names."""

from typing import Any

from django.conf import settings

LOCK_STRATEGIES = ("optimistic", "pessimistic")
CONDITION_STRATEGIES = ("compatible", "strict")
#: A year: who anchors more rarely does not anchor.
MOST_ANCHOR_HOURS = 8760

#: The seed's dotted names, accepted for the classes that took their place.
ALIASES = {
    "goflow.runtime.scheduler.CronSchedulerBackend": (
        "workflow.scheduler.CronSchedulerBackend"
    ),
    "goflow.runtime.scheduler.CelerySchedulerBackend": (
        "workflow.scheduler.CelerySchedulerBackend"
    ),
}

DEFAULTS: dict[str, Any] = {
    "GOFLOW_SCHEDULER_BACKEND": "workflow.scheduler.CronSchedulerBackend",
    "GOFLOW_CONDITION_STRATEGY": "compatible",
    "GOFLOW_LOCK_STRATEGY": "optimistic",
    "GOFLOW_AUDIT_ENABLED": True,
    #: How often the heads of all chains are anchored in the tenant's own chain.
    "GOFLOW_AUDIT_ANCHOR_HOURS": 24,
    "GOFLOW_TENANT_RESOLVER": "workflow.tenancy.resolve",
    "GOFLOW_TENANT_FILTER": "workflow.tenancy.filter_queryset",
    #: None: every process the user may start; every registered document.
    "GOFLOW_API_ALLOWED_PROCESS_TITLES": None,
    "GOFLOW_API_ALLOWED_CONTENT_TYPES": None,
    "GOFLOW_API_REQUIRE_OBJECT_OWNERSHIP": True,
    "GOFLOW_API_OBJECT_OWNER_FIELDS": ("requester",),
    "GOFLOW_API_PAGE_SIZE": 100,
    "GOFLOW_API_MAX_PAGE_SIZE": 500,
    #: For how many seconds the answer to an Idempotency-Key is kept.
    "GOFLOW_IDEMPOTENCY_TTL": 86_400,
    #: Whether whoever designs a new process gets a group for those who may start it.
    "GOFLOW_AUTO_CREATE_PROCESS_GROUPS": True,
    #: How often a step is tried again when its instance moved under it.
    "GOFLOW_STEP_RETRIES": 5,
    #: How long a step waits for the row of its instance.
    "GOFLOW_LOCK_TIMEOUT_MS": 2000,
    #: How many timers one run takes.
    "GOFLOW_TIMER_BATCH": 200,
    #: How many automatic steps follow a call; the scheduler runs the rest.
    "GOFLOW_AUTO_CHAIN_LIMIT": 100,
    #: How deep subflows nest, and how many tokens an instance has at once.
    "GOFLOW_MAX_SUBFLOW_DEPTH": 16,
    "GOFLOW_MAX_TOKENS": 1000,
    "WF_USER_AUTO": "workflow-auto",
}


def value(name: str) -> Any:
    """Return a setting, or its default."""
    return getattr(settings, name, DEFAULTS[name])
