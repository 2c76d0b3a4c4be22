"""What an invitation rests on: the right of who gave it, at this moment."""

from accounts.models import Invitation, User
from accounts.models.invitation import OPEN
from accounts.permissions import rank
from kernel import clock


def may_give(inviter: User | None, role: str) -> bool:
    """Tell whether the person may still let others in with this role."""
    if inviter is None or not inviter.may("invitations.manage"):
        return False
    return rank(role) <= rank(inviter.role)


def revoke_unbacked(inviter: User) -> None:
    """Withdraw the open invitations that the person may no longer give."""
    given = Invitation.objects.filter(OPEN, invited_by=inviter)
    lost = [one.pk for one in given if not may_give(inviter, one.role)]
    Invitation.objects.filter(OPEN, pk__in=lost).update(revoked_at=clock.now())
