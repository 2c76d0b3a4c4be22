"""A process that uses everything, and the handlers it names."""

from dataclasses import replace
from typing import Any

from django.contrib.auth.models import Permission
from django.http import HttpResponse

from accounts.models import User
from tests.workflow.processes import END, A, T, process
from workflow import handlers
from workflow.definitions import ProcessData


class Paper:
    """Stands for a form class."""


handlers.form("tests.paper", template="tests/paper.html")(Paper)


@handlers.compensation("tests.undo")
def undo(workitem, reason):
    return {"handled": True, "reason": reason}


@handlers.application("tests.page")
def page(request, id):  # noqa: A002 - the seed's signature
    return HttpResponse()


#: A drawing of `everything`.
LAYOUT = {"ask": {"x": 10, "y": 20}, "end": {"x": 300, "y": 20}}


def plain(code: str = "drawn", **values: Any) -> ProcessData:
    """Return the smallest process that a designer may publish."""
    activities = (A("ask", "Ask"), A("check", "Check", roles=("HR",)), END)
    ways = (T("ask", "check", "Send"), T("check", "end", "Done"))
    return replace(process(*activities, ways=ways, code=code), **values)


def everything(code: str = "drawn") -> ProcessData:
    """Return a process with something in every field."""
    return process(
        A("ask", "Ask", "Say what you need.", form="tests.paper"),
        A(
            "check",
            "Check",
            "Look at it.",
            node_type="approval",
            roles=("HR", "Managers"),
            allowed_groups=("Employees",),
            allowed_users=("bob",),
            sla_roles=("Managers",),
            sla_duration="3d",
            sla_warn="1d",
            push_application="tests.push",
            pushapp_param={"a": 1},
            form_template="tests/paper.html",
            compensation="tests.undo",
            split_mode="xor",
            autofinish=False,
            max_attempts=5,
        ),
        A(
            "work",
            "Work",
            node_type="service",
            autostart=True,
            application="tests.auto",
            app_param={"b": [2]},
        ),
        A(
            "sub",
            "Sub",
            kind="subflow",
            subflow="leave",
            subflow_binding="1",
            map_in={"days": "instance.data.amount"},
            map_out={"seen": "reason", "condition": "instance.condition"},
        ),
        A("late", "Late", roles=("HR",), join_mode="and"),
        END,
        ways=(
            T("ask", "check", "Send", key="send", description="To be checked"),
            T(
                "check",
                "work",
                "Yes",
                "EQ: YES",
                key="yes",
                order=1,
                precondition="tests.precondition",
                pre_hook="tests.before",
                post_hook="tests.after",
            ),
            T("check", "sub", "Much", "instance.data.amount > 5", key="much", order=2),
            T("check", "late", "No answer", "timeout : 3 days", key="timeout", order=3),
            T("check", "end", "No", key="no", is_default=True, order=4),
            T("work", "end", "Worked", key="worked"),
            T("sub", "late", "Back", key="back"),
            T("late", "end", "Late", key="late"),
        ),
        code=code,
        description="Everything that there is.",
        priority=3,
        start_groups=("Employees",),
        requester_may_cancel=True,
        data_schema={"amount": "number", "seen": "string", "when": "date"},
        version_note="The first one",
    )


def allowed(person: User, *rights: str) -> User:
    """Give a person rights of the workflow; return them as somebody new."""
    for right in rights:
        person.user_permissions.add(Permission.objects.get(codename=right))
    return User.objects.get(pk=person.pk)
