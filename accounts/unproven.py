"""Accounts that somebody registered for a mailbox that nobody has proven.

A stranger may have done so: they hold no address back from whoever proves it.
"""

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.deletion import ProtectedError, RestrictedError

from accounts.models import Challenge, User
from kernel import clock

if TYPE_CHECKING:
    from django.db.models import QuerySet


def rows() -> "QuerySet[User]":
    """Return these accounts; who was let in and has a link for it is none of them."""
    links = Challenge.objects.open(at=clock.now()).filter(
        user=OuterRef("pk"), purpose=Challenge.Purpose.SETUP
    )
    people: QuerySet[User] = User.objects.people()
    return people.filter(
        ~Exists(links),
        role=User.Role.MEMBER,
        is_active=False,
        email_verified_at__isnull=True,
        deactivated_at__isnull=True,
    )


def is_registered(user: User) -> bool:
    """Tell whether nobody but the person let this account in."""
    return rows().filter(pk=user.pk).exists()


def holders(email_norm: str) -> "QuerySet[User]":
    """Return the account that holds an address back, where there is one."""
    found: QuerySet[User] = User.objects.filter(email_norm=email_norm)
    return found.exclude(pk__in=rows().filter(email_norm=email_norm).values("pk"))


def release(email_norm: str) -> None:
    """Delete the account that holds nothing but this address, in a transaction."""
    waiting = rows().filter(email_norm=email_norm).select_for_update(of=("self",))
    for user in waiting:
        try:
            with transaction.atomic():
                user.delete()
        except (ProtectedError, RestrictedError):
            return
