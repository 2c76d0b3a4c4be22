"""Whom a person may choose for work: few are listed, of many one is named."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q

from workflow.graph import Node
from workflow.models import WorkItem

#: More people than this are not listed; a tenant may have ten thousand.
MOST_LISTED: Final = 100


@dataclass(frozen=True, slots=True)
class People:
    """Who may be chosen; without a list, because there are too many."""

    listed: tuple[Any, ...] | None

    @classmethod
    def of(cls, rows: Any) -> "People":
        """Return the people of a query set, in one statement."""
        found = list(rows.order_by("username_norm")[: MOST_LISTED + 1])
        if len(found) > MOST_LISTED:
            return cls(None)
        return cls(tuple(sorted(found, key=lambda one: one.display_name.casefold())))

    @property
    def is_empty(self) -> bool:
        return self.listed == ()


def everybody() -> Any:
    """Return the people of the tenant who can sign in."""
    people = get_user_model()._default_manager  # noqa: SLF001 - Django's public name
    return people.active().people()


def named(name: str) -> Any:
    """Return the person of this user name or address, or None."""
    return everybody().named(name).order_by("pk").first()


def delegates(item: WorkItem) -> People:
    """Return who may be asked to do work: anybody but its holder."""
    return People.of(everybody().exclude(pk=item.user_id))


def candidates(item: WorkItem, node: Node) -> People:
    """Return who may be given work: who may do it at all, but for its holder."""
    return People.of(able(node).exclude(pk=item.user_id))


def able(node: Node) -> Any:
    """Return the people who may do the work of an activity."""
    people = everybody()
    if node.is_open_to_all:
        return people
    members = people.model.groups.through.objects.filter(
        user_id=OuterRef("pk"), group_id__in=node.offered_group_ids
    )
    named_ones = Q(pk__in=node.allowed_user_ids) | Q(is_superuser=True)
    return people.filter(named_ones | Exists(members))


def labels(people: Iterable[Any]) -> list[tuple[str, str]]:
    """Return people as choices; who shares a name is told apart by the user name."""
    people = list(people)
    often = Counter(one.display_name for one in people)
    return [
        (
            str(one.pk),
            f"{one.display_name} ({one.username})"
            if often[one.display_name] > 1
            else one.display_name,
        )
        for one in people
    ]
