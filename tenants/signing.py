"""Signed values and stored digests that are worth nothing at any other tenant.

    signing.dumps({"n": 1}, salt="files")    # a value that only this tenant reads back
    signing.digest(ticket, salt="ticket")    # what a row keeps of a secret

The tenant's uuid and generation stand in every salt, so a value, or a whole row, that
is carried to another tenant fits nowhere, and all of them end when the generation
rises. The control plane has a salt of its own; without a context there is none.

This takes the place of `django.core.signing`, whose salts are one for all tenants.
"""

from typing import Any, Final

from django.core import signing as base  # noqa: TID251 - the one place that may
from django.core.signing import BadSignature, SignatureExpired  # noqa: TID251 - as above

from kernel import clock, codes
from tenants.context import Control, current

__all__ = [
    "BadSignature",
    "SignatureExpired",
    "Signer",
    "TimestampSigner",
    "bound",
    "digest",
    "dumps",
    "generation",
    "loads",
]

SALT: Final = "tenants.signing"


def bound(salt: str) -> str:
    """Return the salt tied to the entered tenant and its generation, or to control.

    Neither part before it has a colon, so no two owners share one.
    """
    context = current()
    if isinstance(context, Control):
        return f"control:{salt}"
    return f"{context.uuid}:{context.generation}:{salt}"


def generation() -> int:
    """Return the generation of the entered tenant; the control plane has 0 for good."""
    context = current()
    return 0 if isinstance(context, Control) else context.generation


def digest(secret: str, *, salt: str) -> bytes:
    """Return what a row keeps of a 256-bit secret; it fits at no other tenant."""
    return codes.digest(f"{bound(salt)}\x1f{secret}")


class Signer(base.Signer):
    """Signs for the tenant that is entered when it signs, not when it was made."""

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        return base.base64_hmac(
            bound(str(self.salt)) + "signer",
            value,
            key or self.key,
            algorithm=self.algorithm,
        )


class TimestampSigner(Signer, base.TimestampSigner):
    """The same with the instant of signing; Django's signed cookies use it as well."""

    def timestamp(self) -> str:
        return base.b62_encode(int(clock.now().timestamp()))

    def unsign(self, value: str, max_age: Any = None) -> str:
        """Return what was signed, at most `max_age` seconds ago by the product's clock.

        Raises BadSignature or SignatureExpired.
        """
        text = super().unsign(value)
        signed_at = base.b62_decode(value.rsplit(self.sep, 2)[1])
        if max_age is not None:
            longest = getattr(max_age, "total_seconds", lambda: max_age)()
            if clock.now().timestamp() - signed_at > longest:
                raise SignatureExpired("This was signed too long ago.")
        return text


def dumps(value: Any, *, salt: str = SALT, compress: bool = False) -> str:
    """Return a value as signed text for addresses and cookies; anybody can read it."""
    return TimestampSigner(salt=salt).sign_object(value, compress=compress)


def loads(text: str, *, salt: str = SALT, max_age: Any = None) -> Any:
    """Return the value of a signed text.

    Raises BadSignature where it was signed for another tenant or another purpose, or
    before the generation rose; SignatureExpired after `max_age` seconds.
    """
    try:
        return TimestampSigner(salt=salt).unsign_object(text, max_age=max_age)
    except UnicodeError as error:  # half a character: never signed by us
        raise BadSignature("This was not signed here.") from error
