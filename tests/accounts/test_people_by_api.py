"""People for programs: the list, the own account, new people and changes."""

import pytest
from django.contrib.auth.models import Group

from accounts.models import Challenge, MfaDevice, SecurityEvent, User
from kernel import clock
from tenants.context import use

USERS, USER = "/api/accounts/users", "/api/accounts/user"
ADMIN_REGISTER = "/api/accounts/admin-register"
JSON = "application/json"
NEWCOMER = {"firstName": "New", "lastName": "Comer", "email": "newcomer@example.com"}
CREATED = (
    "User created successfully. The user can use the Forgot Password flow to establish"
    " a password and login."
)


@pytest.fixture
def events(acme):
    def named(name):
        with use(acme):
            return SecurityEvent.objects.filter(name=name).count()

    return named


def patch(client, **body):
    return client.patch(USER, body, content_type=JSON)


def add(client, **body):
    return client.post(ADMIN_REGISTER, {**NEWCOMER, **body}, content_type=JSON)


def problem(answer):
    return answer.status_code, answer.json()["code"], answer.json()["detail"]


# The list


def test_w20_a_member_and_a_stranger_see_no_list(api, visitor, db):
    assert visitor().get(USERS).status_code == 401
    assert problem(api("bob").get(USERS)) == (
        403,
        "forbidden",
        "User Manager group membership is required.",
    )


def test_the_list_has_the_active_first_then_by_user_name(api, acme):
    with use(acme):
        User.objects.filter(username="alice").update(
            is_active=False, deactivated_at=clock.now()
        )
        User.objects.create(
            username="robot", username_norm="robot", kind="service", password="!"
        )
        bob = User.objects.get(username="bob")
        bob.groups.add(Group.objects.get_or_create(name="Superuser")[0])
    names = [one["username"] for one in api("admin").get(USERS).json()]
    assert names == ["admin", "carol", "mallory", "alice", "owner@acme.test"]


def test_the_list_leaves_named_groups_out(api):
    found = api("admin").get(f"{USERS}?exclude_group=HR, Managers").json()
    assert {one["username"] for one in found} == {"admin", "alice"}


def test_the_link_header_leads_through_every_page_once(api):
    client, seen = api("admin"), []
    path = f"{USERS}?limit=2&exclude_group=Superuser"
    while path:
        answer = client.get(path)
        seen += [one["username"] for one in answer.json()]
        link = answer.headers.get("Link", "")
        assert not link or "limit=2" in link
        assert not link or "exclude_group=Superuser" in link
        path = link.partition(">")[0].removeprefix("<")
    assert seen == [*("admin", "alice", "bob", "carol", "mallory"), "owner@acme.test"]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "after=x"])
def test_a_page_that_cannot_be_is_a_400(api, query):
    assert api("admin").get(f"{USERS}?{query}").json()["code"] == "page_invalid"


def test_w20_a_thousand_users_cost_at_most_three_statements(
    api, acme, django_assert_max_num_queries
):
    with use(acme):
        User.objects.bulk_create(
            User(
                username=f"u{n}",
                username_norm=f"u{n}",
                email=f"u{n}@x.org",
                email_norm=f"u{n}@x.org",
                is_active=True,
                password="!",
            )
            for n in range(1_000)
        )
    client = api("admin")
    client.get(USERS)
    with django_assert_max_num_queries(3):
        answer = client.get(f"{USERS}?limit=200")
    assert len(answer.json()) == 200
    with django_assert_max_num_queries(3):
        client.get(answer["Link"].partition(">")[0].removeprefix("<"))


def test_the_second_factor_counts_once_it_is_confirmed(api, acme, bob):
    client = api("bob")
    with use(acme):
        device = MfaDevice.objects.create(user=bob, secret=b"x")
    assert client.get(USER).json()["mfa_enabled"] is False
    with use(acme):
        MfaDevice.objects.filter(pk=device.pk).update(confirmed_at=clock.now())
    assert client.get(USER).json()["mfa_enabled"] is True
    assert client.get(USER).json()["groups"] == ["Employees", "Managers"]


# New people


def test_an_administrator_makes_a_person_who_sets_the_password(
    api, letters, visitor, acme
):
    answer = add(api("admin"), groups=[{"name": "HR", "enabled": True}])
    assert (answer.status_code, answer.json()) == (201, {"detail": CREATED})
    with use(acme):
        made = User.objects.get(email_norm=NEWCOMER["email"])
        assert (made.role, made.is_active, made.is_email_verified) == (
            "member",
            False,
            False,
        )
        assert not made.has_usable_password()
        assert [group.name for group in made.groups.all()] == ["HR"]
    letter = letters(NEWCOMER["email"])[0]
    assert "/accounts/set-password#ticket=" in letter.text


def test_a_member_makes_nobody(api, acme):
    assert problem(add(api("bob"))) == (
        403,
        "forbidden",
        "User Manager group membership is required.",
    )
    with use(acme):
        assert not User.objects.filter(email_norm=NEWCOMER["email"]).exists()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "BOB@acme.test"}, 409, "user_exists"),
        ({"email": "x@x"}, 400, "email_invalid"),
        ({"firstName": " ", "lastName": None}, 400, "missing_fields"),
        ({"lastName": "<b>"}, 400, "name_invalid"),
        ({"groups": [{"name": "Nobodies", "enabled": True}]}, 400, "group_unknown"),
        ({"groups": [{"name": "Owner", "enabled": True}]}, 400, "role_too_high"),
        ({"groups": [{"name": "Superuser", "enabled": True}]}, 400, "role_too_high"),
        ({"groups": "HR"}, 422, "invalid_body"),
        ({"groups": [{"name": "HR", "enabled": "yes"}]}, 422, "invalid_body"),
        ({"email": 7}, 422, "invalid_body"),
        ({"company": "Robots"}, 400, "blocked"),
    ],
    ids=str,
)
def test_what_cannot_be_made_is_refused_and_leaves_nothing(
    api, acme, body, status, code
):
    client = api("admin")
    with use(acme):
        before = User.objects.count()
    answer = add(client, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    with use(acme):
        assert User.objects.count() == before


def test_the_sentences_of_admin_register_are_the_seeds(api):
    client = api("admin")
    assert problem(add(client, email="bob@acme.test"))[2] == (
        "A user with this email already exists."
    )
    assert problem(add(client, firstName=""))[2] == (
        "Missing required field(s): firstName"
    )


def test_the_later_of_two_entries_counts_and_user_manager_is_the_role(api, acme):
    groups = [
        {"name": "User Manager", "enabled": False},
        {"name": "HR", "enabled": True},
        {"name": "HR", "enabled": False},
        {"name": "User Manager", "enabled": True},
    ]
    assert add(api("admin"), groups=groups).status_code == 201
    with use(acme):
        made = User.objects.get(email_norm=NEWCOMER["email"])
        assert made.role == "admin"
        assert [group.name for group in made.groups.all()] == ["User Manager"]


def test_w05_a_strangers_registration_never_blocks_an_address(api, post, acme):
    post("/api/accounts/register", {**NEWCOMER, "password": "four calm words here"})
    assert add(api("admin"), firstName="Real").status_code == 201
    with use(acme):
        made = User.objects.get(email_norm=NEWCOMER["email"])
        assert made.first_name == "Real"
        assert not made.has_usable_password()
        assert Challenge.objects.filter(user=made, superseded_at=None).count() == 1


# Changes


def test_a_member_changes_the_own_names(api, acme, events):
    answer = patch(api("bob"), firstName="Robert", lastName=" ")
    assert (answer.status_code, answer.json()) == (
        200,
        {"detail": "User updated successfully.", "email_pending": False},
    )
    with use(acme):
        bob = User.objects.get(username="bob")
        assert (bob.first_name, bob.last_name) == ("Robert", "Acme")
    assert events("user.changed") == 1


@pytest.mark.parametrize(
    ("body", "status", "code", "sentence"),
    [
        ({"id": "x"}, 400, "id_invalid", "id must be an integer value."),
        ({"id": True}, 400, "id_invalid", "id must be an integer value."),
        ({"id": 1.5}, 400, "id_invalid", "id must be an integer value."),
        (
            {"isActive": "no"},
            400,
            "is_active_invalid",
            "isActive must be a boolean value.",
        ),
        ({}, 400, "no_valid_fields", "No valid fields provided."),
        ({"firstName": ""}, 400, "no_valid_fields", "No valid fields provided."),
        ({"role": "owner"}, 400, "no_valid_fields", "No valid fields provided."),
        ({"password": "x"}, 400, "use_change_password", None),
        ({"id": 999_999, "firstName": "X"}, 404, "not_found", "User not found."),
        ({"firstName": 7}, 422, "invalid_body", None),
        ({"email": "nonsense"}, 400, "email_invalid", None),
        ({"firstName": "a\nb"}, 400, "name_invalid", None),
    ],
    ids=str,
)
def test_what_cannot_be_changed_says_so_in_the_seeds_words(
    api, body, status, code, sentence
):
    answer = patch(api("admin"), **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert sentence is None or answer.json()["detail"] == sentence


def test_w02_a_member_changes_no_group_no_activity_and_nobody_else(api, acme, alice):
    client = api("bob")
    for body in (
        {"groups": [{"name": "User Manager", "enabled": True}]},
        {"groups": [{"name": "HR", "enabled": True}]},
        {"isActive": False},
        {"id": alice.pk, "firstName": "Mine"},
        {"id": 999_999, "firstName": "Mine"},
    ):
        assert problem(patch(client, **body))[:2] == (403, "forbidden")
    with use(acme):
        bob = User.objects.get(username="bob")
        assert (bob.role, bob.is_active) == ("member", True)
        assert bob.groups.count() == 2
        assert User.objects.get(username="alice").first_name == "Alice"


def test_an_administrator_changes_groups_by_name_and_leaves_the_others(api, acme, bob):
    groups = [{"name": "HR", "enabled": True}, {"name": "Managers", "enabled": False}]
    assert patch(api("admin"), id=bob.pk, groups=groups).status_code == 200
    with use(acme):
        names = set(bob.groups.values_list("name", flat=True))
    assert names == {"Employees", "HR"}


def test_a33_user_manager_is_the_role_and_ends_the_devices(api, acme, bob):
    signed_in = api("bob")
    groups = [{"name": "User Manager", "enabled": True}]
    assert patch(api("admin"), id=bob.pk, groups=groups).status_code == 200
    with use(acme):
        bob.refresh_from_db()
        assert (bob.role, bob.token_version) == ("admin", 2)
    assert signed_in.get(USER).status_code == 401


def test_an_administrator_cannot_touch_an_owner_or_the_own_role(api, acme, admin):
    client = api("admin")
    with use(acme):
        owner = User.objects.get(role="owner")
    for body in ({"isActive": False}, {"firstName": "Mine"}):
        assert problem(patch(client, id=owner.pk, **body))[1] == "owners_only"
    own = {"groups": [{"name": "User Manager", "enabled": False}]}
    assert problem(patch(client, **own))[1] == "own_role"
    with use(acme):
        assert User.objects.get(pk=admin.pk).role == "admin"


def test_a26_deactivation_ends_the_devices_at_once(api, acme, bob, events):
    signed_in = api("bob")
    assert patch(api("admin"), id=bob.pk, isActive=False).status_code == 200
    assert signed_in.get(USER).status_code == 401
    assert events("user.deactivated") == 1
    assert patch(api("admin"), id=bob.pk, isActive=True).status_code == 200
    with use(acme):
        bob.refresh_from_db()
        assert bob.is_active
    assert signed_in.get(USER).status_code == 401


def test_a_change_is_whole_or_nothing(api, acme, bob):
    groups = [{"name": "Owner", "enabled": True}]
    answer = patch(api("admin"), id=bob.pk, firstName="Half", groups=groups)
    assert problem(answer)[:2] == (400, "role_too_high")
    with use(acme):
        bob.refresh_from_db()
        assert bob.first_name == "Bob"


def test_a32_a_person_of_another_tenant_is_not_found(api, globex):
    with use(globex):
        stranger = User.objects.create_user("stranger", "s@globex.test")
    answer = patch(api("admin"), id=stranger.pk, firstName="Mine")
    assert problem(answer) == (404, "not_found", "User not found.")


@pytest.mark.parametrize("method", ["get", "post", "patch"])
def test_account_answers_stay_out_of_caches(api, method):
    client = api("admin")
    answers = {
        "get": lambda: client.get(USERS),
        "post": lambda: add(client),
        "patch": lambda: patch(client, firstName="Adam"),
    }
    answer = answers[method]()
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
