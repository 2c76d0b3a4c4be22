"""Send a mail again that did not leave: a new row, and a new code where it had one.

A code that was made once is never sent a second time: its flow makes another one.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from django.db import transaction

from accounts import challenges, code_mails, events, hiring
from accounts.errors import MailNotFound, NotSentAgain, Throttled
from accounts.mail import composing
from accounts.models import Challenge, MailAttachment, MailMessage, User
from accounts.recipients import Envelope, read

State = MailMessage.State
#: What is noted at a mail that was sent again.
NOTED = "sent_again"
ENDED = frozenset({State.FAILED, State.EXPIRED})


def send_again(mail_id: int, *, by: User) -> None:
    """Send a failed mail again, or a new code in its place.

    Raises MailNotFound, NotSentAgain where that cannot be or was done already, and
    Throttled where the address has had enough codes for now.
    """
    message = MailMessage.objects.shown().filter(pk=mail_id).first()
    if message is None:
        raise MailNotFound
    if not may_be_sent_again(message):
        raise NotSentAgain
    # Counted before the transaction: a hit commits on its own.
    if message.is_secret and not challenges.may_send(_address(message)):
        raise Throttled
    _send_once(message, by=by)


@transaction.atomic
def _send_once(message: MailMessage, *, by: User) -> None:
    message = MailMessage.objects.select_for_update().get(pk=message.pk)
    if not may_be_sent_again(message):
        raise NotSentAgain
    if message.is_secret:
        AGAIN[message.template](message)
    else:
        _copy(message)
    message.metadata = {**message.metadata, NOTED: True}
    message.save(update_fields=["metadata"])
    told = {"mail": message.pk, "category": message.category}
    events.record("mail.sent_again", by=by, details=told)


def may_be_sent_again(message: MailMessage) -> bool:
    """Tell whether a button makes sense: it died, and there is something to send."""
    if message.state not in ENDED or not message.to or NOTED in message.metadata:
        return False
    if message.is_secret:
        return message.template in AGAIN
    return message.redacted_at is None


def _copy(message: MailMessage) -> None:
    """Put the same message into the outbox as a new one; its files go with it."""
    files = list(MailAttachment.objects.filter(message=message))
    again = MailMessage(
        template=message.template,
        category=message.category,
        language=message.language,
        context=message.context,
        from_name=message.from_name,
        subject=message.subject,
        html=message.html,
        text=message.text,
        related=message.related,
        metadata=message.metadata,
    )
    whom = Envelope(
        to=message.to, cc=message.cc, bcc=message.bcc, reply_to=message.reply_to
    )
    composing.enqueue(again, whom, files=_unsaved(files))


def _unsaved(files: list[MailAttachment]) -> list[MailAttachment]:
    return [
        MailAttachment(name=one.name, mimetype=one.mimetype, content=one.content)
        for one in files
    ]


def _code(message: MailMessage) -> None:
    """Mail a new code to whoever asked for the one that did not arrive."""
    _, _, challenge_id = message.related.partition(code_mails.RELATED)
    new = challenges.renew(challenge_id) if challenge_id else None
    user = new.challenge.user if new else None
    if new is None or user is None:
        raise NotSentAgain
    if new.challenge.purpose == Challenge.Purpose.EMAIL_CHANGE:
        (address,) = message.to
        code_mails.send_email_change(new, to=address, language=message.language)
    else:
        code_mails.send(new, user, language=message.language)


def _setup(message: MailMessage) -> None:
    """Mail a new link to choose the first password; the old one dies."""
    user = User.objects.people().filter(email_norm=_address(message)).first()
    if user is None or user.deactivated_at or user.has_usable_password():
        raise NotSentAgain
    hiring.send_setup(user)


#: The mails that carry a secret, with what makes a new one.
AGAIN: Mapping[str, Callable[[MailMessage], None]] = MappingProxyType(
    {
        "accounts/verification_code": _code,
        "accounts/reset_code": _code,
        "accounts/email_change_code": _code,
        "accounts/account_setup": _setup,
    }
)


def _address(message: MailMessage) -> str:
    ((_, norm),), _bad = read(message.to[:1])
    return norm
