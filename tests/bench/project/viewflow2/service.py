"""django-viewflow through its activations, each move inside its row lock.

It has neither an audit trail nor tenants, and here no document and no requester
either: all of this saves it work that the others do.
"""

from typing import Any

from django.contrib.auth.models import User
from steps.client import Client
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import PROCESS, STATUS
from viewflow2.flows import ThreeFlow


class Service(Client):
    def everybody(self) -> list[Any]:
        return list(User.objects.order_by("id"))

    def document(self, person: Any) -> None:
        return None

    def start(self, person: Any, document: None) -> Any:
        return waiting_in(ThreeFlow.start.run())

    def take(self, item: Any, person: Any) -> None:
        with item.activation() as activation:
            activation.assign(person)

    def complete(self, item: Any, person: Any) -> None:
        # Starting writes nothing; it belongs to the submission of a task's form.
        with item.activation() as activation:
            activation.start(None)
            activation.execute()

    def following(self, item: Any, person: Any) -> Any:
        return waiting_in(item.process)

    def finished(self) -> int:
        return Process.objects.filter(status=PROCESS.DONE).count()


def waiting_in(process: Any) -> Any:
    return Task.objects.get(process=process, flow_task_type="HUMAN", status=STATUS.NEW)
