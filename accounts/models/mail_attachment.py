"""Files that travel with a mail; they stay with the row until it has left or died."""

from django.db import models

from accounts.models.mail_message import MailMessage


class MailAttachment(models.Model):
    """One file of one message."""

    message = models.ForeignKey(
        MailMessage, on_delete=models.CASCADE, related_name="attachments"
    )
    name = models.CharField(max_length=255)
    mimetype = models.CharField(max_length=100)
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.name
