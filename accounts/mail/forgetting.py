"""Take a person out of the mails, when the account comes to its end.

An account keeps its present address only. Its earlier ones stand in the notices of
their change, which name the account in `related`. A notice is younger than every mail
that the account got there, and mails are purged about in their order, so it is there
for as long as such a mail is.
What was sent to an address that the account never had, as a code to a mistyped one, is
found by nobody; it goes with the log of mails.
"""

from collections.abc import Iterator, Sequence
from email.utils import parseaddr

from django.db.models import Q

from accounts import addresses
from accounts.mail import attachments
from accounts.models import MailMessage, User
from accounts.models.mail_message import MailMessageQuerySet
from kernel import clock

#: The mail that tells of another address, to the earlier one and to the new one.
NOTICE = "accounts/email_changed"
#: The columns in which an address stands.
NAMING = ("to", "cc", "bcc", "reply_to")


def about(user: User) -> str:
    """Return what such a notice is related to."""
    return f"user:{user.pk}"


def forget(user: User) -> None:
    """Take a person's address out of every mail, and the earlier ones with it.

    A mail that has nobody else to go to is emptied; the worker sends nothing to nobody.
    """
    for address, last in list(_earlier(user)):
        # Who has the address now keeps the mails that were written since.
        _take_out(address, _others_kept(user, address).filter(pk__lte=last))
    _take_out(user.email, MailMessage.objects.all())


def _others_kept(user: User, address: str) -> MailMessageQuerySet:
    """Return the mails without those on their way to another account's mailbox."""
    norm = addresses.normalise_or_none(address)
    others = User.objects.exclude(pk=user.pk).filter(email_norm=norm)
    return MailMessage.objects.ended() if others.exists() else MailMessage.objects.all()


def _earlier(user: User) -> Iterator[tuple[str, int]]:
    """Yield each earlier address with the key of the notice that went there."""
    notices = MailMessage.objects.filter(template=NOTICE, related=about(user))
    for pk, to in notices.order_by("pk").values_list("pk", "to"):
        for one in to:
            yield parseaddr(one)[1], pk


def _take_out(address: str, messages: MailMessageQuerySet) -> None:
    norm = addresses.normalise_or_none(address)
    if norm is None:
        return
    for message in _naming(address, messages):
        for field in NAMING:
            setattr(message, field, _without(norm, getattr(message, field)))
        message.save(update_fields=NAMING)
        if not message.to:
            _empty(message)


def _naming(address: str, messages: MailMessageQuerySet) -> Sequence[MailMessage]:
    """Return the mails that may name the address, locked."""
    named = Q()
    for field in NAMING:
        named |= Q(**{f"{field}__icontains": address})
    rows = messages.filter(named).select_for_update()
    return list(rows.only("pk", *NAMING).order_by("pk"))


def _without(norm: str, recipients: Sequence[str]) -> list[str]:
    return [
        one
        for one in recipients
        if addresses.normalise_or_none(parseaddr(one)[1]) != norm
    ]


def _empty(message: MailMessage) -> None:
    attachments.drop([message.pk])
    MailMessage.objects.filter(pk=message.pk).update(
        cc=[],
        bcc=[],
        reply_to=[],
        dropped=[],
        subject="",
        context={},
        secret_context=None,
        html="",
        text="",
        redacted_at=clock.now(),
    )
