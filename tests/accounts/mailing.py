"""Servers that take mail in the tests: a real one of SMTP, a stand-in of Mailgun."""

import asyncio
import base64
import smtplib
import socket
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default as email_policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest
from aiosmtpd.controller import Controller
from django.core.mail.backends.base import BaseEmailBackend

from accounts.models import MailMessage

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


class SmtpServer:
    """Keeps what it takes; `refuse` is its answer to the next messages."""

    def __init__(self):
        self.taken = []
        self.refuse = None
        self.port = 0
        #: Called with the number of messages so far, before one is taken.
        self.before = lambda count: None

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        if self.refuse:
            return self.refuse
        await asyncio.to_thread(self.before, len(self.taken))
        self.taken.append(envelope)
        return "250 taken"

    def message(self, index=0):
        return message_from_bytes(self.taken[index].content, policy=email_policy)


@pytest.fixture
def smtp(settings) -> Iterator[SmtpServer]:
    server = SmtpServer()
    with socket.create_server(("127.0.0.1", 0)) as free:
        server.port = free.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    settings.EMAIL_BACKEND = SMTP_BACKEND
    settings.EMAIL_DELIVERY_PROVIDER = "smtp"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = server.port
    yield server
    controller.stop()


class CountsNothing(BaseEmailBackend):
    """A backend that raises nothing and sends nothing."""

    def send_messages(self, email_messages):
        return 0


class WrongPassword(BaseEmailBackend):
    """A backend whose server does not know the platform."""

    def send_messages(self, email_messages):
        raise smtplib.SMTPAuthenticationError(535, b"no")


class Mailgun(ThreadingHTTPServer):
    """Takes messages as Mailgun does; `say` is its next answer."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), MailgunHandler)
        self.taken = []
        self.say = (200, b'{"id": "<made-by@mailgun>", "message": "Queued."}')
        self.url = f"http://127.0.0.1:{self.server_port}"


class MailgunHandler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers["Content-Type"]
        fields, files = parts(kind, body)
        _, _, word = self.headers["Authorization"].partition(" ")
        self.server.taken.append(
            {
                "path": self.path,
                "auth": base64.b64decode(word).decode(),
                "kind": kind.partition(";")[0],
                "fields": fields,
                "files": files,
            }
        )
        status, said = self.server.say
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *args):
        pass


def parts(kind, body):
    """Return the fields of a form, a list each, and its files."""
    fields, files = {}, []
    if not kind.startswith("multipart/form-data"):
        for name, value in parse_qsl(body.decode(), strict_parsing=True):
            fields.setdefault(name, []).append(value)
        return fields, files
    whole = message_from_bytes(
        b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body, policy=email_policy
    )
    for part in whole.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if part.get_filename() is None:
            fields.setdefault(name, []).append(content.decode())
        else:
            files.append((name, part.get_filename(), part.get_content_type(), content))
    return fields, files


@pytest.fixture
def mailgun(settings) -> Iterator[Mailgun]:
    server = Mailgun()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    settings.EMAIL_DELIVERY_PROVIDER = "mailgun"
    settings.EMAIL_API_URL = server.url
    settings.EMAIL_API_KEY = "key-of-the-tests"
    settings.EMAIL_DOMAIN = "mg.tenantry.test"
    settings.OUTGOING_PRIVATE_HOSTS = [f"127.0.0.1:{server.server_port}"]
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def clean(in_acme):
    """Enter acme with an empty outbox."""
    MailMessage.objects.all().delete()
    return in_acme
