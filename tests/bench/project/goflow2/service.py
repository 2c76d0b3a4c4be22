"""django-goflow2 through the methods of its models.

Each move is put into one transaction: that gives it what ours has, all of a step or
nothing, and spares it a commit for every statement, so it is faster so.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from goflow.apptools.models import DefaultAppModel
from goflow.runtime.models import ProcessInstance, WorkItem
from goflow.tenancy import apply_tenant_filter
from steps.client import Client


class Service(Client):
    def everybody(self) -> list[Any]:
        people = User.objects.exclude(username=settings.WF_USER_AUTO)
        return list(people.order_by("id"))

    def document(self, person: Any) -> Any:
        # Without a history the end cannot write into it, and the instance stays open.
        return DefaultAppModel.objects.create(history="")

    def start(self, person: Any, document: Any) -> Any:
        with transaction.atomic():
            return ProcessInstance.objects.start("three", person, document)

    def take(self, item: Any, person: Any) -> None:
        with transaction.atomic():
            item.activate(person)

    def complete(self, item: Any, person: Any) -> None:
        with transaction.atomic():
            item.complete(person)

    def following(self, item: Any, person: Any) -> Any:
        rows = WorkItem.objects.filter(instance=item.instance_id, status="inactive")
        return apply_tenant_filter(rows, user=person).get()

    def finished(self) -> int:
        return ProcessInstance.objects.filter(status="complete").count()
