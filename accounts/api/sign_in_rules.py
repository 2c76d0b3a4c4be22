"""What the tenant demands of a sign-in: administrators read it, owners change it."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, StrictBool, StrictInt
from pydantic.alias_generators import to_camel

from accounts import clients, factors, passwords, proof, sign_in_rules
from accounts.api.answering import uncached
from accounts.api.schemas import CamelIn, Text
from accounts.authentication import TenantAuth
from accounts.models import TenantBranding, User
from accounts.signed_in import person, via
from kernel.errors import Forbidden

# Without a scope: none covers passwords, second factors or owners.
router = Router(auth=TenantAuth())


class SignInRulesIn(CamelIn):
    """The rules to set; what is left out stays, null is the product's default."""

    require_mfa: StrictBool | None = None
    #: From 1 to 720.
    session_idle_hours: StrictInt | None = None
    #: From 1 to 30.
    session_longest_days: StrictInt | None = None
    version: Text = ""
    #: Needed where the sign-in is more than ten minutes old.
    current_password: Text | None = None


class CamelOut(Schema):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class EffectiveRulesOut(CamelOut):
    """What holds at present; demanded second factors make the limits shorter."""

    idle_hours: int
    longest_hours: int
    shortest_password: int


class SignInRulesOut(CamelOut):
    """The rules as they are stored, and what they come to."""

    require_mfa: bool
    session_idle_hours: int | None
    session_longest_days: int | None
    effective: EffectiveRulesOut
    #: How many active people have no second factor yet.
    people_without_factor: int
    version: str


@router.get(
    "/sign-in-rules",
    response=SignInRulesOut,
    by_alias=True,
    summary="The rules for signing in",
)
def get_rules(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """Answer the rules, to those who manage the settings."""
    _require(request, sign_in_rules.READ)
    uncached(response)
    return shown(sign_in_rules.standing())


@router.put(
    "/sign-in-rules",
    response=SignInRulesOut,
    by_alias=True,
    summary="Change the rules for signing in",
)
def put_rules(
    request: HttpRequest, response: HttpResponse, body: SignInRulesIn
) -> dict[str, Any]:
    """Set rules: all of them, or none where one is refused.

    Owners only, with a sign-in or a `currentPassword` of this moment. Devices past a
    shorter limit are signed out at once, the one that asks as well.
    """
    by = _require(request, sign_in_rules.CHANGE)
    uncached(response)
    proof.require(request, body.current_password)
    sent = body.model_dump(exclude_unset=True, by_alias=False)
    row = sign_in_rules.change(
        {field: sent[field] for field in sign_in_rules.FIELDS if field in sent},
        by=by,
        via=via(request),
        client=clients.prefix(request),
        version=body.version,
    )
    return shown(row)


def shown(row: TenantBranding) -> dict[str, Any]:
    """Return the rules for an answer."""
    rules = sign_in_rules.demands_of(row)
    hour = timedelta(hours=1)
    effective = {
        "idle_hours": rules.idle // hour,
        "longest_hours": rules.longest // hour,
        "shortest_password": passwords.shortest(),
    }
    return {
        **sign_in_rules.values_of(row),
        "effective": effective,
        "people_without_factor": factors.people_without().count(),
        "version": sign_in_rules.version_of(row),
    }


def _require(request: HttpRequest, permission: str) -> User:
    by = person(request)
    if not by.may(permission):
        raise Forbidden
    return by
