"""The owners of a tenant that is to be deleted are told, and can call it off."""

import io
import json
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.mail import outbox
from accounts.models import MailMessage, User
from kernel import clock
from tenants.context import use, use_control
from tenants.models import Tenant
from tenants.portability import purging
from tenants.states import State, change_state
from tests.accounts.conftest import smtp  # noqa: F401 - a fixture

TEMPLATE = "tenants/deletion_asked"


@pytest.fixture
def owners(acme) -> list[str]:
    """Return the addresses of acme's owners, who may sign in."""
    with use(acme):
        User.objects.filter(role="owner").update(is_active=True)
        found = User.objects.filter(role="owner", is_active=True).order_by("pk")
        return [person.email for person in found]


def row() -> Tenant:
    with use_control():
        return Tenant.objects.get(slug="acme")


def ask(**more: timedelta) -> Tenant:
    return purging.ask(row(), by="tests", reason="It ended, as Mallory said.", **more)


@use_control()
def mails() -> list[MailMessage]:
    return list(MailMessage.objects.filter(template=TEMPLATE))


@use_control()
def sent(taken) -> str:
    """Let the real outbox of the control plane send, and return the mail's text."""
    MailMessage.objects.exclude(template=TEMPLATE).delete()
    assert outbox.run_due(10) == 1
    return str(taken.message().get_body(("plain",)).get_content())


def test_the_mail_leaves_though_the_tenant_is_closed(owners, smtp, visitor) -> None:  # noqa: F811
    closed = ask(grace=timedelta(days=12))
    text = sent(smtp)
    assert smtp.taken[0].rcpt_tos == owners
    assert smtp.message()["Subject"] == f"{closed.name} will be deleted"
    assert "no-reply@tenantry.test" in smtp.message()["From"]
    assert "Mallory" not in text, "the reason is the operator's own"
    link = re.search(r"http://acme\.localhost:8000/deletion/stop/\S+", text)
    assert link
    path = urlsplit(link[0]).path
    assert visitor().get(path).status_code == 200
    assert visitor().post(path).status_code == 302
    assert row().state == "active"


def test_the_mail_tells_the_day_in_the_tenants_zone_and_language(owners) -> None:
    with use_control():
        Tenant.objects.update(locale="de", timezone="Asia/Tokyo")
    closed = ask()
    (message,) = mails()
    assert message.language == "de"
    assert message.expires_at == closed.purge_after
    assert message.context["zone"] == "Asia/Tokyo"
    assert "url" not in message.context, "the link is a secret"


@pytest.mark.parametrize("before", [State.SUSPENDED, State.PAST_DUE])
def test_the_owners_of_a_stopped_tenant_are_told_as_well(owners, before) -> None:
    change_state(row(), before, reason="Unpaid.", by="operator")
    ask()
    assert [message.to for message in mails()] == [owners]


def test_without_an_owner_it_is_closed_all_the_same(acme) -> None:
    with use(acme):
        User.objects.filter(role="owner").update(is_active=False)
    assert ask().state == "deleting"
    assert mails() == []


def test_without_readable_tables_it_is_closed_all_the_same(owners, acme) -> None:
    with use_control(), connection.cursor() as cursor:
        cursor.execute(
            f'ALTER TABLE "{acme.schema_name}".accounts_user RENAME TO no_more'
        )
    assert ask().state == "deleting"
    assert mails() == []


def test_cmd_3_purge_prints_the_link_that_calls_it_off(owners, visitor) -> None:
    out = io.StringIO()
    call_command("tenant", "purge", "acme", "--yes", "--json", stdout=out)
    link = json.loads(out.getvalue())["cancel_link"]
    assert visitor().post(urlsplit(link).path).status_code == 302
    assert row().state == "active"


def test_each_deletion_has_a_mail_of_its_own(owners) -> None:
    first = ask()
    change_state(first, State.ACTIVE, reason="Kept.", by="tests")
    with clock.frozen(clock.now() + timedelta(days=1)):
        ask()
    assert len(mails()) == 2


def test_a_deletion_that_is_refused_tells_nobody(owners) -> None:
    ask()
    with pytest.raises(Exception, match="refused"):
        ask()
    assert len(mails()) == 1
