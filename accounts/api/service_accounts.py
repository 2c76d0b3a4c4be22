"""The API of service accounts, for administrators who signed in."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema, Status
from pydantic import Field

from accounts import service_accounts, signed_in
from accounts.api.answering import uncached
from accounts.api.schemas import CamelIn, Text
from accounts.api.tokens import Before, Limit
from accounts.api_tokens import door_of
from accounts.authentication import TenantAuth
from accounts.models import User
from accounts.signed_in import person

router = Router(auth=TenantAuth())

MOST_NAMES = 100


class ServiceAccountIn(CamelIn):
    name: Text
    permissions: list[Text] = Field(default_factory=list, max_length=MOST_NAMES)
    groups: list[Text] = Field(default_factory=list, max_length=MOST_NAMES)


class ServiceAccountOut(Schema):
    id: int
    name: str = Field(alias="username")
    is_active: bool
    created_at: datetime = Field(alias="date_joined")
    #: How many of its tokens work.
    tokens: int


@router.get("", response=list[ServiceAccountOut], summary="Service accounts")
def list_accounts(
    request: HttpRequest,
    response: HttpResponse,
    limit: Limit = 100,
    before: Before = None,
) -> list[User]:
    """List the service accounts, the latest first; `before` is the last id seen."""
    require_keeper(request)
    uncached(response)
    rows = service_accounts.counted(service_accounts.made_by_people())
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows[:limit])


@router.post("", response={201: ServiceAccountOut}, summary="Create a service account")
def create_account(
    request: HttpRequest, response: HttpResponse, body: ServiceAccountIn
) -> Status[User]:
    """Make an account of a program, with the permissions and groups it needs."""
    uncached(response)
    made = service_accounts.create(
        name=body.name,
        permissions=body.permissions,
        groups=body.groups,
        by=person(request),
        door=door_of(request),
    )
    return Status(
        201, service_accounts.counted(service_accounts.made_by_people()).get(pk=made.pk)
    )


@router.delete(
    "/{int:account_id}", response={204: None}, summary="Deactivate a service account"
)
def deactivate_account(
    request: HttpRequest, response: HttpResponse, account_id: int
) -> Status[None]:
    """End a service account; all its tokens stop working at once."""
    require_keeper(request)
    uncached(response)
    by = person(request)
    account = service_accounts.find(account_id, seen_by=by)
    service_accounts.deactivate(account, by=by, door=door_of(request))
    return Status(204, None)


def require_keeper(request: HttpRequest) -> None:
    """Raise Forbidden unless the caller cares for all tokens."""
    signed_in.require(request, "tokens.manage_all")
