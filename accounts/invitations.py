"""Invitations: an address, a role and a secret link; each lets one person in, once.

    pending ──▶ accepted, revoked, expired

An invitation is worth as much as its inviter's right to give that role, at the moment
it is used; `accounts.accepting` uses it.
"""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from accounts import (
    addresses,
    code_mails,
    conf,
    events,
    grouping,
    inviting,
    languages,
    limits,
    roles,
    seats,
)
from accounts.errors import (
    Deactivated,
    InvitationOpen,
    NameTaken,
    NotUserManager,
    RoleUnknown,
)
from accounts.hiring import TAKEN
from accounts.models import Invitation, SecurityEvent, User
from accounts.models.invitation import OPEN
from accounts.permissions import ROLES, rank
from kernel import clock, codes
from kernel.errors import NotFound
from tenants import context, signing

SYSTEM = SecurityEvent.Via.SYSTEM


def pending() -> Any:
    """Return the invitations that wait for an answer, the newest first."""
    return Invitation.objects.filter(OPEN).select_related("invited_by").order_by("-pk")


def invite(
    *,
    email: str,
    role: str,
    by: User,
    groups: Sequence[str] = (),
    language: str = "",
    via: str = SYSTEM,
) -> Invitation:
    """Return a new invitation, whose link is on its way to the address.

    Raises NotUserManager, EmailInvalid, RoleUnknown, RoleTooHigh, GroupUnknown,
    LanguageUnknown, InvitationOpen where one is pending, NameTaken where the account
    has it all already, Deactivated, QuotaExceeded without a free seat, and Throttled.
    """
    _require_may_invite(by, role)
    email_norm = addresses.normalise(email.strip())
    wanted = dict.fromkeys(groups, True)
    role = grouping.role_of(wanted, role)
    _require_may_invite(by, role)
    grouping.require_known(wanted)
    languages.require_known(language)
    _require_use(email_norm, role, groups)
    _count()
    token, now = codes.new_secret(), clock.now()
    with transaction.atomic():
        roles.lock_owners()  # before any invitation, as everywhere
        _free_the_address(email_norm)
        seats.require_one()  # who accepts takes it; here it saves them the way
        made = Invitation(
            email=email.strip(),
            email_norm=email_norm,
            role=role,
            groups=sorted(grouping.known(wanted)),
            language=language,
            invited_by=by,
            token_hash=token_hash(token),
            created_at=now,
            expires_at=now + conf.current().invitation_life,
        )
        _save(made)
        events.record(
            "invitation.sent", by=by, via=via, details={"id": made.pk, "role": role}
        )
        code_mails.send_invitation(made, token)
    return made


def resend(invitation_id: int, *, by: User, via: str = SYSTEM) -> Invitation:
    """Send a new link for a pending invitation, from now on by this person.

    The link before works no more. Raises NotFound where it is not pending, and what
    `invite` raises for a person who may not give the role.
    """
    role = _pending(invitation_id).role
    _require_may_invite(by, role)
    _count()
    token = codes.new_secret()
    with transaction.atomic():
        roles.lock_owners()
        renewed = _pending(invitation_id, lock=True)
        renewed.token_hash = token_hash(token)
        renewed.invited_by = by
        renewed.expires_at = clock.now() + conf.current().invitation_life
        renewed.sent_count = min(renewed.sent_count + 1, 32_767)
        renewed.save()
        events.record("invitation.resent", by=by, via=via, details={"id": renewed.pk})
        code_mails.send_invitation(renewed, token)
    return renewed


def role_of(invitation_id: int) -> str:
    """Return the role of a pending invitation. Raises NotFound."""
    return str(_pending(invitation_id).role)


@transaction.atomic
def revoke(invitation_id: int, *, by: User, via: str = SYSTEM) -> None:
    """Withdraw a pending invitation.

    Raises NotUserManager, NotFound, and RoleTooHigh for a role above the own one.
    """
    if not by.may("invitations.manage"):
        raise NotUserManager
    withdrawn = _pending(invitation_id, lock=True)
    roles.require_may_give(withdrawn.role, by=by)
    withdrawn.revoked_at = clock.now()
    withdrawn.save(update_fields=["revoked_at"])
    events.record("invitation.revoked", by=by, via=via, details={"id": withdrawn.pk})


def require_tenant() -> None:
    if context.in_control():
        raise NotFound


def _require_may_invite(by: User, role: str) -> None:
    require_tenant()
    if role not in ROLES:
        raise RoleUnknown
    if not by.may("invitations.manage"):
        raise NotUserManager
    roles.require_may_give(role, by=by)


def _require_use(email_norm: str, role: str, groups: Sequence[str]) -> None:
    """Raise where the address could gain nothing by this."""
    user = User.objects.filter(email_norm=email_norm).first()
    if user is None:
        return
    if user.deactivated_at is not None:
        raise Deactivated
    held = set(user.groups.values_list("name", flat=True))
    if user.is_email_verified and rank(user.role) >= rank(role) and held >= set(groups):
        raise NameTaken(TAKEN)


def _count() -> None:
    limits.hit("invitation.hour")
    limits.hit("invitation.day")


def _free_the_address(email_norm: str) -> None:
    """Close what can be used no more. Raises InvitationOpen for what can."""
    open_ones = Invitation.objects.filter(OPEN, email_norm=email_norm)
    for one in open_ones.select_for_update(of=("self",)).select_related("invited_by"):
        if is_usable(one):
            raise InvitationOpen
        one.revoked_at = clock.now()
        one.save(update_fields=["revoked_at"])


def _save(invitation: Invitation) -> None:
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError:
        raise InvitationOpen from None


def token_hash(token: str) -> bytes:
    return signing.digest(token, salt="accounts.invitation")


def is_usable(invitation: Invitation) -> bool:
    """Tell whether the invitation still lets its person in."""
    is_open = invitation.accepted_at is None and invitation.revoked_at is None
    is_current = clock.now() <= invitation.expires_at
    return (
        is_open
        and is_current
        and inviting.may_give(invitation.invited_by, invitation.role)
    )


def _pending(invitation_id: int, *, lock: bool = False) -> Invitation:
    rows = Invitation.objects.filter(OPEN, pk=invitation_id)
    found = (rows.select_for_update() if lock else rows).first()
    if found is None:
        raise NotFound
    return found
