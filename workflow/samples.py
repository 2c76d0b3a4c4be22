"""Two processes to try, with no code and no model of their own.

`Sample process`: somebody asks, somebody reviews, and what is to be done again comes
back to whoever asked.

    Request ──> Review ──APPROVED──> Notice ──> End
                 ^   │ └──REJECTED─────────────> End
                 │ REWORK
                 │   v
               Rework

`test parallel workflow`: two reviews at once, and what may come between.

    Approve ──┬──> Security review ──┐
       │ │    └──> Finance review ───┤
       │ └─EXCEPTION─> Exception review ─> Finalize ──> End
       └─after 3 days─> Escalation ──┘

They are installed on request, tenant by tenant: `manage.py goflow_samples`.
Everybody may start them and do their work.
"""

from typing import Any, Final

from workflow.definitions import ActivityData, ProcessData, TransitionData
from workflow.models import Process
from workflow.publishing import install_process

END: Final = ActivityData("end", "End", kind="dummy")

SAMPLE: Final = ProcessData(
    code="Sample process",
    title="Sample process",
    description="Ask for something, have it reviewed, and mend it where it is wanted.",
    begin="request",
    end="end",
    activities=(
        ActivityData("request", "Request", "Say what you need, and send it."),
        ActivityData(
            "review",
            "Review",
            "Decide whether this can be done as it is.",
            node_type="review",
            split_mode="xor",
        ),
        ActivityData(
            "rework",
            "Rework",
            "Change what was asked for, and send it again.",
            push_application="route_to_requester",
        ),
        # Without an application, automatic work writes a line into the history.
        ActivityData("notice", "Notice", node_type="notification", autostart=True),
        END,
    ),
    transitions=(
        TransitionData("request", "review", "Send"),
        TransitionData("review", "notice", "Approve", "eq:APPROVED", order=1),
        TransitionData("review", "rework", "Rework", "eq:REWORK", order=2),
        TransitionData("review", "end", "Reject", "eq:REJECTED", order=3),
        TransitionData("rework", "review", "Send again"),
        TransitionData("notice", "end", "Noted"),
    ),
)

PARALLEL: Final = ProcessData(
    code="test parallel workflow",
    title="test parallel workflow",
    description="Two reviews at once; an exception and a delay go their own ways.",
    begin="approve",
    end="end",
    activities=(
        ActivityData(
            "approve",
            "Approve",
            "Let both reviews begin, or ask for an exception.",
            node_type="approval",
            split_mode="and",
        ),
        ActivityData("security_review", "Security review", node_type="review"),
        ActivityData("finance_review", "Finance review", node_type="review"),
        ActivityData("exception_review", "Exception review", node_type="review"),
        ActivityData("escalation", "Escalation", "Nobody answered for three days."),
        ActivityData(
            "finalize", "Finalize", "Everything is reviewed.", join_mode="and"
        ),
        END,
    ),
    transitions=(
        TransitionData("approve", "security_review", "Approve", "eq:APPROVED", order=1),
        TransitionData("approve", "finance_review", "Approve", "eq:APPROVED", order=2),
        TransitionData(
            "approve", "exception_review", "Exception", "eq:EXCEPTION", order=3
        ),
        TransitionData("approve", "escalation", "No answer", "timeout:3d", order=4),
        TransitionData("security_review", "finalize", "Reviewed"),
        TransitionData("finance_review", "finalize", "Reviewed"),
        TransitionData("exception_review", "finalize", "Reviewed"),
        TransitionData("escalation", "finalize", "Handled"),
        TransitionData("finalize", "end", "Finish"),
    ),
)

SAMPLES: Final = (SAMPLE, PARALLEL)


def install(*, by: Any = None) -> list[Process]:
    """Publish the samples in the present tenant; a second call changes nothing."""
    return [install_process(data, by=by) for data in SAMPLES]
