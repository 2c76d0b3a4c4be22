"""Sign a person's devices out: one, the others, or all; API tokens where wanted.

    sign_out.others(bob, keep=here.pk, ends_tokens=True)

API tokens are no devices: programs of a person go on until they are named as well.
Those of service accounts always go on, as they are the workspace's.
"""

from uuid import UUID

from django.db import transaction

from accounts import api_tokens, events, sessions
from accounts.api_tokens import Door
from accounts.models import RefreshSession, SecurityEvent, User
from kernel.errors import NotFound

REASON = "signed_out_by_owner"
TOKEN, SESSION = SecurityEvent.Via.TOKEN, SecurityEvent.Via.SESSION


@transaction.atomic
def one(user: User, number: str, *, via: str = TOKEN) -> None:
    """Sign one of a person's devices out.

    Raises NotFound for one of somebody else, and for what is no number of a device.
    """
    device = RefreshSession.objects.filter(pk=_id(number), user=_locked(user))
    found = device.first()
    if found is None:
        raise NotFound
    sessions.end(found, reason=REASON)
    details = {"session": found.pk.hex}
    events.record("session.ended", subject=user, by=user, via=via, details=details)


def _id(number: str) -> UUID:
    try:
        return UUID(number)
    except ValueError:
        raise NotFound from None


@transaction.atomic
def others(
    user: User, *, keep: UUID, ends_tokens: bool = False, via: str = TOKEN
) -> int:
    """Sign all of a person's devices out but one; its access token stays good.

    Return how many API tokens ended as well.
    """
    locked = _locked(user)
    sessions.end_all(locked, reason=REASON, but=keep)
    return _record("session.others_ended", locked, ends_tokens=ends_tokens, via=via)


@transaction.atomic
def everywhere(user: User, *, ends_tokens: bool = False, via: str = SESSION) -> int:
    """Sign a person out everywhere, here too; no device stays a known one.

    Return how many API tokens ended as well.
    """
    locked = _locked(user)
    sessions.outdate(locked, reason=REASON)
    return _record("session.all_ended", locked, ends_tokens=ends_tokens, via=via)


def _locked(user: User) -> User:
    # The owner first, as everywhere: no token is made or rotated past the end.
    found: User = User.objects.select_for_update().get(pk=user.pk)
    return found


def _record(name: str, user: User, *, ends_tokens: bool, via: str) -> int:
    ended = 0
    if ends_tokens:
        ended = api_tokens.revoke_all(user, by=user, door=Door(via=via))
    details = {"tokens": ended} if ends_tokens else {}
    events.record(name, subject=user, by=user, via=via, details=details)
    return ended
