"""L18: staff of the platform taken for a tenant's admin, or a tenant's for staff.

Impersonation, which the class also names, does not exist yet: no door leads from the
operators' console into a tenant.
"""

import pytest

from accounts.models import User
from accounts.people import create_person
from config.admin import OperatorAdmin, TenantAdmin
from kernel import clock
from tenants.context import use, use_control
from tenants.testing.canary import watching
from tenants.testing.matrix import Matrix
from tests.isolation import defences
from tests.isolation.credentials import operator, signed_in
from tests.isolation.leaks.test_l12_sessions import copy_to_public
from tests.twins import PASSWORD

PUBLIC = "localhost"
LISTS = {
    "tenant": ("/admin/", "/admin/accounts/user/", "/admin/workflow/process/"),
    "console": ("/admin/", "/admin/accounts/user/", "/admin/tenants/tenant/"),
}


@pytest.fixture
def staff(matrix: Matrix) -> dict[str, dict[str, str]]:
    """Return the cookies of each; operator and admins share name, number and hash."""
    acme, globex = matrix.twins
    with use(acme.tenant):
        key, password = User.objects.values_list("pk", "password").get(username="admin")
        # A member with all marks of Django, as somebody might set them by hand.
        User.objects.filter(username="bob").update(is_staff=True, is_superuser=True)
        owner = User.objects.filter(role=User.Role.OWNER)
        owner.update(password=password, is_active=True, email_verified_at=clock.now())
    with use_control():
        operator().groups.clear()
        User.objects.filter(pk=operator().pk).update(
            id=key, password=password, username="admin", username_norm="admin"
        )
    people = {
        "operator": ("admin", PUBLIC),
        "acme's admin": ("admin", acme.host),
        "acme's owner": ("owner@acme.test", acme.host),
        "acme's superuser": ("bob", acme.host),
        "acme's member": ("alice", acme.host),
        "globex's admin": ("admin", globex.host),
    }
    sessions = {
        who: signed_in(name, matrix.visit(host)).cookies
        for who, (name, host) in people.items()
    }
    return {**sessions, "a stranger": {}}


def entered(matrix: Matrix, cookies: dict[str, str], host: str, paths=()) -> bool:
    """Tell whether somebody sees an admin site; sees all of its lists, or none."""
    client = matrix.visit(host)
    for name, value in cookies.items():
        client.cookies[name] = value
    lists = LISTS["console" if host == PUBLIC else "tenant"]
    seen = {client.get(path).status_code == 200 for path in paths or lists}
    assert len(seen) == 1
    return seen.pop()


#: Who enters which of the three admin sites; everything else is refused.
ENTER = {
    ("operator", "console"),
    ("acme's admin", "acme"),
    ("acme's owner", "acme"),
    ("globex's admin", "globex"),
}


def test_everybody_enters_the_admin_of_their_own_and_no_other(matrix: Matrix, staff):
    acme, globex = matrix.twins
    sites = {"acme": acme.host, "globex": globex.host, "console": PUBLIC}
    found = {
        (who, site)
        for who, cookies in staff.items()
        for site, host in sites.items()
        if entered(matrix, cookies, host)
    }
    assert found == ENTER


@pytest.mark.parametrize(
    ("who", "host"), [("operator", "acme.localhost"), ("acme's admin", PUBLIC)]
)
def test_a_name_and_password_of_the_other_plane_signs_nobody_in(
    matrix: Matrix, who, host
):
    """Here the names differ, so that a password that fits has to be the other's."""
    operator()
    username = "operator" if who == "operator" else "admin"
    client = matrix.visit(host)
    sent = {"username": username, "password": PASSWORD}
    assert client.post("/accounts/sign-in", sent).status_code == 422
    assert "sessionid" not in client.cookies


def test_the_console_shows_no_word_of_any_tenants_rows(matrix: Matrix):
    kind = matrix.plan.kind("operator session")
    held = kind.mint(matrix.twins.a, matrix.visit)
    with watching(matrix.twins) as watch:
        shown = [
            matrix.shown(kind, held, door).status
            for door in matrix.doors()
            if door.site == "public" and door.path.startswith("/admin/")
        ]
    assert shown.count(200) > 20
    assert watch.leaks == []


def test_the_two_sites_ask_for_different_marks(matrix: Matrix, rf):
    """Neither the staff mark of a tenant nor a role of the console counts elsewhere."""
    asked = rf.get("/admin/")
    asked.user = User(role=User.Role.MEMBER, is_active=True, is_staff=True)
    assert not TenantAdmin().has_permission(asked)
    asked.user = User(role=User.Role.OWNER, is_active=True, is_staff=False)
    assert not OperatorAdmin().has_permission(asked)


# With the defences off


def test_with_sessions_of_no_plane_the_leak_shows(matrix: Matrix, monkeypatch):
    defences.salts_off(monkeypatch)
    defences.session_owner_off(monkeypatch)
    session = signed_in("admin", matrix.visit(matrix.twins.a.host)).cookies
    assert not entered(matrix, session, PUBLIC)
    copy_to_public(matrix)
    assert entered(matrix, session, PUBLIC)


@pytest.mark.parametrize("site", [OperatorAdmin, TenantAdmin])
def test_with_a_site_that_asks_for_nothing_the_leak_shows(
    matrix: Matrix, monkeypatch, site
):
    host = PUBLIC if site is OperatorAdmin else matrix.twins.a.host
    with use_control():
        create_person(username="alice", email="alice@acme.test", password=PASSWORD)
    cookies = signed_in("alice", matrix.visit(host)).cookies
    assert not entered(matrix, cookies, host)
    monkeypatch.setattr(site, "has_permission", lambda site, request: True)
    assert entered(matrix, cookies, host, paths=["/admin/"])
