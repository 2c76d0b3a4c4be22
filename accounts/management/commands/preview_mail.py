"""Write a mail of the accounts to files, as it would leave; nothing is sent."""

from contextlib import suppress
from email.utils import formataddr, parseaddr
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.management.base import CommandError, CommandParser

from accounts import branding, conf
from accounts.mail import languages, rendering, samples
from accounts.mail.rendering import Rendered
from tenants.management.planes import InPlane

#: Who the preview is written to; the domain belongs to nobody.
READER = "reader@example.com"


class Command(InPlane):
    """Fills the mail with invented values and a code that opens nothing.

    Exit codes: 0 written, 1 not written, 2 wrong usage, 3 no such tenant, 4 the tenant
    is stopped.
    """

    plane = "tenant"
    help = "Write a mail as .html, .txt and .eml in a tenant's brand, without sending."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(samples.SAMPLES), metavar="NAME")
        codes = [code for code, _label in settings.MAIL_LANGUAGES]
        parser.add_argument("--language", choices=codes, default="")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        brand = branding.current()
        rendered = rendering.of_template(
            f"accounts/{options['name']}",
            samples.of(options["name"]),
            brand=brand,
            language=languages.chosen(options["language"], brand.language),
        )
        try:
            written = write(rendered, options["out"] / options["name"])
        except OSError as error:
            where = error.filename or options["out"]
            raise CommandError(f"{where}: {error.strerror or error}.") from None
        for path in written:
            self.stdout.write(str(path))


def write(rendered: Rendered, base: Path) -> list[Path]:
    """Write the three files beside each other and return where they are.

    All or none. Raises OSError.
    """
    contents = {
        ".html": rendered.html.encode(),
        ".txt": rendered.text.encode(),
        ".eml": as_message(rendered).message().as_bytes(),
    }
    base.parent.mkdir(parents=True, exist_ok=True)
    named = {base.with_name(base.name + end): text for end, text in contents.items()}
    try:
        for path, content in named.items():
            path.write_bytes(content)
    except OSError:
        for path in named:
            with suppress(OSError):
                path.unlink()
        raise
    return list(named)


def as_message(rendered: Rendered) -> EmailMultiAlternatives:
    address = parseaddr(conf.current().email_from)[1] or "mail@example.com"
    message = EmailMultiAlternatives(
        subject=rendered.subject,
        body=rendered.text,
        from_email=formataddr((rendered.brand.sender_name, address)),
        to=[READER],
        reply_to=list(rendered.brand.reply_to),
    )
    message.attach_alternative(rendered.html, "text/html")
    return message
