"""The branding for programs: read it, change fields of it, its logos, its addresses."""

from io import BytesIO
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status
from pydantic import Field

from accounts import branding, clients, proof
from accounts.api.answering import uncached
from accounts.api.schemas import CamelIn, FlowOut, Text
from accounts.authentication import TenantAuth
from accounts.branding import changing, logos, reply_to
from accounts.branding.rules import camel
from accounts.models import SecurityEvent, TenantBranding, User
from accounts.signed_in import person, via
from kernel.errors import Forbidden

router = Router(auth=TenantAuth(write="branding:write"))
API_TOKEN = SecurityEvent.Via.API_TOKEN
PICTURE = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary"}
            }
        },
    }
}
Texts = Annotated[list[Text], Field(max_length=100)]


class BrandingIn(CamelIn):
    """The fields to set; what is left out stays, what is empty falls back."""

    name: Text | None = None
    primary: Text | None = None
    on_primary: Text | None = None
    accent: Text | None = None
    background: Text | None = None
    text: Text | None = None
    sender_name: Text | None = None
    reply_to: Texts | None = None
    footer: Text | None = None
    language: Text | None = None
    time_zone: Text | None = None
    mail_enabled: bool | None = None
    registration_policy: Text | None = None
    registration_domains: Texts | None = None
    version: Text = ""
    current_password: Text | None = None


class AddressIn(CamelIn):
    email: Text
    flow: Text = ""


class AddressCodeIn(AddressIn):
    code: Text


@router.get("/branding", response=dict[str, Any], summary="The branding")
def get_branding(request: HttpRequest) -> dict[str, Any]:
    """Answer the stored values, what they fall back to, and their version."""
    _manager(request)
    return shown(changing.standing())


@router.put("/branding", response=dict[str, Any], summary="Change the branding")
def put_branding(request: HttpRequest, body: BrandingIn) -> dict[str, Any]:
    """Set fields: all of them, or none where one is refused.

    `registrationPolicy`, `registrationDomains` and `mailEnabled` decide who gets in:
    an API token that names one of them is refused with 403 `scope_missing`, and a
    person needs `currentPassword` or a sign-in at most 10 minutes old to change them.
    """
    by = _manager(request)
    sent = body.model_dump(exclude_unset=True, by_alias=False)
    version, password = sent.pop("version", ""), sent.pop("current_password", None)
    values = {field: _filled(field, value) for field, value in sent.items()}
    if via(request) != API_TOKEN and changing.touches_who_gets_in(values):
        proof.require(request, password)
    return shown(changing.change(values, by=by, via=via(request), version=version))


@router.put(
    "/branding/logo",
    response=dict[str, Any],
    summary="Set a logo",
    openapi_extra=PICTURE,
)
def put_logo(
    request: HttpRequest, variant: Literal["light", "dark"] = "light"
) -> dict[str, Any]:
    """Take a PNG, JPEG or WebP of at most 512 KiB and keep it as a small PNG.

    The body is the picture itself.
    """
    by = _manager(request)
    picture = BytesIO(request.body)
    return shown(changing.set_logo(picture, variant=variant, by=by, via=via(request)))


@router.delete("/branding/logo", response=dict[str, Any], summary="Remove a logo")
def delete_logo(
    request: HttpRequest, variant: Literal["light", "dark"] = "light"
) -> dict[str, Any]:
    """Go back to the mark."""
    by = _manager(request)
    return shown(changing.remove_logo(variant=variant, by=by, via=via(request)))


@router.post(
    "/branding/reply-to",
    response={202: FlowOut},
    summary="Mail a code to an address for answers",
)
def ask_reply_to(
    request: HttpRequest, response: HttpResponse, body: AddressIn
) -> Status[dict[str, str]]:
    """Begin to use an address for answers; it counts after its code."""
    uncached(response)
    by = _manager(request)
    flow = reply_to.ask(
        body.email.strip(), by=by, flow=body.flow, client=clients.prefix(request)
    )
    return Status(202, {"detail": "A code is on its way.", "flow": flow})


@router.post(
    "/branding/reply-to/confirm",
    response=dict[str, Any],
    summary="Confirm an address for answers",
)
def confirm_reply_to(request: HttpRequest, body: AddressCodeIn) -> dict[str, Any]:
    """Use the address from now on."""
    by = _manager(request)
    reply_to.confirm(
        body.email.strip(), body.code, flow=body.flow, by=by, via=via(request)
    )
    return shown(changing.standing())


def shown(row: TenantBranding) -> dict[str, Any]:
    """Return the row for an answer, with the brand that it makes."""
    brand = branding.of(row)
    values = {camel(field): value for field, value in changing.values_of(row).items()}
    effective = {
        "name": brand.name,
        "senderName": brand.sender_name,
        "language": brand.language,
        "timeZone": brand.time_zone,
        "light": _shades(brand.light),
        "dark": _shades(brand.dark),
    }
    return {
        **values,
        "logo": logos.path_of(row.logo),
        "logoDark": logos.path_of(row.logo_dark),
        "version": changing.version_of(row),
        "effective": effective,
    }


def _shades(shades: object) -> dict[str, str]:
    return {camel(name): value for name, value in vars(shades).items()}


def _filled(field: str, value: Any) -> Any:
    """Return what a null stands for: the value of a row that was never touched."""
    default = changing.values_of(TenantBranding())[field]
    return default if value is None else value


def _manager(request: HttpRequest) -> User:
    """Return who may change the branding. Raises Forbidden for the others."""
    by = person(request)
    if not by.may("branding.manage"):
        raise Forbidden
    return by
