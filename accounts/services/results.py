"""What the seed's functions return; secrets never show in a repr."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from accounts.models import User


@dataclass(frozen=True)
class ServiceResult:
    """Whether it worked, and a sentence; `flow` is the secret of the next step."""

    success: bool
    message: str | None = None
    code: str | None = None
    flow: str | None = field(default=None, repr=False)


class VerifyCodeResult(Enum):
    """What became of a typed code."""

    SUCCESS = "success"
    INVALID = "invalid"
    EXPIRED = "expired"
    TOO_MANY_ATTEMPTS = "too_many_attempts"


@dataclass(frozen=True)
class VerifyCodeOutcome:
    """The result of a code, with the right that it earned."""

    result: VerifyCodeResult
    attempts_remaining: int | None = None
    user: User | None = None
    auto_login_after_verify: bool = False
    purpose: str | None = None
    ticket: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class VerifyCodeHttpResult:
    """The same as an HTTP answer; the payload may hold a ticket."""

    status_code: int
    payload: dict[str, Any] = field(repr=False)
    user: User | None = None
    auto_login_after_verify: bool = False


@dataclass(frozen=True)
class ChangePasswordResult:
    """Whether the password is a new one, and a sentence."""

    success: bool
    message: str
    user: User | None = None
    auto_login_after_change: bool = False
    code: str | None = None


@dataclass(frozen=True)
class UserUpdateResult:
    """Whether the account was changed, and a sentence.

    `email_pending` tells that a new address waits for its code.
    """

    success: bool
    message: str
    code: str | None = None
    email_pending: bool = False


@dataclass(frozen=True)
class DeliveryResult:
    """What became of a mail: 202 queued, 250 taken by the server."""

    status_code: int
    text: str
    backend: str
    message_id: str | None = None
