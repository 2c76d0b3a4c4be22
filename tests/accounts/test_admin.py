"""The admin pages show accounts and let nobody give rights."""

import pytest

from accounts import mail
from accounts.models import MailMessage, SecurityEvent, User
from tenants.context import use

PAGES = ["user", "mailmessage", "refreshsession", "securityevent", "tenantbranding"]


@pytest.fixture
def client(browser_of):
    return browser_of("admin")


@pytest.mark.parametrize("page", PAGES)
def test_each_list_opens_for_an_admin_and_for_nobody_else(client, browser_of, page):
    assert client.get(f"/admin/accounts/{page}/").status_code == 200
    refused = browser_of("bob").get(f"/admin/accounts/{page}/")
    assert refused.status_code in {302, 403}


def test_a_mail_is_shown_without_its_body(client, acme):
    with use(acme):
        message = mail.put(
            "accounts/reset_code",
            to="bob@acme.test",
            context={"minutes": 10},
            secret_context={"code": "K7MPXW"},
        )
    answer = client.get(f"/admin/accounts/mailmessage/{message.pk}/change/")
    assert answer.status_code == 200
    assert "bob@acme.test" in answer.text
    assert "K7MPXW" not in answer.text


@pytest.mark.parametrize("verb", ["add", "delete"])
def test_nobody_is_added_or_deleted_there(client, acme, bob, verb):
    path = "add/" if verb == "add" else f"{bob.pk}/delete/"
    assert client.get(f"/admin/accounts/user/{path}").status_code == 403


def test_a_role_in_the_form_changes_nothing(client, acme, bob):
    client.post(
        f"/admin/accounts/user/{bob.pk}/change/",
        {
            "first_name": "Robert",
            "last_name": "Acme",
            "language": "",
            "time_zone": "",
            "role": "owner",
            "is_staff": "on",
            "is_superuser": "on",
            "email": "x@x.org",
        },
    )
    with use(acme):
        changed = User.objects.get(pk=bob.pk)
        assert changed.first_name == "Robert"
        assert (changed.role, changed.is_staff, changed.is_superuser) == (
            "member",
            False,
            False,
        )
        assert changed.email == "bob@acme.test"


def test_a_group_that_mirrors_a_role_cannot_be_changed(client, acme):
    from django.contrib.auth.models import Group

    with use(acme):
        reserved = Group.objects.get(name="User Manager")
        role = Group.objects.get(name="Managers")
    assert client.get(f"/admin/auth/group/{role.pk}/change/").status_code == 200
    change = client.post(f"/admin/auth/group/{reserved.pk}/change/", {"name": "x"})
    delete = client.post(f"/admin/auth/group/{reserved.pk}/delete/", {"post": "yes"})
    assert (change.status_code, delete.status_code) == (403, 403)


def test_mails_and_events_are_read_only(client, acme):
    with use(acme):
        pk = MailMessage.objects.first().pk
        event = SecurityEvent.objects.first().pk
    for path in (f"mailmessage/{pk}/delete/", f"securityevent/{event}/delete/"):
        assert client.post(f"/admin/accounts/{path}").status_code == 403
