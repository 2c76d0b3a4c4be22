"""Ours, through its public interface, in a tenant that is entered."""

import hashlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from django.db import connection
from engine import crowd, documents
from engine.processes import PUSHED, THREE
from steps.client import ACTIVITIES, PERSON, Client

from accounts.models import User
from tenants.context import use, use_control
from tenants.models import Tenant
from tests.workflow.counting import statements
from workflow import tenancy, verification, worklist
from workflow.models import AuditEvent, ProcessInstance, WorkItem

PAGE = 50


class Service(Client):
    """Does one of several things a time; the turn says which.

    "three"           an instance of three activities
    "free", "loaded"  a completion that brings the same person the next work item: of
                      somebody without open work, and of one with very much
    "page NAME"       the first page of somebody's worklist

    ["counted"]            the statements of each step of an instance
    ["counted_page", NAME] the statements of a page
    ["load", N]            give the person of "loaded" so many open work items
    ["verified", N]        what a look at the audit trail takes, and reading it alone
    ["crowd", N]           write so many work items of many people into the tenant
    """

    def __init__(self) -> None:
        with use_control():
            self.tenant = Tenant.objects.get().info()
        with self.inside():
            super().__init__()
            self.busy = {
                "loaded": User.objects.get(username=f"{PERSON}0"),
                "free": User.objects.get(username=f"{PERSON}1"),
            }

    def inside(self) -> AbstractContextManager[object]:
        return use(self.tenant)

    def prepared(self, turn: str) -> Callable[[], object]:
        what, _, name = turn.partition(" ")
        if what == "page":
            return partial(page, User.objects.get(username=name))
        if what in self.busy:
            return self.completion(self.busy[what])
        return super().prepared(turn)

    # One client

    def everybody(self) -> list[Any]:
        return list(User.objects.filter(username__startswith=PERSON).order_by("id"))

    def document(self, person: Any) -> Any:
        return documents.about(person)

    def start(self, person: Any, document: Any) -> Any:
        return ProcessInstance.objects.start(THREE.code, person, document)

    def take(self, item: Any, person: Any) -> None:
        item.activate(person)

    def complete(self, item: Any, person: Any) -> None:
        item.complete(person)

    def following(self, item: Any, person: Any) -> Any:
        rows = WorkItem.objects.open().filter(instance=item.instance_id)
        return tenancy.filtered(rows, user=person).get()

    def finished(self) -> int:
        with self.inside():
            return ProcessInstance.objects.filter(status="complete").count()

    def counted(self) -> dict[str, int]:
        """Return the statements of each step; the client's own are none of them."""
        found: dict[str, int] = {}
        with self.inside():
            person = next(self.people)
            document = self.document(person)
            with statements() as seen:
                item = self.start(person, document)
            found["start"] = len(seen.seen)
            for activity in ACTIVITIES:
                if activity != ACTIVITIES[0]:
                    item = self.following(item, person)
                for verb in (self.take, self.complete):
                    with statements() as seen:
                        verb(item, person)
                    found[f"{verb.__name__} {activity}"] = len(seen.seen)
        return found

    # The audit trail

    def verified(self, times: int) -> list[tuple[int, int]]:
        """Return the nanoseconds of a verification and of the floor, in turn."""
        with self.inside():
            if verification.verify().findings:
                raise RuntimeError("The audit trail is broken.")
            return [
                (nanoseconds(verification.verify), nanoseconds(read_and_hash))
                for _time in range(times)
            ]

    # Much open work

    def load(self, count: int) -> int:
        """Return how many open work items the busy person has then."""
        person = self.busy["loaded"]
        with self.inside():
            mine = WorkItem.objects.held_by(person)
            if (missing := count - mine.count()) > 1:
                crowd.copy(self.pushed_to(person), missing - 1)
            return mine.count()

    def completion(self, person: Any) -> Callable[[], object]:
        item = self.pushed_to(person)
        item.activate(person)
        return partial(item.complete, person)

    def pushed_to(self, person: Any) -> Any:
        document = self.document(person)
        return ProcessInstance.objects.start(PUSHED.code, person, document)

    # Worklists

    def crowd(self, count: int) -> None:
        with self.inside():
            crowd.fill(count, self.everybody())

    def counted_page(self, name: str) -> int:
        """Return the statements of a page with all that its lines show."""
        with self.inside():
            person = User.objects.get(username=name)
            with statements() as seen:
                items = page(person)
                for item in items:
                    worklist.row(item, worklist.my_state(item), reader=person)
        if len({item.pk for item in items}) != PAGE:
            raise RuntimeError(f"{name} does not see {PAGE} work items.")
        return len(seen.seen)


def nanoseconds(act: Callable[[], object]) -> int:
    begun = time.perf_counter_ns()
    act()
    return time.perf_counter_ns() - begun


def read_and_hash() -> None:
    """Do the least that looking at each event takes."""
    table = AuditEvent._meta.db_table
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT id, to_jsonb(e)::text FROM {table} e ORDER BY id")
        while rows := cursor.fetchmany(2000):
            for _id, text in rows:
                hashlib.sha256(text.encode()).hexdigest()


def page(person: Any) -> list[WorkItem]:
    """Return the work items of the first page of a worklist."""
    return worklist.first(person, slice(PAGE))
