"""Hand a message to Django's configured backend: SMTP, Mailpit, the mailbox."""

import smtplib

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from accounts.mail.outcomes import Outcome

TAKEN = 250
#: SMTP answers from here on say: never.
FIRST_PERMANENT = 500
#: What is reported where no server said a number: it is not available.
NO_ANSWER = 421
NEVER = 554
#: The operator's password is wrong or missing; the message is not to blame.
NOT_OURS = frozenset({530, 534, 535, 538})


def deliver(email: EmailMultiAlternatives) -> Outcome:
    """Send a message once and return how it went."""
    try:
        sent = get_connection(settings.EMAIL_BACKEND).send_messages([email])
    except (OSError, ValueError) as error:
        return _failure(error)
    if not sent:
        return Outcome(NO_ANSWER, reason="nobody took the message")
    return Outcome(TAKEN, text="sent")


def _failure(error: OSError | ValueError) -> Outcome:
    """Return what an exception means; those of SMTP are kinds of OSError."""
    if isinstance(error, ValueError):
        reason = f"cannot be written: {type(error).__name__}"
        return Outcome(NEVER, reason=reason, is_final=True)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _recipients_refused(error)
    if isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return Outcome(error.smtp_code, reason=f"refused at once: {error.smtp_code}")
    if isinstance(error, smtplib.SMTPResponseException):
        return _refused(error.smtp_code)
    return Outcome(NO_ANSWER, reason=f"not reached: {type(error).__name__}")


def _refused(code: int) -> Outcome:
    is_final = code >= FIRST_PERMANENT and code not in NOT_OURS
    return Outcome(code, reason=f"refused: {code}", is_final=is_final)


def _recipients_refused(error: smtplib.SMTPRecipientsRefused) -> Outcome:
    codes = sorted({code for code, _ in error.recipients.values()})
    return Outcome(
        max(codes, default=NEVER),
        reason=f"recipients refused: {', '.join(map(str, codes))}",
        is_final=all(_refused(code).is_final for code in codes),
    )
