"""The pages of people, invitations and the own account."""

import re
from datetime import timedelta

import pytest
from django.conf import settings

from accounts import hiring, people, zones
from accounts.models import Invitation, MfaDevice, User
from accounts.people_forms import ProfileForm
from kernel import clock
from tenants.context import use
from tests import twins
from tests.accounts.conftest import GOOD_PASSWORD, code_in

PEOPLE, INVITATIONS = "/accounts/people", "/accounts/invitations"
PROFILE, ACCEPT = "/accounts/profile", "/accounts/invitation"
NEW = "newcomer@example.com"


@pytest.fixture
def reload(acme):
    def again(username):
        with use(acme):
            return User.objects.get(username=username)

    return again


def act(client, user, action, **more):
    return client.post(f"{PEOPLE}/{user.pk}", {"action": action, **more}, follow=True)


# People


def test_the_list_finds_people_by_each_word(browser_of):
    client = browser_of("admin")
    assert "carol@acme.test" in client.get(PEOPLE).text
    page = client.get(f"{PEOPLE}?q=ACME bob").text
    assert "bob@acme.test" in page
    assert "carol@acme.test" not in page
    assert "Nobody found" in client.get(f"{PEOPLE}?q=%00").text
    assert "Nobody found" in client.get(f"{PEOPLE}?show=deactivated").text


def test_the_list_costs_the_same_for_many(
    browser_of, acme, django_assert_max_num_queries
):
    client = browser_of("admin")
    client.get(PEOPLE)
    with use(acme):
        for number in range(20):
            hiring.hire(email=f"n{number}@x.org", first_name="N", last_name=str(number))
    with django_assert_max_num_queries(12):
        client.get(PEOPLE)


@pytest.mark.parametrize("path", [PEOPLE, f"{PEOPLE}/new", f"{PEOPLE}/1", INVITATIONS])
def test_a_member_sees_no_page_about_others(browser_of, path):
    assert browser_of("bob").get(path).status_code == 403


def test_w14_a_name_with_markup_is_text_on_every_page(browser_of, acme, bob):
    with use(acme):
        User.objects.filter(pk=bob.pk).update(first_name="<script>alert(1)</script>")
    client = browser_of("admin")
    for path in (PEOPLE, f"{PEOPLE}/{bob.pk}"):
        assert "<script>alert" not in client.get(path).text
        assert "&lt;script&gt;alert" in client.get(path).text


def test_a_person_is_added_and_gets_a_link(browser_of, letters):
    sent = {"first_name": "New", "last_name": "Comer", "email": NEW, "role": "member"}
    client = browser_of("admin")
    assert client.post(f"{PEOPLE}/new", sent)["Location"] == PEOPLE
    assert "#ticket=" in letters(NEW)[0].text
    again = client.post(f"{PEOPLE}/new", sent)
    assert again.status_code == 422
    assert "A user with this email already exists." in again.text
    assert 'value="New"' in again.text
    higher = client.post(f"{PEOPLE}/new", {**sent, "role": "owner"})
    assert higher.status_code == 422


def test_rights_are_changed_by_name(browser_of, bob, reload, acme):
    client = browser_of("admin")
    page = act(client, bob, "rights", role="admin", groups=["HR"])
    assert "The rights of Bob Acme are saved." in page.text
    found = reload("bob")
    with use(acme):
        names = set(found.groups.values_list("name", flat=True))
    assert (found.role, names) == ("admin", {"HR", "User Manager"})


def test_nobody_is_offered_the_own_role_or_one_above(browser_of, admin, bob, reload):
    client = browser_of("admin")
    assert 'name="role"' not in client.get(f"{PEOPLE}/{admin.pk}").text
    page = client.get(f"{PEOPLE}/{bob.pk}").text
    assert 'value="owner"' not in page
    assert act(client, bob, "rights", role="owner").status_code == 422
    act(client, admin, "rights", role="member")
    assert (reload("bob").role, reload("admin").role) == ("member", "admin")


def test_a_person_is_deactivated_and_let_in_again(browser_of, bob, reload):
    client = browser_of("admin")
    inside = browser_of("bob")
    act(client, bob, "deactivate")
    assert reload("bob").deactivated_at
    assert inside.get(PROFILE).status_code == 302
    page = act(client, bob, "reactivate")
    assert "Bob Acme can come in again." in page.text
    assert reload("bob").is_active


def test_an_administrator_cannot_act_on_an_owner_or_by_an_unknown_action(
    browser_of, acme, bob
):
    with use(acme):
        olga = people.create_person(
            username="olga", email="olga@acme.test", role="owner"
        )
    client = browser_of("admin")
    for action in ("deactivate", "delete", "reactivate", "factor"):
        page = act(client, olga, action)
        assert page.status_code == 200
        assert "toast--error" in page.text
    with use(acme):
        olga.refresh_from_db()
        assert olga.is_active
    assert act(client, olga, "rights", role="member").status_code == 404
    assert act(client, bob, "explode").status_code == 404


def test_a20_an_owner_is_changed_after_a_fresh_proof_only(
    browser_of, acme, frozen_clock
):
    with use(acme):
        for name in ("olga", "otto"):
            people.create_person(
                username=name,
                email=f"{name}@acme.test",
                role="owner",
                password=twins.PASSWORD,
            )
        otto = User.objects.get(username="otto")
    client = browser_of("olga")
    clock.advance(timedelta(minutes=10, seconds=1))
    assert 'name="current_password"' in client.get(f"{PEOPLE}/{otto.pk}").text
    page = act(client, otto, "rights", role="member")
    assert "Type your password" in page.text
    act(client, otto, "rights", role="member", current_password="wrong")
    with use(acme):
        assert User.objects.get(pk=otto.pk).role == "owner"
    act(client, otto, "rights", role="member", current_password=twins.PASSWORD)
    with use(acme):
        assert User.objects.get(pk=otto.pk).role == "member"


def test_a17_an_administrator_resets_a_second_factor_and_never_sees_a_password(
    browser_of, acme, bob
):
    with use(acme):
        MfaDevice.objects.create(user=bob, secret=b"x", confirmed_at=clock.now())
    client = browser_of("admin")
    page = client.get(f"{PEOPLE}/{bob.pk}").text
    assert "Reset the second factor" in page
    assert 'type="password"' not in page
    act(client, bob, "factor")
    with use(acme):
        assert not MfaDevice.objects.filter(user=bob).exists()


def test_the_set_up_link_is_sent_again(browser_of, acme, letters, bob):
    with use(acme):
        made = hiring.hire(email=NEW, first_name="New", last_name="Comer")
    first = letters(NEW)[0].text
    client = browser_of("admin")
    assert "Send the set-up link again" in client.get(f"{PEOPLE}/{made.pk}").text
    act(client, made, "setup")
    assert letters(NEW)[0].text != first
    assert "toast--error" in act(client, bob, "setup").text


@pytest.mark.parametrize("key", [0, 999_999, 10**30])
def test_a32_a_person_who_is_not_here_is_a_404(browser_of, key):
    assert browser_of("admin").get(f"{PEOPLE}/{key}").status_code == 404


# Invitations


def invite(client, **more):
    return client.post(f"{INVITATIONS}/new", {"email": NEW, "role": "member", **more})


def link_in(letter) -> str:
    return re.search(r"#token=([\w-]+)", letter.text)[1]


def test_an_invitation_is_sent_again_and_withdrawn(browser_of, acme, letters):
    client = browser_of("admin")
    assert invite(client)["Location"] == INVITATIONS
    assert NEW in client.get(INVITATIONS).text
    with use(acme):
        made = Invitation.objects.get()
    client.post(INVITATIONS, {"resend": made.pk})
    assert len(letters(NEW)) == 2
    client.post(INVITATIONS, {"revoke": made.pk})
    assert NEW not in client.get(INVITATIONS).text
    page = client.post(INVITATIONS, {"revoke": made.pk}, follow=True)
    assert "toast--error" in page.text
    assert client.post(INVITATIONS, {}).status_code == 404


def test_an_invitation_that_is_refused_says_why_at_its_field(browser_of):
    client = browser_of("admin")
    assert "Enter an e-mail address" in invite(client, email="nonsense").text
    assert invite(client, role="owner").status_code == 422
    invite(client)
    assert "is invited already" in invite(client).text


def test_somebody_new_comes_in_by_the_page(browser_of, visitor, letters, acme):
    invite(browser_of("admin"), groups=["HR"])
    client = visitor()
    page = client.get(ACCEPT)
    assert "data-token" in page.text
    assert "invitation.js" in page.text
    kept = client.post(ACCEPT, {"token": link_in(letters(NEW)[0])})
    assert kept["Location"] == ACCEPT
    assert kept.cookies["invitation"]["httponly"]
    assert kept.cookies["invitation"]["samesite"] == "Strict"
    page = client.get(ACCEPT).text
    for shown in ("Admin Acme", "admin@acme.test", "Acme", "Member", "HR", NEW):
        assert shown in page
    names = {"first_name": "New", "last_name": "Comer"}
    weak = client.post(ACCEPT, {**names, "password": "short"})
    assert weak.status_code == 422
    assert "at least 15 characters" in weak.text
    done = client.post(ACCEPT, {**names, "password": GOOD_PASSWORD})
    assert done["Location"] == "/accounts/sign-in"
    assert f'value="{NEW}"' in client.get("/accounts/sign-in").text
    signed = client.post(
        "/accounts/sign-in", {"username": NEW, "password": GOOD_PASSWORD}
    )
    assert signed.status_code == 302


@pytest.mark.parametrize("token", ["", "x" * 43, "x" * 399, "\x00", "é"])
def test_a_link_that_opens_nothing_gets_one_answer(visitor, db, token):
    answer = visitor().post(ACCEPT, {"token": token})
    assert answer.status_code == 400
    assert "This link does not work" in answer.text
    assert "invitation" not in answer.cookies or not answer.cookies["invitation"].value


def test_somebody_with_an_account_signs_in_first(
    browser_of, visitor, letters, reload, acme
):
    invite(browser_of("admin"), email="bob@acme.test", role="admin")
    client = visitor()
    client.post(ACCEPT, {"token": link_in(letters("bob@acme.test")[0])})
    page = client.get(ACCEPT).text
    assert "/accounts/sign-in?next=/accounts/invitation" in page
    assert 'type="password"' not in page
    client.post(ACCEPT, {"accept": "yes"})
    assert reload("bob").role == "member"
    client.post(
        "/accounts/sign-in",
        {"username": "bob", "password": twins.PASSWORD, "next": ACCEPT},
    )
    assert "Accept the invitation" in client.get(ACCEPT).text
    client.post(ACCEPT, {"accept": "yes"})
    assert reload("bob").role == "admin"


def test_somebody_else_who_is_signed_in_accepts_nothing(browser_of, letters, reload):
    invite(browser_of("admin"), email="bob@acme.test", role="admin")
    client = browser_of("carol")
    client.post(ACCEPT, {"token": link_in(letters("bob@acme.test")[0])})
    client.post(ACCEPT, {"accept": "yes"})
    assert (reload("bob").role, reload("carol").role) == ("member", "member")
    page = client.post(ACCEPT, {"leave": "yes"}, follow=True)
    assert "Sign in with it to accept" in page.text
    assert client.get(PROFILE).status_code == 302


# The own account


def profile(client, **values):
    sent = {
        "action": "names",
        "first_name": "Bob",
        "last_name": "Acme",
        "language": "",
        "time_zone": "",
    }
    return client.post(PROFILE, {**sent, **values})


def test_the_settings_begin_with_the_profile(browser_of):
    client = browser_of("bob")
    assert client.get("/accounts/")["Location"] == PROFILE
    assert client.get(PROFILE).status_code == 200
    assert f'href="{PROFILE}"' in client.get("/workflow/mywork/").text


def test_languages_and_zones_are_those_of_the_workspace_too():
    offered = ProfileForm().fields
    languages = {code for code, _name in offered["language"].choices}
    zone_names = {name for name, _words in offered["time_zone"].choices}
    assert languages == {"", *dict(settings.MAIL_LANGUAGES)}
    assert zone_names == {"", *zones.names()}


def test_a_person_changes_names_language_and_zone(browser_of, reload):
    answer = profile(
        browser_of("bob"),
        first_name="Robert",
        language="zh-hant",
        time_zone="Europe/Berlin",
    )
    assert answer["Location"] == PROFILE
    bob = reload("bob")
    assert (bob.first_name, bob.language, bob.time_zone) == (
        "Robert",
        "zh-hant",
        "Europe/Berlin",
    )


@pytest.mark.parametrize(
    "values",
    [
        {"first_name": ""},
        {"first_name": "<b>"},
        {"last_name": "a\rb"},
        {"language": "tlh"},
        {"time_zone": "Mars/Base"},
    ],
    ids=str,
)
def test_what_a_profile_cannot_hold_is_refused(browser_of, reload, values):
    assert profile(browser_of("bob"), **values).status_code == 422
    assert reload("bob").first_name == "Bob"


def test_a_person_moves_to_another_address_by_pages(browser_of, letters, reload):
    client = browser_of("bob")
    asked = client.post(PROFILE, {"action": "address", "email": NEW})
    assert asked["Location"] == f"{PROFILE}/address"
    assert NEW in client.get(f"{PROFILE}/address").text
    miss = client.post(f"{PROFILE}/address", {"code": "ABCDEF"})
    assert (miss.status_code, "Tries left: 2." in miss.text) == (422, True)
    code = code_in(letters(NEW)[0])
    done = client.post(f"{PROFILE}/address", {"code": code})
    assert done["Location"] == PROFILE
    assert reload("bob").email == NEW
    assert client.get(f"{PROFILE}/address")["Location"] == PROFILE


def test_a20_the_profile_asks_for_the_password_after_ten_minutes(
    browser_of, frozen_clock, letters
):
    client = browser_of("bob")
    clock.advance(timedelta(minutes=10, seconds=1))
    sent = {"action": "address", "email": NEW}
    for password in ("", "wrong"):
        answer = client.post(PROFILE, {**sent, "current_password": password})
        assert answer.status_code == 422
    assert not letters(NEW)
    answer = client.post(PROFILE, {**sent, "current_password": twins.PASSWORD})
    assert answer.status_code == 302


def test_a_person_deletes_the_own_account_by_typing_its_name(browser_of, acme, bob):
    client = browser_of("bob")
    miss = client.post(PROFILE, {"action": "delete", "confirmed": "alice"})
    assert miss.status_code == 422
    done = client.post(PROFILE, {"action": "delete", "confirmed": " BOB "})
    assert done["Location"] == "/accounts/sign-in"
    assert client.get(PROFILE).status_code == 302
    with use(acme):
        gone = User.objects.get(pk=bob.pk)
        assert (gone.is_active, gone.username) == (False, f"deleted-{bob.pk}")


def test_the_last_owner_cannot_delete_the_own_account(browser_of, acme):
    with use(acme):
        User.objects.filter(role="owner").update(role="member")
        people.create_person(
            username="olga",
            email="olga@acme.test",
            role="owner",
            password=twins.PASSWORD,
        )
    client = browser_of("olga")
    page = client.post(PROFILE, {"action": "delete", "confirmed": "olga"})
    assert page.status_code == 422
    assert "last owner" in page.text
