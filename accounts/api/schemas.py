"""What clients send and get; camelCase bodies as in the seed."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field, StrictBool
from pydantic.alias_generators import to_camel

from kernel.text import storable

#: Longer than every limit below it, so that a limit can speak for itself.
LONGEST_TEXT = 4096


def _storable(text: str) -> str:
    if not storable(text):
        raise ValueError("holds a character that cannot be stored")
    return text


Text = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_storable)]


class SignInRequest(Schema):
    username: Text
    password: Text


class FactorRequest(Schema):
    ticket: Text
    code: Text


class WebSignInResponse(Schema):
    access: str


class MobileSignInResponse(Schema):
    access: str
    refresh: str


class MobileRefreshRequest(Schema):
    refresh: Text


class MeOut(Schema):
    username: str
    is_authenticated: bool


class FlowOut(Schema):
    detail: str
    flow: str


class CamelIn(Schema):
    """A body whose names are camelCase, as in the seed."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class RegisterIn(CamelIn):
    first_name: Text | None = None
    last_name: Text | None = None
    email: Text | None = None
    password: Text | None = None
    username: Text | None = None
    company: Text | None = None
    #: Taken notice of, and never given.
    groups: Any = None


class ForgotIn(Schema):
    email: Text | None = None
    flow: Text | None = None
    company: Text | None = None


class VerifyIn(Schema):
    email: Text | None = None
    code: Text | None = None
    flow: Text | None = None
    company: Text | None = None


class VerifiedOut(Schema):
    detail: str
    purpose: str
    ticket: str | None = None
    ticket_expires_in: int | None = None


class ChangePasswordIn(CamelIn):
    email: Text | None = None
    password: Text | None = None
    password_verify: Text | None = None
    ticket: Text | None = None
    current_password: Text | None = None
    company: Text | None = None


class ChangedOut(Schema):
    detail: str
    access: str | None = None


class UserOut(Schema):
    id: int
    username: str
    email: str
    first_name: str
    last_name: str
    is_active: bool
    force_password_reset: bool
    groups: list[str]
    email_verified: bool
    role: str
    mfa_enabled: bool
    last_sign_in_at: datetime | None


class GroupIn(Schema):
    name: Text
    enabled: StrictBool


Groups = Annotated[list[GroupIn], Field(max_length=200)]


class AdminRegisterIn(CamelIn):
    first_name: Text | None = None
    last_name: Text | None = None
    email: Text | None = None
    username: Text | None = None
    groups: Groups | None = None
    #: Needed for a role where the sign-in is more than 10 minutes old.
    current_password: Text | None = None
    company: Text | None = None


class CreatedOut(Schema):
    detail: str


class UpdateUserIn(CamelIn):
    #: Their wrong types have sentences of their own, which the seed's clients know.
    id: Any = None
    is_active: Any = None
    #: Only refused: a password is changed by its own route.
    password: Any = None
    email: Text | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    groups: Groups | None = None
    current_password: Text | None = None


class UpdatedOut(Schema):
    detail: str
    email_pending: bool
    flow: str | None = None


class InviteIn(CamelIn):
    email: Text | None = None
    role: Text | None = None
    groups: Annotated[list[Text | GroupIn], Field(max_length=200)] | None = None
    language: Text | None = None
    #: Needed for a role where the sign-in is more than 10 minutes old.
    current_password: Text | None = None


class ResendInvitationIn(CamelIn):
    #: Needed for a role where the sign-in is more than 10 minutes old.
    current_password: Text | None = None


class InvitationOut(Schema):
    id: int
    email: str
    role: str
    groups: list[str]
    language: str
    invited_by: str
    created_at: datetime
    expires_at: datetime
    is_expired: bool
    sent_count: int


class AcceptIn(CamelIn):
    token: Text | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    password: Text | None = None
    company: Text | None = None


class AcceptedOut(Schema):
    detail: str


class ReauthenticateIn(CamelIn):
    current_password: Text | None = None
    code: Text | None = None


class RevokeOthersIn(CamelIn):
    #: Whether the caller's own API tokens end as well.
    api_tokens: StrictBool = False


class DetailOut(Schema):
    detail: str


class SessionOut(Schema):
    """A device that is signed in."""

    id: UUID
    kind: str
    label: str
    #: The network it was last seen in.
    place: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    has_second_factor: bool
    is_current: bool


class FactorOut(Schema):
    id: int
    kind: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


class FactorsOut(Schema):
    """The second factors of the signed-in person."""

    devices: list[FactorOut]
    recovery_codes_left: int
    is_demanded: bool


class EnrolIn(Schema):
    name: Text = ""


class EnrolOut(Schema):
    """A new authenticator; `secret` and `uri` are shown this once."""

    id: int
    secret: str
    uri: str
    qr: str
    expires_in: int


class ConfirmIn(Schema):
    id: int
    code: Text


class ChangedFactorOut(Schema):
    """What changed; the access token is a new one, as the old one has ended."""

    detail: str
    access: str
    recovery_codes: list[str] = []
