"""Addresses for answers: each is used only after a code that was mailed there."""

from functools import partial
from typing import Literal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import addresses, challenges, code_mails, events, limits
from accounts.branding import changing, rules
from accounts.branding.rules import Problem
from accounts.challenges import Verdict
from accounts.errors import CodeExpired, CodeWrong, Throttled, TooManyAttempts
from accounts.models import Challenge, TenantBranding, User

PURPOSE = Challenge.Purpose.REPLY_TO
REFUSALS = {
    Verdict.INVALID: CodeWrong,
    Verdict.EXPIRED: CodeExpired,
    Verdict.TOO_MANY_ATTEMPTS: TooManyAttempts,
}


def ask(address: str, *, by: User, flow: str = "", client: str = "") -> str:
    """Mail a code to an address for answers and return the flow that it belongs to.

    Raises EmailInvalid, BrandingInvalid where there are three already or it is one of
    them, and Throttled.
    """
    norm = addresses.normalise(address)
    rules.refuse(_problems(changing.standing(), norm))
    if not challenges.may_send(norm):
        raise Throttled(headers={"Retry-After": str(_pause())})
    used = flow or challenges.new_flow()
    with transaction.atomic():
        new = challenges.issue_code(
            PURPOSE,
            email_norm=norm,
            flow=used,
            user=by,
            payload={"address": address},
            language=by.language,
            client=client,
        )
        code_mails.send_reply_to(new, to=address, language=by.language)
    return used


def confirm(address: str, code: str, *, flow: str, by: User, via: str) -> None:
    """Take the code and use the address from now on.

    Raises EmailInvalid, CodeWrong, CodeExpired, TooManyAttempts; BrandingInvalid where
    three others were faster.
    """
    verified = challenges.verify(
        email_norm=addresses.normalise(address),
        code=code,
        flow=flow,
        apply=partial(_use, by=by, via=via),
    )
    if verified.verdict is not Verdict.SUCCESS:
        raise REFUSALS[verified.verdict]


def _use(challenge: Challenge, *, by: User, via: str) -> Literal[False] | None:
    if challenge.purpose != PURPOSE or challenge.user_id != by.pk:
        return False
    row = changing.locked()
    rules.refuse(_problems(row, challenge.email_norm))
    row.reply_to = [*row.reply_to, challenge.payload["address"]]
    row.save(update_fields=["reply_to"])
    masked = addresses.mask(challenge.email_norm)
    details = {"fields": ["reply_to"], "added": masked}
    events.record("branding.changed", by=by, via=via, details=details)
    return None


def _problems(row: TenantBranding, norm: str) -> list[Problem]:
    known = {addresses.normalise_or_none(item) for item in row.reply_to}
    if norm in known:
        return [Problem("reply_to", _("Answers go to this address already."))]
    if len(known) >= rules.MOST_REPLY_TO:
        most = {"most": rules.MOST_REPLY_TO}
        return [Problem("reply_to", _("Use at most %(most)d addresses.") % most)]
    return []


def _pause() -> int:
    return int(limits.limit("code_mail.minute").window.total_seconds())
