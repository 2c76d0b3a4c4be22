"""The API of API tokens: for people who signed in; no token makes another token."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Body, Query, Router, Schema, Status
from pydantic import Field

from accounts import api_tokens, proof, service_accounts, signed_in
from accounts.api.answering import uncached
from accounts.api.schemas import CamelIn, Text
from accounts.api_tokens import NewToken, door_of
from accounts.authentication import TenantAuth
from accounts.errors import ServiceAccountUnknown
from accounts.models import ApiToken, User
from accounts.models.api_token import LONGEST_LIFE
from accounts.signed_in import person
from accounts.token_text import MARKS
from kernel.errors import NotFound

router = Router(auth=TenantAuth())

#: More scopes than there are: what is sent beyond is refused unread.
MOST_SCOPES = 50
Limit = Annotated[int, Query(ge=1, le=200)]
Before = Annotated[int | None, Query(ge=1)]


class TokenIn(CamelIn):
    name: Text
    scopes: list[Text] = Field(max_length=MOST_SCOPES)
    expires_in_days: int = Field(api_tokens.LIFE_DAYS, ge=1, le=LONGEST_LIFE.days)
    #: The service account that gets it; without one it is the caller's own.
    service_account: int | None = None
    #: Needed where the sign-in is more than 10 minutes old.
    current_password: Text | None = None


class RotateIn(CamelIn):
    overlap_hours: int = Field(default=24, ge=0, le=7 * 24)
    #: Needed where the sign-in is more than 10 minutes old.
    current_password: Text | None = None


class ApiTokenOut(Schema):
    id: int
    name: str
    #: The beginning of the text, by which its owner knows it.
    begins: str
    owner: str
    owner_kind: str
    scopes: list[str]
    state: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    rotated_to: int | None

    @staticmethod
    def resolve_begins(token: ApiToken) -> str:
        return f"{MARKS[token.user.kind]}_{token.prefix}"

    @staticmethod
    def resolve_owner(token: ApiToken) -> str:
        return token.user.username

    @staticmethod
    def resolve_owner_kind(token: ApiToken) -> str:
        return str(token.user.kind)

    @staticmethod
    def resolve_rotated_to(token: ApiToken) -> int | None:
        return token.rotated_to_id


class NewTokenOut(Schema):
    """The one answer that holds the secret."""

    token: str
    details: ApiTokenOut


@router.get("", response=list[ApiTokenOut], summary="API tokens")
def list_tokens(
    request: HttpRequest,
    response: HttpResponse,
    everybody: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    limit: Limit = 100,
    before: Before = None,
) -> list[ApiToken]:
    """List your tokens, the latest first; with `everybody`, those of the workspace.

    The latter is for administrators. `before` is the last id of the page before.
    """
    uncached(response)
    by = person(request)
    rows = ApiToken.objects.select_related("user")
    if not everybody:
        rows = rows.filter(user=by)
    else:
        signed_in.require(request, "tokens.manage_all")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows[:limit])


@router.post("", response={201: NewTokenOut}, summary="Create an API token")
def create_token(
    request: HttpRequest, response: HttpResponse, body: TokenIn
) -> Status[dict[str, Any]]:
    """Make a token for yourself, or for a service account; its text is shown once.

    It asks for the password, or a sign-in at most 10 minutes old.
    """
    proof.require(request, body.current_password)
    by = person(request)
    made = api_tokens.create(
        owner=owner_of(body, by),
        name=body.name,
        scopes_named=body.scopes,
        days=body.expires_in_days,
        by=by,
        door=door_of(request),
    )
    return shown_once(response, made)


@router.delete("/{int:token_id}", response={204: None}, summary="Revoke an API token")
def revoke_token(
    request: HttpRequest, response: HttpResponse, token_id: int
) -> Status[None]:
    """End a token of yours at once; administrators end any."""
    uncached(response)
    by = person(request)
    token = api_tokens.find(token_id, seen_by=by)
    api_tokens.revoke(token, by=by, door=door_of(request))
    return Status(204, None)


@router.post(
    "/{int:token_id}/rotate", response={201: NewTokenOut}, summary="Rotate an API token"
)
def rotate_token(
    request: HttpRequest,
    response: HttpResponse,
    token_id: int,
    body: Annotated[RotateIn | None, Body()] = None,
) -> Status[dict[str, Any]]:
    """Make the successor; the old text works for `overlapHours` more, 0 to 168.

    It asks for the password, or a sign-in at most 10 minutes old.
    """
    by, wanted = person(request), body or RotateIn()
    token = api_tokens.find(token_id, seen_by=by)
    proof.require(request, wanted.current_password)
    made = api_tokens.rotate(
        token,
        overlap=timedelta(hours=wanted.overlap_hours),
        by=by,
        door=door_of(request),
    )
    return shown_once(response, made)


def owner_of(body: TokenIn, by: User) -> User:
    """Return who gets the token. Raises ServiceAccountUnknown."""
    if body.service_account is None:
        return by
    try:
        return service_accounts.find(body.service_account, seen_by=by)
    except NotFound:
        raise ServiceAccountUnknown from None


def shown_once(response: HttpResponse, made: NewToken) -> Status[dict[str, Any]]:
    """Answer with the secret; no cache keeps it."""
    uncached(response)
    return Status(201, {"token": made.text, "details": made.token})
