"""The seats of a tenant: one for each person who may come in, or was let in and may.

Nobody takes one by registering: a stranger gets a seat by proving the mailbox.
Service accounts have none.
"""

from typing import TYPE_CHECKING

from accounts import unproven
from accounts.models import User
from tenants.models import Resource
from tenants.plans import quotas

if TYPE_CHECKING:
    from django.db.models import QuerySet


def rows() -> "QuerySet[User]":
    """Return the people who have a seat."""
    people: QuerySet[User] = User.objects.people()
    present = people.filter(deactivated_at__isnull=True)
    return present.exclude(pk__in=unproven.rows().values("pk"))


def count() -> int:
    """Return how many seats are taken, for TENANT_QUOTA_COUNTERS."""
    return rows().count()


def take(user: User) -> None:
    """Let a person come in who has no seat yet, in a transaction.

    Call it before the row says so and after the row is locked.
    Raises QuotaExceeded where the plan has no seat left.
    """
    if quotas.allowed_of(Resource.SEATS) is None:
        return
    if user.pk is None or not rows().filter(pk=user.pk).exists():
        quotas.require(Resource.SEATS)


def require_one() -> None:
    """Raise QuotaExceeded where there is no seat left, in a transaction."""
    quotas.require(Resource.SEATS)
