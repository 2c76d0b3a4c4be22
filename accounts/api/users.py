"""People for programs: the list, the own account, new people and changes."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from accounts import (
    clients,
    cookies,
    details,
    editing,
    email_change,
    grouping,
    hiring,
    listing,
    proof,
)
from accounts.api.answering import guard, keep_flow, require_person, uncached
from accounts.api.schemas import (
    AdminRegisterIn,
    CreatedOut,
    GroupIn,
    UpdatedOut,
    UpdateUserIn,
    UserOut,
)
from accounts.authentication import TenantAuth
from accounts.errors import (
    ActiveInvalid,
    IdInvalid,
    NotUserManager,
    PageInvalid,
    UseChangePassword,
    UserNotFound,
)
from accounts.models import User
from accounts.permissions import RESERVED_GROUPS
from accounts.services.auth_flow import CREATED, UPDATED
from accounts.signed_in import person, via
from kernel.numbers import LARGEST_ID, whole

router = Router()
PAGE, LONGEST_PAGE = 50, 200


@router.get(
    "/user", auth=TenantAuth("profile:read"), response=UserOut, summary="My account"
)
def user(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """Answer what a person, or a service account, may know about the own account."""
    uncached(response)
    return details.of(person(request))


@router.get(
    "/users", auth=TenantAuth("users:read"), response=list[UserOut], summary="People"
)
def users(
    request: HttpRequest,
    response: HttpResponse,
    exclude_group: str = "",
    limit: str = "",
    after: str = "",
) -> list[dict[str, Any]]:
    """Answer a page of the people; the Link header names the next one.

    The active ones come first, then by user name. At most 200 a page.
    """
    uncached(response)
    if not person(request).may("users.view"):
        raise NotUserManager
    size = _size(limit)
    found = listing.page(
        exclude_groups=exclude_group,
        limit=size + 1,
        after=_number("after", after) if after else None,
    )
    if len(found) > size:
        found = found[:size]
        query = request.GET.copy()
        query["limit"], query["after"] = str(size), str(found[-1]["id"])
        response["Link"] = f'<{request.path}?{query.urlencode()}>; rel="next"'
    return found


@router.post(
    "/admin-register",
    auth=TenantAuth("users:write"),
    response={201: CreatedOut},
    summary="Make a person",
)
def admin_register(
    request: HttpRequest, response: HttpResponse, body: AdminRegisterIn
) -> Status[dict[str, str]]:
    """Make an account without a password, and mail its person the set-up link."""
    guard(request, response, body.company, "Registration blocked.")
    by = person(request)
    if not by.may("users.create"):
        raise NotUserManager
    wanted = _read(body.groups)
    if RESERVED_GROUPS & set(wanted):
        require_person(request)
        proof.require(request, body.current_password)
    grouping.require_known(wanted)
    hiring.hire(
        email=body.email or "",
        first_name=body.first_name or "",
        last_name=body.last_name or "",
        username=body.username,
        groups=wanted,
        by=by,
        via=via(request),
    )
    return Status(201, {"detail": CREATED})


@router.patch(
    "/user",
    auth=TenantAuth("users:write"),
    response=UpdatedOut,
    exclude_none=True,
    summary="Change an account",
)
def update(
    request: HttpRequest, response: HttpResponse, body: UpdateUserIn
) -> dict[str, Any]:
    """Change the own account, or as a user manager another one.

    A new address gets a code, which /verify-code takes with the flow of this answer.
    A new address and a role ask for the password, or a sign-in at most 10 minutes old,
    and API tokens are refused with `person_required`.
    """
    uncached(response)
    by = person(request)
    changed = _target(by, body.id)
    changes = _changes(body)
    hands_over = _hands_over(changed, changes)
    if hands_over or changed.pk == by.pk or changed.role != User.Role.MEMBER:
        require_person(request)
    if hands_over or _is_about_role(changed, changes):
        proof.require(request, body.current_password)
    grouping.require_known(changes.groups or {})
    flow = editing.change(
        changed,
        changes,
        by=by,
        client=clients.prefix(request),
        via=via(request),
    )
    if flow:
        keep_flow(request, response, cookies.FLOW_EMAIL, flow)
    return {"detail": UPDATED, "email_pending": bool(flow), "flow": flow or None}


def _target(by: User, sent: Any) -> User:
    """Return whose account is meant: the own one where no id is sent."""
    if sent is None:
        return by
    if isinstance(sent, bool) or not isinstance(sent, int | str):
        raise IdInvalid
    number = whole(str(sent).strip())
    if number is None:
        raise IdInvalid
    if number == by.pk:
        return by
    if not by.may("users.manage"):
        raise NotUserManager
    people = User.objects.people()
    found: User | None = people.filter(pk=min(number, LARGEST_ID)).first()
    if found is None:
        raise UserNotFound
    return found


def _changes(body: UpdateUserIn) -> editing.Changes:
    if body.password not in {None, ""}:
        raise UseChangePassword
    if body.is_active is not None and not isinstance(body.is_active, bool):
        raise ActiveInvalid
    return editing.Changes(
        email=_given(body.email),
        first_name=_given(body.first_name),
        last_name=_given(body.last_name),
        is_active=body.is_active,
        groups=None if body.groups is None else _read(body.groups),
    )


def _hands_over(changed: User, changes: editing.Changes) -> bool:
    """Tell whether somebody else may get in by this, or get more rights.

    Who reads the mailbox of an account chooses its password.
    """
    gives_role = bool(RESERVED_GROUPS & set(changes.groups or ()))
    return gives_role or (
        changes.email is not None and email_change.is_other(changed, changes.email)
    )


def _is_about_role(changed: User, changes: editing.Changes) -> bool:
    """Tell whether rights come with the person, or an owner goes."""
    is_out = changed.role != User.Role.MEMBER and changed.deactivated_at is not None
    lets_in = is_out and bool(changes.is_active)
    return lets_in or (changed.role == User.Role.OWNER and changes.is_for_managers)


def _given(text: str | None) -> str | None:
    return text if text and text.strip() else None


def _read(groups: list[GroupIn] | None) -> dict[str, bool]:
    return grouping.read(one.model_dump() for one in groups or ())


def _size(sent: str) -> int:
    size = _number("limit", sent) if sent else PAGE
    if not 0 < size <= LONGEST_PAGE:
        raise PageInvalid(f"A page has 1 to {LONGEST_PAGE} entries.")
    return size


def _number(name: str, sent: str) -> int:
    number = whole(sent)
    if number is None or number > LARGEST_ID:
        raise PageInvalid(f"{name} is a whole number.")
    return number
