"""The admin pages show accounts and let nobody give rights."""

import pytest
from django.contrib.auth.models import Group

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


def test_an_administrator_changes_no_owner_there(client, acme):
    with use(acme):
        owner = User.objects.get(role="owner")
    path = f"/admin/accounts/user/{owner.pk}/change/"
    assert client.get(path).status_code == 200
    assert client.post(path, {"first_name": "X", "last_name": "Y"}).status_code == 403
    with use(acme):
        assert User.objects.get(pk=owner.pk).first_name == owner.first_name


@pytest.mark.parametrize("name", ["<b>Bob</b>", "see http://evil.example", "B\tob"])
def test_a_name_is_judged_there_as_everywhere(client, acme, bob, name):
    path = f"/admin/accounts/user/{bob.pk}/change/"
    client.post(path, {"first_name": name, "last_name": "Acme"})
    with use(acme):
        assert User.objects.get(pk=bob.pk).first_name == bob.first_name


@pytest.mark.parametrize("name", ["Superuser", "Owner"])
def test_no_group_takes_a_name_that_is_kept_for_a_role(client, acme, name):
    with use(acme):
        hr = Group.objects.get(name="HR")
        Group.objects.filter(name=name).delete()
    client.post(f"/admin/auth/group/{hr.pk}/change/", {"name": name})
    with use(acme):
        assert Group.objects.get(pk=hr.pk).name == "HR"
