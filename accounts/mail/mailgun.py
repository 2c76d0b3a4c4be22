"""Hand a message to Mailgun: one POST, once; the outbox tries again."""

import json
import logging
from http import HTTPStatus

from django.core.mail import EmailMultiAlternatives

from accounts import conf
from accounts.mail.outcomes import Outcome
from kernel import http
from kernel.logging import mask_address

logger = logging.getLogger(__name__)

TIMEOUT = 10.0
#: Seconds that all of it may take; ten megabytes need some.
WITHIN = 60.0
LOGGED = 500
LONGEST_ID = 200


def deliver(email: EmailMultiAlternatives) -> Outcome:
    """Send a message once and return how it went.

    The region's endpoint is asked, or EMAIL_API_URL. No answer, a 5xx and a 429 are
    worth another try; any other answer is final.
    """
    found = conf.current()
    try:
        answer = http.post(
            f"{found.api_url.rstrip('/')}/v3/{found.domain}/messages",
            data=fields(email),
            files=files(email),
            auth=("api", found.api_key),
            timeout=TIMEOUT,
            within=WITHIN,
        )
    except http.NotReached as error:
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return Outcome(status, reason=f"not reached: {error}")
    if found.logs_answers:
        _log(answer)
    return _outcome(answer)


def fields(email: EmailMultiAlternatives) -> list[tuple[str, str]]:
    """Return the form fields of a message; a list of recipients is a field each."""
    html = [str(part[0]) for part in email.alternatives if part[1] == "text/html"]
    named = [("from", email.from_email), ("subject", str(email.subject))]
    for name in ("to", "cc", "bcc"):
        named.extend((name, address) for address in getattr(email, name))
    named.append(("text", str(email.body)))
    named.extend(("html", text) for text in html)
    if email.reply_to:
        named.append(("h:Reply-To", ", ".join(email.reply_to)))
    named.extend((f"h:{name}", value) for name, value in email.extra_headers.items())
    return named


def files(email: EmailMultiAlternatives) -> list[http.File]:
    """Return the attachments; their names and types were checked with the row."""
    return [
        ("attachment", (str(name), _bytes(content), str(mimetype)))
        for name, content, mimetype in email.attachments
    ]


def _bytes(content: bytes | str) -> bytes:
    # Django reads the bytes of a text file as UTF-8.
    return content.encode() if isinstance(content, str) else content


def _outcome(answer: http.Answer) -> Outcome:
    if answer.is_good:
        return Outcome(answer.status, answer.text, provider_id=_id(answer))
    is_busy = answer.status == HTTPStatus.TOO_MANY_REQUESTS
    is_down = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return Outcome(
        answer.status,
        answer.text,
        reason=f"refused: {answer.status}",
        is_final=not (is_busy or is_down),
    )


def _id(answer: http.Answer) -> str:
    """Return Mailgun's own id of the message, where it told one."""
    try:
        found = json.loads(answer.content)["id"]
    except (ValueError, LookupError, TypeError):
        return ""
    is_good = isinstance(found, str) and found.isprintable()
    return found[:LONGEST_ID] if is_good else ""


def _log(answer: http.Answer) -> None:
    logger.debug(
        "mailgun.answered",
        extra={"status": answer.status, "answer": mask_address(answer.text)[:LOGGED]},
    )
