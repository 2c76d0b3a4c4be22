"""The list of people: in a fixed order, page by page, one query a page."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet, Subquery

from accounts import details
from accounts.models import User

#: Operators of old installations; never in a list.
HIDDEN_GROUP = "Superuser"
ORDER = ("-is_active", "username_norm")


def page(
    *,
    exclude_groups: str | Iterable[str] | None = None,
    limit: int | None = None,
    after: int | None = None,
) -> list[dict[str, Any]]:
    """Return people as dictionaries: the active ones first, then by user name.

    Service accounts and the group `Superuser` are left out. `after` is the id of the
    last one of the page before; an unknown one gives an empty page.
    """
    found = people(exclude_groups=exclude_groups)
    if after is not None:
        found = found.filter(behind(after))
    return details.of_all(found if limit is None else found[:limit])


def people(*, exclude_groups: str | Iterable[str] | None = None) -> "QuerySet[User]":
    """Return the people of a list in their order."""
    hidden = {HIDDEN_GROUP, *names(exclude_groups)}
    everybody: QuerySet[User] = User.objects.people()
    members = User.objects.filter(groups__name__in=hidden).values("pk")
    return everybody.exclude(pk__in=members).order_by(*ORDER)


def behind(last: int) -> Q:
    """Return which rows come after the row of an id; its place is asked for at once."""
    row = User.objects.filter(pk=last)
    is_active = Subquery(row.values("is_active"))
    name = Subquery(row.values("username_norm"))
    return Q(is_active__lt=is_active) | Q(is_active=is_active, username_norm__gt=name)


def names(groups: str | Iterable[str] | None) -> set[str]:
    """Return names of groups from a comma list, or from any collection."""
    if groups is None:
        return set()
    found = groups.split(",") if isinstance(groups, str) else groups
    return {name.strip() for name in found if name.strip()}
