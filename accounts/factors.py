"""Second factors: an authenticator and saved codes; how they are set up, shown, lost.

    enrolment = factors.enrol(alice)              # a secret, worth nothing as yet
    codes = factors.confirm(alice, enrolment.device.pk, "123456")   # now it counts
    factors.verify(alice, "654321")               # at each sign-in, each code once

Every change of a factor ends what the account had open elsewhere; `keep` names the
device that made the change and stays signed in. One that was signed out in the
meantime changes nothing and meets ReauthenticationRequired. A forgotten password
changes nothing here.
"""

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts import branding, crypto, events, notices, sessions, totp
from accounts.crypto import CannotDecrypt
from accounts.errors import (
    FactorCodeInvalid,
    FactorExists,
    FactorMissing,
    OwnerProtected,
)
from accounts.models import MfaDevice, RecoveryCode, SecurityEvent, User
from kernel import clock, codes
from kernel.errors import Forbidden, NotFound
from kernel.text import require_storable
from tenants import signing

logger = logging.getLogger(__name__)

#: How long a secret waits for its first code.
UNCONFIRMED_LIFE: Final = timedelta(minutes=10)
RECOVERY_CODES: Final = 10
#: Of 5 bits each.
RECOVERY_SYMBOLS: Final = 16
MOST_DEVICES: Final = 5
LONGEST_NAME: Final = 80
#: The words of the mail about each event.
NOTICES: Final = {
    "mfa.added": "added",
    "mfa.removed": "removed",
    "mfa.codes_renewed": "recovery_codes",
    "mfa.reset": "reset",
}


@dataclass(frozen=True)
class Enrolment:
    """An authenticator that waits for its first code, and what it is to be told."""

    device: MfaDevice
    secret: str = field(repr=False)
    uri: str = field(repr=False)


def is_enrolled(user: User) -> bool:
    """Tell whether the account has a second factor."""
    return confirmed(user).exists()


def confirmed(user: User) -> QuerySet[MfaDevice]:
    """Return the authenticators that count, oldest first."""
    return MfaDevice.objects.filter(user=user, confirmed_at__isnull=False)


def has_one(user: str) -> Exists:
    """Return a column of another query: whether the person in its column has one."""
    return Exists(
        MfaDevice.objects.filter(user=OuterRef(user), confirmed_at__isnull=False)
    )


def people_without() -> QuerySet[User]:
    """Return the active people that have no second factor."""
    people: QuerySet[User] = User.objects.people().active()
    return people.filter(~has_one("pk"))


def recovery_codes_left(user: User) -> int:
    """Return how many saved codes are unused."""
    return RecoveryCode.objects.filter(user=user, used_at__isnull=True).count()


@transaction.atomic
def enrol(user: User, *, name: str = "") -> Enrolment:
    """Return a new authenticator; it counts when `confirm` has seen a code of it.

    One that was begun before and never confirmed is dropped.
    Raises FactorExists where the account has as many as it may.
    """
    require_storable(name=name)
    _locked(user)
    MfaDevice.objects.filter(user=user, confirmed_at__isnull=True).delete()
    if confirmed(user).count() >= MOST_DEVICES:
        raise FactorExists
    secret = totp.new_secret()
    device = MfaDevice.objects.create(
        user=user,
        name=name.strip()[:LONGEST_NAME],
        secret=crypto.encrypt({"totp": secret}, purpose=_purpose(user)),
    )
    return Enrolment(device, secret, _uri(user, secret))


def waiting(user: User) -> Enrolment | None:
    """Return the authenticator that waits for its first code, if one does."""
    device = _unconfirmed(user).last()
    if device is None:
        return None
    secret = _secret(device, user)
    return Enrolment(device, secret, _uri(user, secret))


@transaction.atomic
def confirm(
    user: User,
    device_id: int,
    code: str,
    *,
    keep: UUID | None = None,
    via: str = SecurityEvent.Via.TOKEN,
) -> list[str]:
    """Let the authenticator count; return new recovery codes if it is the first.

    Raises FactorCodeInvalid, also for one that is unknown, confirmed or older than
    10 minutes.
    """
    person = _locked(user, device=keep)
    device = _unconfirmed(person).filter(pk=device_id).first()
    if device is None or not _spend_step(device, person, code):
        raise FactorCodeInvalid
    is_first = not is_enrolled(person)
    MfaDevice.objects.filter(pk=device.pk).update(confirmed_at=clock.now())
    made = _new_codes(person) if is_first else []
    _changed(person, "mfa.added", by=person, via=via, keep=keep, has_factor=True)
    return made


@transaction.atomic
def remove(
    user: User,
    device_id: int,
    *,
    keep: UUID | None = None,
    via: str = SecurityEvent.Via.TOKEN,
) -> None:
    """Take an authenticator away; with the last one its recovery codes go.

    Raises NotFound.
    """
    person = _locked(user, device=keep)
    found, _ = MfaDevice.objects.filter(user=person, pk=device_id).delete()
    if not found:
        raise NotFound
    has_factor = is_enrolled(person)
    if not has_factor:
        RecoveryCode.objects.filter(user=person).delete()
    _changed(
        person, "mfa.removed", by=person, via=via, keep=keep, has_factor=has_factor
    )


@transaction.atomic
def renew_recovery_codes(
    user: User, *, keep: UUID | None = None, via: str = SecurityEvent.Via.TOKEN
) -> list[str]:
    """Return a new set of recovery codes; the old set is worth nothing.

    Raises FactorMissing without an authenticator.
    """
    person = _locked(user, device=keep)
    if not is_enrolled(person):
        raise FactorMissing
    made = _new_codes(person)
    _changed(
        person, "mfa.codes_renewed", by=person, via=via, keep=keep, has_factor=True
    )
    return made


@transaction.atomic
def reset_for(user: User, *, by: User, via: str = SecurityEvent.Via.SESSION) -> None:
    """Take all second factors from a person who lost them, and end all their sessions.

    An administrator may do it for others, for an owner only another owner.
    Raises Forbidden, and OwnerProtected.
    """
    person = _locked(user)
    if not by.may("users.manage") or by.pk == person.pk:
        raise Forbidden
    if person.role == User.Role.OWNER and by.role != User.Role.OWNER:
        raise OwnerProtected
    _reset(person, by=by, via=via)


@transaction.atomic
def reset_by_platform(user: User) -> None:
    """Do the same as trusted code: for an operator, whom no administrator helps."""
    _reset(_locked(user), by=None, via=SecurityEvent.Via.SYSTEM)


def _reset(person: User, *, by: User | None, via: str) -> None:
    MfaDevice.objects.filter(user=person).delete()
    RecoveryCode.objects.filter(user=person).delete()
    _changed(person, "mfa.reset", by=by, via=via, keep=None, has_factor=False)


@transaction.atomic
def verify(user: User, code: str) -> bool:
    """Tell whether a code is right, and use it up: it counts once.

    It is one of an authenticator's, or a recovery code.
    """
    for device in confirmed(user):
        if _spend_step(device, user, code):
            return True
    return _spend_recovery_code(user, code)


def _unconfirmed(user: User) -> QuerySet[MfaDevice]:
    since = clock.now() - UNCONFIRMED_LIFE
    return MfaDevice.objects.filter(
        user=user, confirmed_at__isnull=True, created_at__gte=since
    )


def _locked(user: User, *, device: UUID | None = None) -> User:
    found: User = User.objects.select_for_update().get(pk=user.pk)
    if device is not None:
        sessions.require_still_in(device, found)
    return found


def _purpose(user: User) -> str:
    """Bind a secret to its person, so that a row moved to another opens nothing."""
    return f"totp.{user.pk}"


def _secret(device: MfaDevice, user: User) -> str:
    values = crypto.decrypt(bytes(device.secret), purpose=_purpose(user))
    return str(values["totp"])


def _uri(user: User, secret: str) -> str:
    return totp.uri(secret, issuer=branding.current().name, account=user.username)


def _spend_step(device: MfaDevice, user: User, code: str) -> bool:
    """Use up the step of a right code; of many at once a single one succeeds."""
    now = clock.now()
    try:
        secret = _secret(device, user)
    except CannotDecrypt:
        # Carried here from another tenant or person, or its key is lost: no factor.
        logger.exception("mfa.unreadable")
        return False
    step = totp.matching_step(secret, code, at=now)
    if step is None:
        return False
    spent = MfaDevice.objects.filter(pk=device.pk, last_step__lt=step).update(
        last_step=step, last_used_at=now
    )
    return spent == 1


def _spend_recovery_code(user: User, code: str) -> bool:
    spent = RecoveryCode.objects.filter(
        user=user, code_hash=_code_hash(user, code), used_at__isnull=True
    ).update(used_at=clock.now())
    if spent:
        left = recovery_codes_left(user)
        events.record("mfa.code_used", subject=user, by=user, details={"left": left})
        notices.mfa_changed(user, "code_used")
    return spent == 1


def _new_codes(user: User) -> list[str]:
    made = [codes.new_code(RECOVERY_SYMBOLS) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, code_hash=_code_hash(user, code)) for code in made
    )
    return ["-".join(code[i : i + 4] for i in range(0, 16, 4)) for code in made]


def _code_hash(user: User, code: str) -> bytes:
    return signing.digest(
        codes.normalise(code), salt=f"accounts.recovery_code.{user.pk}"
    )


def _changed(
    person: User,
    name: str,
    *,
    by: User | None,
    via: str,
    keep: UUID | None,
    has_factor: bool,
) -> None:
    sessions.outdate(person, reason="mfa_changed", keep=keep)
    if keep is not None:
        sessions.note_factor(keep, shown_at=clock.now() if has_factor else None)
    events.record(name, subject=person, by=by, via=via)
    notices.mfa_changed(person, NOTICES[name])
