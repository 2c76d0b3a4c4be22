"""The way back from a deletion: the owner's link, and the page behind it.

The page is answered before any tenant is entered, since a tenant that is being deleted
serves nothing. Its link is good for one deletion: it ends when the tenant is called
back, and another deletion has another link.
"""

from typing import Final

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from kernel import answers
from tenants import hosts, signing
from tenants.context import TenantInfo, use, use_control
from tenants.errors import MoveRefused
from tenants.life import going_on
from tenants.life.conduct import TABLE, State
from tenants.models import Tenant
from tenants.signing import BadSignature

PATH: Final = "/deletion/stop/"
SALT: Final = "tenants.calling_off"
BY: Final = "owner:link"


def cancel_link(tenant: Tenant) -> str:
    """Return the address at which the owner stops the deletion that is under way.

    Whoever has it can do so; ask for it after the move to `deleting`.
    """
    with use_control():
        info = tenant.info()
    return hosts.absolute_url(PATH + signed(info, tenant), tenant=info)


def signed(info: TenantInfo, row: Tenant) -> str:
    with use(info, same_transaction=True):
        return signing.dumps(word_of(row), salt=SALT)


def word_of(row: Tenant) -> str:
    """Return what is signed: since when it is being deleted tells it from another."""
    return f"{row.state}:{row.state_since.isoformat()}"


def is_asked_for(request: HttpRequest) -> bool:
    """Tell whether a request is for the page."""
    return request.path_info.startswith(PATH)


def answer(request: HttpRequest, tenant: TenantInfo) -> HttpResponseBase:
    """Show the page, or stop the deletion; a wrong link is as gone as everything.

    Only the button changes something: a mail scanner follows links.
    """
    with use_control():
        row = Tenant.objects.get(uuid=tenant.uuid)
    if not is_good(tenant, row, request.path_info.removeprefix(PATH)):
        return gone(request)
    if request.method == "POST":
        try:
            going_on.call_off(row, reason="By the owner's link.", by=BY)
        except MoveRefused:
            return gone(request)
        return done()
    values = {"purge_after": row.purge_after}
    return answers.alone("tenants/calling_off.html", values, has_form=True)


def done() -> HttpResponseBase:
    """Lead to the start page of a workspace that is kept.

    All owners have the link, so that others come here as well.
    """
    return HttpResponseRedirect("/", headers={"Cache-Control": "no-store"})


def gone(request: HttpRequest) -> HttpResponseBase:
    refusal = TABLE[State.DELETING].refusal
    assert refusal is not None  # noqa: S101 - the table has one
    return answers.answer(request, refusal.error(), framed=False)


def is_good(tenant: TenantInfo, row: Tenant, text: str) -> bool:
    """Tell whether a link was signed for the deletion that is under way."""
    if row.state != State.DELETING:
        return False
    try:
        with use(tenant):
            return bool(signing.loads(text, salt=SALT) == word_of(row))
    except BadSignature:
        return False
