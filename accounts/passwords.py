"""What a password must be, and how it is compared."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.db.models import F
from django.utils.translation import gettext as _

from accounts import breached, demands
from accounts.errors import (
    PasswordBreached,
    PasswordCommon,
    PasswordContextual,
    PasswordTooLong,
    PasswordTooShort,
)
from accounts.models import User
from accounts.models.user import prepare_password
from kernel import codes
from kernel.text import require_storable
from tenants import context as tenancy

SHORTEST = 15
#: Where the tenant demands a second factor beside it.
SHORTEST_WITH_FACTOR = 8
LONGEST = 1024
#: A word of the context counts when it makes up most of the password.
SHORTEST_WORD = 4
COMMON = Path(__file__).with_name("common_passwords.txt")


def prepare(password: str) -> str:
    """Return the form that is hashed, so that composed and decomposed agree."""
    return prepare_password(password) or ""


def shortest() -> int:
    """Return how many characters a password needs in the entered tenant.

    An operator's is long whatever stands beside it.
    """
    if tenancy.in_control() or not demands.current().second_factor:
        return SHORTEST
    return SHORTEST_WITH_FACTOR


def check(password: str, *, context: Sequence[str] = ()) -> None:
    """Raise the PasswordRefused that fits, or return; no account is looked up.

    `context` holds the names and addresses the password must not be built on; the
    tenant's own names are added. Call it outside of a transaction: it may ask a
    service for breached passwords.
    """
    check_context(password, context=context)
    if breached.is_breached(prepare(password)):
        raise PasswordBreached


def check_context(password: str, *, context: Sequence[str] = ()) -> None:
    """Do the same without asking anybody, as for further words of the context."""
    if len(password) > LONGEST:
        raise PasswordTooLong
    require_storable(password=password)
    prepared, least = prepare(password), shortest()
    if len(prepared) < least:
        raise PasswordTooShort(_too_short(least))
    if len(prepared) > LONGEST:
        raise PasswordTooLong
    if is_common(prepared):
        raise PasswordCommon
    if is_contextual(prepared, [*context, *_tenant_words()]):
        raise PasswordContextual


def _too_short(least: int) -> str:
    return _(
        "A password needs at least %(count)d characters; a few words make a good one."
    ) % {"count": least}


def is_common(password: str) -> bool:
    """Tell whether the password is listed, or is one repeated piece."""
    folded = password.casefold()
    return folded in _common() or _repeats(folded)


def is_contextual(password: str, context: Sequence[str]) -> bool:
    """Tell whether less than eight characters remain without the known words."""
    rest = password.casefold()
    found = False
    for word in sorted(_words(context), key=len, reverse=True):
        found = found or word in rest
        rest = rest.replace(word, "")
    remaining = [letter for letter in rest if letter.isalpha()]
    return found and len(remaining) < len("password")


def _words(context: Sequence[str]) -> set[str]:
    words: set[str] = set()
    for text in context:
        pieces = "".join(c if c.isalnum() else " " for c in text.casefold()).split()
        words.update(piece for piece in pieces if len(piece) >= SHORTEST_WORD)
    return words


def _tenant_words() -> list[str]:
    tenant = tenancy.current()
    if isinstance(tenant, tenancy.TenantInfo):
        return [tenant.name, tenant.slug, "tenantry"]
    return ["tenantry"]


def _repeats(text: str) -> bool:
    return any(
        text == (text[:size] * (len(text) // size + 1))[: len(text)]
        for size in range(1, len(text) // 2 + 1)
    )


@cache
def _common() -> frozenset[str]:
    listed = COMMON.read_text(encoding="utf-8").split("\n")
    return frozenset(listed) | CommonPasswordValidator().passwords


def matches(user: User | None, password: str) -> bool:
    """Compare a typed password; an unknown user costs the same time.

    A hash of an older kind is renewed when the password is right.
    """
    if len(password) > LONGEST:
        return False
    prepared = prepare(password)
    if user is None or not user.has_usable_password():
        check_password(prepared, _dummy())
        return False

    def renew(raw: str) -> None:
        renewed = make_password(raw)
        User.objects.filter(pk=user.pk, password=user.password).update(password=renewed)
        # A session is bound to the hash, so the caller's row must know the new one.
        user.password = renewed

    return check_password(prepared, user.password, setter=renew)


def set_password(user: User, hashed: str) -> None:
    """Store a hash and end all access that the old password gave; saves the row."""
    user.password = hashed
    user.token_version += 1
    user.force_password_reset = False
    user.failed_sign_ins = user.failed_known_sign_ins = 0
    user.password_disabled_at = None
    User.objects.filter(pk=user.pk).update(
        password=hashed,
        token_version=F("token_version") + 1,
        force_password_reset=False,
        failed_sign_ins=0,
        failed_known_sign_ins=0,
        password_disabled_at=None,
    )


def hashed(password: str) -> str:
    """Return the hash that is stored for a password."""
    return make_password(prepare(password))


@cache
def _dummy() -> str:
    return make_password(codes.new_secret())
