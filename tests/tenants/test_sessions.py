"""A session is one tenant's: in its schema, signed for it, and saying whose it is.

Spec 2.3, row "Sessions".
"""

from collections.abc import Callable
from dataclasses import replace
from http.cookies import Morsel
from importlib import import_module

import pytest
from asgiref.sync import async_to_sync
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from accounts import operators
from accounts.models import RefreshSession, User
from tenants.context import NoTenantError, TenantInfo, use, use_control
from tenants.models import Tenant
from tenants.safe_settings import safe_settings
from tenants.sessions import OWNER, SessionStore
from tests.tenants.test_signing import carried, later
from tests.twins import PASSWORD

ACME, GLOBEX, PUBLIC = "acme.localhost", "globex.localhost", "localhost"
HOME = "/workflow/mywork/"


@pytest.fixture
def twin_admins(acme, globex) -> None:
    """Give the admins of both tenants and an operator the same key and hash."""
    with use(acme):
        hashed = User.objects.get(username="admin").password
        number = User.objects.get(username="admin").pk
    with use(globex):
        User.objects.filter(username="admin").update(password=hashed)
        assert User.objects.get(username="admin").pk == number
    with use_control():
        operators.create(
            username="admin", email="operator@tenantry.test", password=PASSWORD
        )
        operator = User.objects.get(username="admin")
        operator.groups.clear()
        User.objects.filter(pk=operator.pk).update(id=number, password=hashed)


@pytest.fixture
def copy_session(acme, globex) -> Callable[[str], None]:
    """Return a way to put the rows of a session of acme's into every other table."""

    def copy(key: str) -> None:
        with use(acme):
            rows = Session.objects.get(session_key=key), RefreshSession.objects.get()
        for row in rows:
            carried(row, globex)
            values = {f.attname: getattr(row, f.attname) for f in row._meta.fields}
            with use_control():
                type(row).objects.create(**values)

    return copy


def saved(tenant: TenantInfo, **values: object) -> SessionStore:
    with use(tenant):
        store = SessionStore()
        store.update(values)
        store.create()
        return store


def rows(tenant: TenantInfo) -> set[str]:
    with use(tenant):
        return set(Session.objects.values_list("session_key", flat=True))


def loaded(tenant: TenantInfo, key: str) -> tuple[dict[str, object], str | None]:
    """Return the values and the key with which a session of this key is left."""
    with use(tenant):
        store = SessionStore(key)
        return dict(store.items()), store.session_key


# The store


def test_the_settings_name_this_store(settings) -> None:
    assert import_module(settings.SESSION_ENGINE).SessionStore is SessionStore


def test_a_session_is_read_back_in_its_tenant(acme) -> None:
    key = saved(acme, word="of acme").session_key
    assert loaded(acme, key) == ({"word": "of acme"}, key)


def test_an_empty_session_is_a_session(acme) -> None:
    key = saved(acme).session_key
    assert loaded(acme, key) == ({}, key)


def test_the_owner_is_in_the_payload_and_not_in_the_session(acme) -> None:
    key = saved(acme, word="of acme").session_key
    with use(acme):
        kept = Session.objects.get(session_key=key).session_data
        payload = db.SessionStore.decode(SessionStore(), kept)
        assert payload == {"word": "of acme", OWNER: str(acme.uuid)}
        assert SessionStore().decode(kept) == {"word": "of acme"}


def test_a_session_is_unknown_to_every_other_tenant(acme, globex) -> None:
    key = saved(acme, word="of acme").session_key
    assert loaded(globex, key) == ({}, None)
    with use_control():
        assert dict(SessionStore(key).items()) == {}
    assert rows(acme) == {key}


def test_a_row_carried_to_another_tenant_is_no_session_and_goes(acme, globex) -> None:
    key = saved(acme, word="of acme").session_key
    with use(acme):
        row = Session.objects.get()
    carried(row, globex)
    assert rows(globex) == {key}
    assert loaded(globex, key) == ({}, None)
    assert (rows(globex), rows(acme)) == (set(), {key})


def test_a_row_of_a_former_generation_is_no_session(acme) -> None:
    key = saved(acme, word="old").session_key
    assert loaded(later(acme), key) == ({}, None)
    assert rows(acme) == set()


@pytest.mark.parametrize("owner", [None, "another", ""])
def test_a_row_that_names_another_owner_or_none_is_no_session(acme, owner) -> None:
    """Even where the signature is right: the uuid is looked at by itself."""
    key = saved(acme, word="forged").session_key
    values = {"word": "forged"} if owner is None else {"word": "forged", OWNER: owner}
    with use(acme):
        data = db.SessionStore.encode(SessionStore(), values)
        Session.objects.filter(session_key=key).update(session_data=data)
        assert SessionStore().decode(data) == {}
    assert loaded(acme, key) == ({}, None)
    assert rows(acme) == set()


@pytest.mark.parametrize("data", ["", "nonsense", "a:b:c", "\x01"])
def test_a_row_that_cannot_be_read_is_no_session(acme, data: str) -> None:
    key = saved(acme, word="of acme").session_key
    with use(acme):
        Session.objects.update(session_data=data)
    assert loaded(acme, key) == ({}, None)


def test_a_session_that_goes_on_after_a_flush_gets_a_key_of_its_own(
    acme, globex
) -> None:
    key = saved(acme, word="of acme").session_key
    with use(acme):
        row = Session.objects.get()
    carried(row, globex)
    with use(globex):
        store = SessionStore(key)
        store["word"] = "of globex"
        store.save()
    assert store.session_key not in {None, key}
    assert loaded(acme, key) == ({"word": "of acme"}, key)


@pytest.mark.django_db(transaction=True)
def test_a_coroutine_reads_its_own_tenants_session_only(acme, globex) -> None:
    async def word(tenant: TenantInfo, key: str) -> object:
        with use(tenant):
            return await SessionStore(key).aget("word")

    key = saved(acme, word="of acme").session_key
    with use(acme):
        row = Session.objects.get()
    carried(row, globex)
    assert async_to_sync(word)(acme, key) == "of acme"
    assert async_to_sync(word)(globex, key) is None
    assert (rows(globex), rows(acme)) == (set(), {key})


def test_without_a_context_there_is_no_session(acme) -> None:
    key = saved(acme, word="of acme").session_key
    with pytest.raises(NoTenantError):
        SessionStore(key).load()
    with pytest.raises(NoTenantError):
        SessionStore().encode({})


# Over HTTP


def signed_in(browser_of, host: str) -> Morsel[str]:
    return browser_of("admin", host).cookies["sessionid"]


def page(visitor, host: str, cookie: str):
    client = visitor(host)
    client.cookies["sessionid"] = cookie
    path = "/admin/" if host == PUBLIC else HOME
    return client.get(path)


@pytest.mark.usefixtures("twin_admins")
@pytest.mark.parametrize("home", [ACME, GLOBEX, PUBLIC])
def test_a_cookie_opens_its_own_host_and_no_other(visitor, browser_of, home) -> None:
    cookie = signed_in(browser_of, home).value
    for host in (ACME, GLOBEX, PUBLIC):
        answer = page(visitor, host, cookie)
        if host == home:
            assert answer.status_code == 200
        else:
            assert answer.status_code == 302
            assert answer["Location"].startswith(("/accounts/sign-in", "/admin/login"))
            assert answer.cookies["sessionid"]["max-age"] == 0


@pytest.mark.usefixtures("twin_admins")
def test_a_cookie_opens_nothing_where_its_row_was_copied(
    visitor, browser_of, globex, copy_session
) -> None:
    cookie = signed_in(browser_of, ACME).value
    copy_session(cookie)
    for host in (GLOBEX, PUBLIC):
        assert page(visitor, host, cookie).status_code == 302
    with use_control():
        assert not Session.objects.filter(session_key=cookie).exists()
    assert cookie not in rows(globex)
    assert page(visitor, ACME, cookie).status_code == 200


@pytest.mark.usefixtures("twin_admins")
def test_djangos_own_store_would_open_the_copied_session(
    visitor, browser_of, copy_session, settings, monkeypatch
) -> None:
    """The twins are equal enough for that: what refuses above is this store."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    monkeypatch.setattr(
        User, "get_session_auth_hash", lambda person: f"{person.pk}{person.password}"
    )
    cookie = signed_in(browser_of, ACME).value
    copy_session(cookie)
    assert page(visitor, GLOBEX, cookie).status_code == 200


def test_a_generation_signs_everybody_out(visitor, browser_of, acme) -> None:
    cookie = signed_in(browser_of, ACME).value
    assert page(visitor, ACME, cookie).status_code == 200
    with use_control():
        Tenant.objects.filter(uuid=acme.uuid).update(generation=2)
    assert page(visitor, ACME, cookie).status_code == 302


def test_a_cookie_names_no_domain(browser_of) -> None:
    morsel = signed_in(browser_of, ACME)
    assert (morsel["domain"], morsel["httponly"], morsel["samesite"]) == (
        "",
        True,
        "Lax",
    )


@pytest.mark.parametrize(
    "name",
    ["SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN", "LANGUAGE_COOKIE_DOMAIN"],
)
def test_a_cookie_for_all_hosts_is_an_error_at_start_up(settings, name: str) -> None:
    assert safe_settings(None) == []
    setattr(settings, name, ".localhost")
    assert [error.id for error in safe_settings(None)] == ["tenants.E010"]


@pytest.mark.parametrize(
    "engine", ["django.contrib.sessions.backends.signed_cookies", "", "cache"]
)
def test_another_session_engine_is_an_error_at_start_up(settings, engine: str) -> None:
    settings.SESSION_ENGINE = engine
    assert [error.id for error in safe_settings(None)] == ["tenants.E011"]


def test_sessions_of_equal_tenants_do_not_share_a_salt(acme) -> None:
    salts = set()
    for context in (acme, later(acme), replace(acme, uuid=acme.uuid)):
        with use(context):
            salts.add(SessionStore().key_salt)
    with use_control():
        salts.add(SessionStore().key_salt)
    assert len(salts) == 3
