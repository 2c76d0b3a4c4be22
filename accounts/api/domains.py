"""The workspace's own domains, for its owners."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Body, Router, Schema, Status
from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from accounts import clients, custom_domains, proof
from accounts.api.answering import uncached
from accounts.api.schemas import CamelIn, Text
from accounts.authentication import TenantAuth
from accounts.custom_domains import Actor, CustomDomain
from accounts.signed_in import person, require, via

# Without a scope: none covers where everybody signs in.
router = Router(auth=TenantAuth())


class CustomDomainIn(CamelIn):
    domain: Text
    #: Needed where the sign-in is more than ten minutes old.
    current_password: Text | None = None


class PrimaryDomainIn(CamelIn):
    #: Needed where the sign-in is more than ten minutes old.
    current_password: Text | None = None


class CustomDomainOut(Schema):
    """A name; `recordName` and `recordValue` are the TXT record that proves it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    domain: str
    is_custom: bool
    #: claimed, verified or lapsed
    state: str
    is_primary: bool
    record_name: str
    record_value: str
    #: Where the name has to lead, by an alias or by addresses.
    leads_to: str
    verified_at: datetime | None
    last_checked_at: datetime | None
    failing_since: datetime | None
    #: When an unproven claim ends.
    claim_ends: datetime | None
    #: When others may have a lapsed name.
    free_at: datetime | None
    #: Whether it is an address of before a renaming, which leads on for a while.
    is_former: bool


class CheckedDomainOut(Schema):
    """What the DNS said: found, missing, differing or unreachable."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    outcome: str
    #: Null where nobody could say.
    leads_here: bool | None
    details: CustomDomainOut


@router.get(
    "",
    response=list[CustomDomainOut],
    by_alias=True,
    summary="Domains of the workspace",
)
def list_domains(request: HttpRequest, response: HttpResponse) -> list[CustomDomain]:
    """List the names, the primary one first; for owners."""
    allowed(request, response)
    return custom_domains.listing()


@router.post("", response={201: CustomDomainOut}, by_alias=True, summary="Add a domain")
def add_domain(
    request: HttpRequest, response: HttpResponse, body: CustomDomainIn
) -> Status[CustomDomain]:
    """Claim a name; it leads here once its TXT record was found."""
    actor = allowed(request, response)
    proof.require(request, body.current_password)
    return Status(201, custom_domains.add(body.domain, actor=actor))


@router.post(
    "/{name}/check",
    response=CheckedDomainOut,
    by_alias=True,
    summary="Check a domain now",
)
def check_domain(
    request: HttpRequest, response: HttpResponse, name: str
) -> dict[str, Any]:
    """Ask two resolvers for the record; where both have it, the name is verified."""
    actor = allowed(request, response)
    checked = custom_domains.check(name, actor=actor)
    return {
        "outcome": checked.outcome.value,
        "leads_here": checked.leads_here,
        "details": custom_domains.find(name),
    }


@router.post(
    "/{name}/primary",
    response=CustomDomainOut,
    by_alias=True,
    summary="Make a domain primary",
)
def choose_domain(
    request: HttpRequest,
    response: HttpResponse,
    name: str,
    body: Annotated[PrimaryDomainIn | None, Body()] = None,
) -> CustomDomain:
    """Have all links and pages lead to a verified name, or to the platform's again."""
    actor = allowed(request, response)
    proof.require(request, body.current_password if body else None)
    return custom_domains.make_primary(name, actor=actor)


@router.delete("/{name}", response={204: None}, summary="Remove a domain")
def remove_domain(
    request: HttpRequest, response: HttpResponse, name: str
) -> Status[None]:
    """Give a name up, with a sign-in or a reauthentication of the last ten minutes."""
    actor = allowed(request, response)
    proof.require(request, None)
    custom_domains.remove(name, actor=actor)
    return Status(204, None)


def allowed(request: HttpRequest, response: HttpResponse) -> Actor:
    """Return the owner who asks. Raises Forbidden."""
    require(request, custom_domains.MANAGE)
    uncached(response)
    return Actor(person(request), via(request), clients.prefix(request))
