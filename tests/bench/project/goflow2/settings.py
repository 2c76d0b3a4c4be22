"""django-goflow2 with audit and tenant filter on, as ours has them.

Everything else is as it comes, but for its log: it would write eight lines a step.
"""

import logging
from typing import Any

from alike import *  # noqa: F403 - settings are a namespace
from alike import CONTRIB, databases

INSTALLED_APPS = [
    *CONTRIB,
    "goflow.workflow",
    "goflow.runtime",
    "goflow.apptools",
]
MIDDLEWARE: list[str] = []
DATABASES = databases("django.db.backends.postgresql")
# It opens a log file of its own unless there is a handler already.
logging.basicConfig(level=logging.ERROR)

TENANT = "11111111-1111-4111-8111-111111111111"
WF_USER_AUTO = "workflow-auto"
WF_APPS_PREFIX = "/apps"
WF_PUSH_APPS_PREFIX = "goflow.workflow.pushapps"
GOFLOW_AUDIT_ENABLED = True
# Its default, and ours; the other strategy takes as many statements.
GOFLOW_LOCK_STRATEGY = "optimistic"


def GOFLOW_TENANT_RESOLVER(request: Any, user: Any) -> dict[str, Any]:  # noqa: N802 - a setting
    return {"tenant_id": TENANT, "org_id": None}


def GOFLOW_TENANT_FILTER(queryset: Any, request: Any, user: Any) -> Any:  # noqa: N802 - a setting
    return queryset.filter(tenant_id=TENANT)
