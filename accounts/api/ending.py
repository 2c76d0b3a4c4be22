"""The end of the workspace, for its owners."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema, Status
from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from accounts import clients, ending, proof
from accounts.api.answering import uncached
from accounts.api.schemas import CamelIn, Text
from accounts.authentication import TenantAuth
from accounts.custom_domains import Actor
from accounts.signed_in import person, require, via

# Without a scope: no token ends a workspace.
router = Router(auth=TenantAuth())


class DeletionIn(CamelIn):
    """The workspace's short name, typed to be sure."""

    slug: Text
    #: Needed where the sign-in is more than ten minutes old.
    current_password: Text | None = None


class DeletionOut(Schema):
    """When the workspace is deleted; until then the mailed link keeps it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    purge_after: datetime | None


@router.post(
    "/deletion",
    response={202: DeletionOut},
    by_alias=True,
    summary="Delete the workspace",
)
def ask_for_deletion(
    request: HttpRequest, response: HttpResponse, body: DeletionIn
) -> Status[DeletionOut]:
    """Close the workspace now, to be deleted in 30 days; owners get the way back."""
    require(request, ending.ASK)
    uncached(response)
    actor = Actor(person(request), via(request), clients.prefix(request))
    proof.require(request, body.current_password)
    purge_after = ending.ask(slug=body.slug, actor=actor)
    return Status(202, DeletionOut(purge_after=purge_after))
