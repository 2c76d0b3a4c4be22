"""The account flows for programs: register, verify, forget, change."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from accounts import cookies, events, limits, recovery, registration, tokens
from accounts.api.answering import guard, keep_flow
from accounts.api.schemas import (
    ChangedOut,
    ChangePasswordIn,
    FlowOut,
    ForgotIn,
    RegisterIn,
    VerifiedOut,
    VerifyIn,
)
from accounts.authentication import TenantAuth
from accounts.challenges import TICKET_LIFE, TICKET_SECONDS, Verdict, Verified
from accounts.errors import MissingFields, TicketRequired
from accounts.services.auth_flow import (
    ANSWERS,
    CHANGED,
    CODE_SENT,
    REGISTERED,
    VERIFIED,
)
from kernel import clock
from kernel.errors import BadRequest

router = Router()


class CodeInvalid(BadRequest):
    """Invalid code. Please check your code and try again."""

    # The seed's status: the request was taken, the code was not right.
    status = 202
    code = "code_invalid"


@router.post("/register", response={201: FlowOut}, summary="Register")
def register(
    request: HttpRequest, response: HttpResponse, body: RegisterIn
) -> Status[dict[str, str]]:
    """Mail a code; the answer is the same for an address that is taken."""
    client = guard(request, response, body.company, "Registration blocked.")
    flow = registration.register(
        email=body.email or "",
        first_name=body.first_name or "",
        last_name=body.last_name or "",
        password=body.password or "",
        username=body.username,
        client=client,
    )
    if body.groups is not None:
        # Nobody gives groups to themselves; that somebody tried is worth knowing.
        events.record("register.groups_ignored", client=client)
    keep_flow(request, response, cookies.FLOW_REGISTER, flow)
    return Status(201, {"detail": REGISTERED, "flow": flow})


@router.post("/resend", response=FlowOut, summary="Send the registration code again")
def resend(
    request: HttpRequest, response: HttpResponse, body: ForgotIn
) -> dict[str, str]:
    """Mail a new code for the registration of this flow."""
    client = guard(request, response, body.company, "Registration blocked.")
    flow = _flow(request, body.flow, cookies.FLOW_REGISTER)
    used = registration.resend(email=body.email or "", flow=flow, client=client)
    return {"detail": CODE_SENT, "flow": used}


@router.post("/forgot-password", response=FlowOut, summary="Forgot the password")
def forgot_password(
    request: HttpRequest, response: HttpResponse, body: ForgotIn
) -> dict[str, str]:
    """Mail a code if the address has an account; the answer is always the same."""
    client = guard(request, response, body.company, "Password reset blocked.")
    flow = recovery.request_code(
        email=body.email or "", flow=body.flow or "", client=client
    )
    keep_flow(request, response, cookies.FLOW_RESET, flow)
    return {"detail": CODE_SENT, "flow": flow}


@router.post(
    "/verify-code", response=VerifiedOut, exclude_none=True, summary="Verify a code"
)
def verify_code(
    request: HttpRequest, response: HttpResponse, body: VerifyIn
) -> dict[str, Any]:
    """Answer what the code was for, and the ticket that it earned."""
    client = guard(request, response, body.company, "Verification blocked.")
    verified = _verify(request, body, client)
    if verified.verdict is not Verdict.SUCCESS or verified.challenge is None:
        raise _refusal(verified)
    answer = {"detail": VERIFIED, "purpose": verified.challenge.purpose}
    cookies.drop(response, cookies.FLOW_REGISTER)
    cookies.drop(response, cookies.FLOW_RESET)
    cookies.drop(response, cookies.FLOW_EMAIL)
    if verified.ticket is None:
        return answer
    expires_at = clock.now() + TICKET_LIFE
    cookies.write(
        request, response, cookies.TICKET, verified.ticket, expires_at=expires_at
    )
    return {**answer, "ticket": verified.ticket, "ticket_expires_in": TICKET_SECONDS}


@router.post(
    "/change-password",
    response=ChangedOut,
    exclude_none=True,
    summary="Change the password",
)
def change_password(
    request: HttpRequest, response: HttpResponse, body: ChangePasswordIn
) -> dict[str, Any]:
    """Set a new password: by a ticket, or signed in with the current one."""
    client = guard(
        request, response, body.company, "Bot detected. Change password blocked."
    )
    if not (body.email or "").strip() or not (body.password or "").strip():
        raise MissingFields("email and password are required.")
    limits.hit("verify.client", client)
    if "Authorization" in request.headers:
        return _change_own(request, body)
    ticket = body.ticket or cookies.read(request, cookies.TICKET)
    if not ticket:
        raise TicketRequired
    recovery.change_with_ticket(
        ticket=ticket,
        password=body.password or "",
        password_verify=body.password_verify or "",
        email=body.email,
    )
    cookies.drop(response, cookies.TICKET)
    return {"detail": CHANGED}


def _flow(request: HttpRequest, sent: str | None, name: str) -> str:
    return sent or cookies.read(request, name)


def _verify(request: HttpRequest, body: VerifyIn, client: str) -> Verified:
    """Compare with the sent flow, else with the flows of the cookies."""
    flows = [body.flow] if body.flow else _flows_of_cookies(request)
    verified = Verified(Verdict.INVALID)
    for flow in flows:
        verified = recovery.verify_code(
            email=body.email or "", code=body.code or "", flow=flow, client=client
        )
        if verified != Verified(Verdict.INVALID):
            break
    return verified


def _flows_of_cookies(request: HttpRequest) -> list[str]:
    names = (cookies.FLOW_RESET, cookies.FLOW_REGISTER, cookies.FLOW_EMAIL)
    return [flow for name in names if (flow := cookies.read(request, name))] or [""]


def _refusal(verified: Verified) -> BadRequest:
    status, code, sentence = ANSWERS[verified.verdict]
    if status == HTTPStatus.ACCEPTED:
        left = verified.attempts_remaining
        return CodeInvalid(extra={} if left is None else {"attempts_remaining": left})
    return BadRequest(sentence, code=code or "")


def _change_own(request: HttpRequest, body: ChangePasswordIn) -> dict[str, Any]:
    person = TenantAuth()(request)
    session = request.auth_session  # type: ignore[attr-defined]
    changed = recovery.change_own(
        person,
        email=body.email or "",
        password=body.password or "",
        password_verify=body.password_verify or "",
        current_password=body.current_password,
        keep=session.pk,
    )
    return {"detail": CHANGED, "access": tokens.issue_access(changed, session)}
