"""The process `leave`, as data; `provisioning` publishes it in each tenant.

    Request ──> Approve ──approve──> File ──> Tell the employee ──> End
                 ^   │ │               ^
          resubmit   │ └─after 3 days──│──> Decide in the manager's place
                 │ refuse              └─────approve─┘ │
                 │   v                                 │
       Correct or withdraw <──────────refuse───────────┘
                 └──withdraw──> End

`tests/leave` walks every arrow.
"""

from typing import Final

from workflow.definitions import ActivityData, ProcessData, TransitionData

CODE: Final = "leave"

MANAGERS: Final = "Managers"
HR: Final = "HR"
EMPLOYEES: Final = "Employees"
GROUPS: Final = (EMPLOYEES, MANAGERS, HR)

REQUEST: Final = "request"
APPROVE: Final = "approve"
DECIDE: Final = "decide"
FILE: Final = "file"
TELL: Final = "tell"
CORRECT: Final = "correct"
END: Final = "end"

APPROVED: Final = "APPROVED"
REJECTED: Final = "REJECTED"
RESUBMIT: Final = "RESUBMIT"
WITHDRAW: Final = "WITHDRAW"

ACTIVITIES = (
    ActivityData(REQUEST, "Request", "Check the days and send the request."),
    ActivityData(
        APPROVE,
        "Approve",
        "Decide whether these days can be taken off.",
        # HR stands in where the only manager is the one who asks.
        roles=(MANAGERS, HR),
        push_application="leave.to_manager",
        split_mode="xor",
    ),
    ActivityData(
        DECIDE,
        "Decide in the manager's place",
        "The manager has not answered for three days; decide for them.",
        roles=(HR,),
        split_mode="xor",
    ),
    ActivityData(FILE, "File", "Enter the days into the staff record.", roles=(HR,)),
    ActivityData(
        TELL,
        "Tell the employee",
        "A mail says that the days are filed.",
        application="leave.tell",
        autostart=True,
    ),
    ActivityData(
        CORRECT,
        "Correct or withdraw",
        "The request was refused; change it and send it again, or withdraw it.",
        push_application="route_to_requester",
        split_mode="xor",
    ),
    ActivityData(END, "End", kind="dummy"),
)


def decision(source: str) -> tuple[TransitionData, TransitionData]:
    """Return the two answers of whoever decides; nobody decides on their own leave."""
    return (
        TransitionData(
            source,
            FILE,
            "Approve",
            condition=f"eq:{APPROVED}",
            order=1,
            precondition="leave.by_another",
            post_hook="leave.approved",
        ),
        TransitionData(
            source,
            CORRECT,
            "Refuse",
            condition=f"eq:{REJECTED}",
            order=2,
            precondition="leave.by_another",
            post_hook="leave.refused",
        ),
    )


TRANSITIONS = (
    TransitionData(REQUEST, APPROVE, "Send", post_hook="leave.sent"),
    *decision(APPROVE),
    TransitionData(
        APPROVE,
        DECIDE,
        "No answer",
        condition="timeout:3d",
        order=3,
        post_hook="leave.late",
    ),
    *decision(DECIDE),
    TransitionData(FILE, TELL, "File", post_hook="leave.filed"),
    TransitionData(TELL, END, "Told"),
    TransitionData(
        CORRECT,
        APPROVE,
        "Resubmit",
        condition=f"eq:{RESUBMIT}",
        order=1,
        post_hook="leave.sent",
    ),
    TransitionData(
        CORRECT,
        END,
        "Withdraw",
        condition=f"eq:{WITHDRAW}",
        order=2,
        post_hook="leave.withdrawn",
    ),
)

LEAVE: Final = ProcessData(
    code=CODE,
    title=CODE,
    description="Ask for days off; your manager decides and HR files them.",
    activities=ACTIVITIES,
    transitions=TRANSITIONS,
    begin=REQUEST,
    end=END,
)
