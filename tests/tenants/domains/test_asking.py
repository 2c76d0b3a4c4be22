"""DOM-7: for which names Caddy may get a certificate, and who may ask."""

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, connections
from django.test import AsyncClient, Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from kernel import clock
from tenants import directory, domains, states
from tenants.context import use_control
from tenants.domains import asking
from tenants.models import Domain, Tenant
from tests.tenants.domains.conftest import SHOP, World, claim, row_of
from tests.tenants.lines import written

SECRET = "a-shared-secret-of-the-tests"
WITH_SECRET = {asking.SECRET_HEADER: SECRET}
FAR = "198.51.100.7"


def ask(
    name: str | None = SHOP,
    *,
    host: str = "127.0.0.1:8000",
    remote: str = "127.0.0.1",
    method: str = "get",
    **headers: str,
) -> int:
    """Return the status; the body is empty whatever it is."""
    client = Client(raise_request_exception=False, headers={"host": host, **headers})
    query = {} if name is None else {"domain": name}
    answer = getattr(client, method)(
        asking.PATH, query_params=query, REMOTE_ADDR=remote
    )
    assert answer.content == b""
    assert not answer.cookies
    assert answer["Cache-Control"] == "no-store"
    return answer.status_code


@pytest.fixture(autouse=True)
def _no_secret(settings, db) -> None:
    settings.TENANTRY_ASK_SECRET = ""
    settings.TRUSTED_PROXY_COUNT = 0


@pytest.fixture
def secret(settings) -> None:
    settings.TENANTRY_ASK_SECRET = SECRET


@pytest.fixture
def told(settings):
    """Have answers live long."""
    settings.TENANTRY_LISTEN = False
    directory.empty(told=True)
    yield
    directory.empty(told=False)


# For which names


def test_dom_7_a_verified_name_and_a_live_subdomain_have_certificates(
    world: World, acme, owned
) -> None:
    owned(acme)
    for name in (SHOP, "SHOP.Test", f"{SHOP}.", "acme.localhost"):
        assert ask(name) == 200


@pytest.mark.parametrize(
    "name",
    [
        "unknown.test",
        "claimed.test",
        "www.shop.test",
        "nobody.localhost",
        "localhost",
        "www.localhost",
        "127.0.0.1",
        "[::1]",
        "",
        "*.shop.test",
        "shop.test:443",
        "shop.test/",
        "shop.test\x00",
        "a" * 5000,
        "\ud800",
    ],
    ids=lambda name: repr(name)[:20],
)
def test_dom_7_no_other_name_has_one(world: World, acme, owned, name) -> None:
    owned(acme)
    claim(acme, "claimed.test")
    with written() as lines:
        assert ask(name.encode("utf-8", "surrogatepass").decode("latin-1")) == 404
    assert {line["level"] for line in lines.all()} <= {"warning"}


def test_dom_7_a_name_that_lapsed_or_was_removed_has_none_at_once(
    world: World, acme, globex, owned
) -> None:
    domain = owned(acme)
    assert ask() == 200
    domains.remove(domain, by="tests")
    assert ask() == 404
    with use_control():
        Domain.objects.filter(pk=domain.pk).update(lapsed_at=clock.now())
    directory.empty()
    assert ask() == 404


def test_a_platform_name_that_a_customer_brought_along_has_none(acme) -> None:
    with use_control():
        Domain.objects.create(
            domain="brought.localhost",
            tenant=row_of(acme),
            kind="custom",
            is_primary=False,
            verified_at=clock.now(),
        )
    assert ask("brought.localhost") == 404


@pytest.mark.parametrize("state", states.State)
def test_dom_7_names_of_a_tenant_have_certificates_while_it_is_served(
    world: World, acme, owned, state
) -> None:
    owned(acme)
    with use_control():
        Tenant.objects.filter(uuid=acme.uuid).update(state=state)
    directory.empty()
    seen = {states.State.PAST_DUE, *states.SERVED}
    expected = 200 if state in seen else 404
    assert [ask(SHOP), ask("acme.localhost")] == [expected] * 2


# Who may ask


@pytest.mark.parametrize(
    "remote", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"]
)
def test_dom_7_this_machine_may_ask(acme, remote: str) -> None:
    assert ask("acme.localhost", remote=remote) == 200


@pytest.mark.parametrize(
    "remote", [FAR, "10.0.0.1", "::2", "::ffff:10.0.0.1", "", "unix:", "x"]
)
def test_dom_7_another_machine_may_not_without_the_secret(
    acme, secret, remote: str
) -> None:
    assert ask("acme.localhost", remote=remote) == 404
    assert ask("acme.localhost", remote=remote, **WITH_SECRET) == 200


@pytest.mark.parametrize("name", asking.BY_PROXY)
@pytest.mark.parametrize("count", [0, 1, 2])
def test_dom_7_who_comes_through_a_proxy_of_this_machine_may_not(
    acme, settings, name: str, count: int
) -> None:
    settings.TRUSTED_PROXY_COUNT = count
    for value in (FAR, "127.0.0.1", "https", ""):
        assert ask("acme.localhost", **{name: value}) == 404
    settings.TENANTRY_ASK_SECRET = SECRET
    assert ask("acme.localhost", **{name: FAR}) == 404
    assert ask("acme.localhost", **{name: FAR}, **WITH_SECRET) == 200


def test_dom_7_where_there_is_a_secret_this_machine_needs_it_too(acme, secret) -> None:
    """A front server that says nothing of whom it serves looks like this machine."""
    assert ask("acme.localhost") == 404
    assert ask("acme.localhost", **WITH_SECRET) == 200


def test_dom_7_behind_a_proxy_nobody_is_taken_for_this_machine(acme, settings) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    assert ask("acme.localhost") == 404


@pytest.mark.parametrize(
    "wrong", ["", "x", SECRET[:-1], f"{SECRET}x", SECRET.upper(), "é"]
)
def test_dom_7_a_wrong_secret_opens_nothing_even_here(acme, secret, wrong: str) -> None:
    assert ask("acme.localhost", **{asking.SECRET_HEADER: wrong}) == 404


@pytest.mark.parametrize("sent", ["", "x"])
def test_without_a_secret_in_the_settings_none_is_right(acme, sent) -> None:
    assert ask("acme.localhost", **{asking.SECRET_HEADER: sent}) == 404
    assert ask("acme.localhost", remote=FAR, **{asking.SECRET_HEADER: sent}) == 404
    assert ask("acme.localhost") == 200


@pytest.mark.parametrize(
    "host",
    ["localhost", "acme.localhost", "globex.localhost", "app:8000", "", "\x00", "a b"],
)
def test_dom_7_any_host_header_reaches_it_and_none_changes_the_answer(
    acme, globex, host: str
) -> None:
    assert ask("acme.localhost", host=host) == 200
    assert ask("acme.localhost", host=host, remote=FAR) == 404
    assert ask("nobody.localhost", host=host) == 404


@pytest.mark.parametrize(
    "method", ["post", "put", "delete", "head", "options", "patch"]
)
def test_only_a_get_is_answered(acme, method: str) -> None:
    assert ask("acme.localhost", method=method) == 404


@pytest.mark.parametrize(
    "query", ["", "domain=acme.localhost&domain=acme.localhost", "d=1"]
)
def test_a_question_names_one_domain(acme, query: str) -> None:
    assert Client().get(f"{asking.PATH}?{query}").status_code == 404


@pytest.mark.parametrize("path", ["/internal/tls/ask/", "/internal/tls", "/internal/"])
def test_other_paths_are_as_before(acme, path: str) -> None:
    answer = Client(headers={"host": "acme.localhost"}).get(path, {"domain": "x"})
    assert answer.status_code == 404
    assert answer.content


def test_an_asynchronous_server_answers_the_same(acme) -> None:
    def asked(name: str) -> int:
        get = AsyncClient().get
        return async_to_sync(get)(asking.PATH, {"domain": name}).status_code

    assert [asked("acme.localhost"), asked("nobody.localhost")] == [200, 404]


# What it costs


def test_dom_7_a_name_costs_one_statement_and_then_none(
    world: World, acme, owned, told
) -> None:
    owned(acme)
    Client()
    directory.empty()
    with use_control(), CaptureQueriesContext(connection) as first:
        assert directory.ask(SHOP) is not None
    assert len(first) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["acme.localhost", "nobody.localhost"])
def test_dom_7_what_is_remembered_costs_no_statement(acme, told, name: str) -> None:
    expected = 200 if name.startswith("acme") else 404
    with CaptureQueriesContext(connection) as first:
        assert ask(name) == expected
    assert len([one for one in first if "tenants_domain" in one["sql"]]) == 1
    with CaptureQueriesContext(connection) as later:
        for _ in range(3):
            assert ask(name) == expected
    assert len(later) == 0


def test_dom_7_50_in_a_second_and_then_no_more() -> None:
    now = [0.0]
    rate = asking.Rate(50, timer=lambda: now[0])
    assert [rate.take() for _ in range(60)] == [True] * 50 + [False] * 10
    now[0] = 0.1
    assert [rate.take() for _ in range(10)] == [True] * 5 + [False] * 5
    now[0] = 100.0
    assert sum(rate.take() for _ in range(200)) == 50


@pytest.mark.django_db(transaction=True)
def test_dom_7_too_many_questions_fail_closed_and_strangers_spend_none(
    acme, told
) -> None:
    middleware = asking.AskMiddleware(lambda _request: None)
    now = [0.0]
    middleware.rate = asking.Rate(asking.PER_SECOND, timer=lambda: now[0])

    def asked(remote: str) -> int:
        request = RequestFactory().get(
            asking.PATH, {"domain": "acme.localhost"}, REMOTE_ADDR=remote
        )
        return middleware(request).status_code

    assert {asked(FAR) for _ in range(100)} == {404}
    statuses = [asked("127.0.0.1") for _ in range(60)]
    assert statuses == [200] * 50 + [404] * 10
    now[0] = 1.0
    assert asked("127.0.0.1") == 200


@pytest.mark.django_db(transaction=True)
def test_dom_7_a_database_that_is_away_is_a_404(acme, settings, told) -> None:
    ours = connections["default"]
    ours.close()
    port = ours.settings_dict["PORT"]
    ours.settings_dict["PORT"] = "1"
    try:
        with written() as lines:
            assert ask("acme.localhost") == 404
        assert [line for line in lines.all() if line["level"] == "error"] == []
    finally:
        ours.settings_dict["PORT"] = port
        ours.close()
    directory.empty(told=True)
    assert ask("acme.localhost") == 200
