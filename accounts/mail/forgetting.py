"""Take a person out of the mails, when the account comes to its end."""

from collections.abc import Sequence
from email.utils import parseaddr

from django.db.models import Q

from accounts import addresses
from accounts.models import MailAttachment, MailMessage
from kernel import clock


def forget(address: str) -> None:
    """Take an address out of every mail, however it is written there.

    A mail that has nobody else to go to is emptied; the worker sends nothing to nobody.
    """
    norm = addresses.normalise_or_none(address)
    if norm is None:
        return
    for message in _naming(address):
        for field in ("to", "cc", "bcc"):
            setattr(message, field, _without(norm, getattr(message, field)))
        message.save(update_fields=["to", "cc", "bcc"])
        if not message.to:
            _empty(message)


def _naming(address: str) -> Sequence[MailMessage]:
    """Return the mails that may name the address, locked."""
    named = Q()
    for field in ("to", "cc", "bcc"):
        named |= Q(**{f"{field}__icontains": address})
    rows = MailMessage.objects.filter(named).select_for_update()
    return list(rows.only("pk", "to", "cc", "bcc").order_by("pk"))


def _without(norm: str, recipients: Sequence[str]) -> list[str]:
    return [
        one
        for one in recipients
        if addresses.normalise_or_none(parseaddr(one)[1]) != norm
    ]


def _empty(message: MailMessage) -> None:
    MailAttachment.objects.filter(message=message).delete()
    MailMessage.objects.filter(pk=message.pk).update(
        cc=[],
        bcc=[],
        subject="",
        context={},
        secret_context=None,
        html="",
        text="",
        redacted_at=clock.now(),
    )
