"""What goes along when a tenant is exported, moved, restored or copied.

Named in TENANT_EXPORT_POLICIES. Rows carry the tenant's uuid, and the audit trail is
sealed with it; where the tenant gets another, `workflow.resealing` seals it anew.
"""

import json
from typing import Final

from tenants.portability import masks
from tenants.portability.policies import EPHEMERAL, Policies, Policy, data
from workflow.resealing import reseal


def _own(**columns: object) -> Policy:
    return data(bound=("tenant_id",), **columns)


def _metadata(value: str, key: str) -> str:  # noqa: ARG001 - the signature of a mask
    """Return what an event says without its words; an anchor says none."""
    found = json.loads(value)
    return value if "groups" in found else "{}"


POLICIES: Final = Policies(
    {
        "workflow.Activity": _own(),
        "workflow.Application": _own(),
        "workflow.PushApplication": _own(),
        "workflow.AuditEvent": _own(
            masks={"actor_label": masks.nothing, "metadata": _metadata}
        ),
        "workflow.AuditHead": _own(),
        "workflow.Comment": _own(masks={"text": masks.numbered("Comment")}),
        "workflow.DefaultAppModel": _own(
            masks={"history": masks.nothing, "comment": masks.nothing}
        ),
        "workflow.IdempotencyKey": EPHEMERAL,
        "workflow.Incident": _own(
            masks={
                "message": masks.nothing,
                "trace": masks.nothing,
                "reason": masks.nothing,
            }
        ),
        "workflow.Process": _own(),
        "workflow.ProcessInstance": _own(
            masks={
                "title": masks.numbered("Instance"),
                "close_reason": masks.nothing,
                "data": masks.texts_in_json,
            }
        ),
        "workflow.Timer": _own(),
        "workflow.Transition": _own(),
        "workflow.WorkItem": _own(),
        "workflow.WorkflowLayout": _own(),
    },
    rebind=reseal,
)
