"""What every test may ask for: the twins, their people, a client for each."""

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, TestCase, TransactionTestCase

from accounts.models import User
from kernel import clock
from tenants import directory
from tenants.carrying import guard
from tenants.context import TenantInfo, current_or_none, use, use_control
from tenants.testing.plan import Plan
from tests import databases, twins

pytest_plugins = [
    "tenants.testing.plugin",
    "workflow.testing.plugin",
    "tests.garbage",
    "tests.sharing",
]
PEOPLE = tuple(person.username for person in twins.CAST)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment, django_db_blocker, django_db_modify_db_settings
) -> Iterator[None]:
    with django_db_blocker.unblock(), databases.prepared():
        yield


@pytest.fixture(scope="session", autouse=True)
def _databases_are_given_back_clean() -> None:
    begin, roll_back = TestCase._fixture_setup.__func__, TestCase._fixture_teardown

    def begun(kind: type[TestCase]) -> None:
        # Inside the transaction of a module the test's own begins by a statement.
        with use_control():
            begin(kind)

    def rolled_back(case: TestCase) -> None:
        # Deferred constraints are checked before the roll-back, by a statement.
        with use_control():
            roll_back(case)
        connection.cleared.clear()

    TestCase._fixture_setup = classmethod(begun)
    TestCase._fixture_teardown = rolled_back
    TransactionTestCase._fixture_teardown = lambda case: databases.restore()


@pytest.fixture(scope="session", autouse=True)
def _mail_is_kept_as_in_development(django_test_environment) -> None:
    """Undo what Django does to the backend of every test run."""
    settings.EMAIL_BACKEND = settings.MAILBOX_BACKEND


@pytest.fixture(autouse=True)
def _no_context_is_left_behind() -> Iterator[None]:
    # A stream that a test before did not read to its end is no request of this one.
    guard._begun.set(())
    yield
    assert current_or_none() is None, "the test left its tenant entered"


@pytest.fixture(autouse=True)
def _no_host_is_remembered() -> Iterator[None]:
    directory.empty()
    yield
    directory.empty()


@pytest.fixture(scope="session")
def isolation_plan() -> Plan:
    from tests.isolation.plan import PLAN

    return PLAN


@pytest.fixture
def acme(db) -> TenantInfo:
    return twins.info("acme")


@pytest.fixture
def process_tenant(acme: TenantInfo) -> TenantInfo:
    """Return the tenant of the fixture `process`."""
    return acme


@pytest.fixture
def globex(db) -> TenantInfo:
    return twins.info("globex")


@pytest.fixture
def in_acme(acme: TenantInfo) -> Iterator[TenantInfo]:
    with use(acme):
        yield acme


@pytest.fixture
def person(acme: TenantInfo) -> Callable[..., User]:
    """Return a finder: `person("bob")` of acme, `person("bob", globex)` of globex."""

    def find(username: str, tenant: TenantInfo = acme) -> User:
        with use(tenant):
            return User.objects.get(username=username)

    return find


@pytest.fixture
def alice(person) -> User:
    return person("alice")


@pytest.fixture
def bob(person) -> User:
    return person("bob")


@pytest.fixture
def carol(person) -> User:
    return person("carol")


@pytest.fixture
def admin(person) -> User:
    return person("admin")


@pytest.fixture
def mallory(person, globex: TenantInfo) -> User:
    """Return mallory, whom globex employs."""
    return person("mallory", globex)


@pytest.fixture
def visitor(db) -> Callable[..., Client]:
    """Return a maker of clients: `visitor("acme.localhost")`, not signed in."""

    def visit(host: str = "acme.localhost", **headers: str) -> Client:
        return Client(
            SERVER_NAME=host,
            headers={"host": host, **headers},
            raise_request_exception=False,
        )

    return visit


@pytest.fixture
def token(visitor) -> Callable[..., str]:
    """Return a maker of access tokens, by the real sign-in."""

    def sign_in(username: str, host: str = "acme.localhost") -> str:
        answer = visitor(host).post(
            "/api/auth/mobile/sign-in",
            {"username": username, "password": twins.PASSWORD},
            content_type="application/json",
        )
        assert answer.status_code == 200, answer.content
        return answer.json()["access"]

    return sign_in


@pytest.fixture
def api(visitor, token) -> Callable[..., Client]:
    """Return a maker of API clients: `api("bob")`, `api("bob", "globex.localhost")`."""

    def signed_in(username: str, host: str = "acme.localhost") -> Client:
        return visitor(host, authorization=f"Bearer {token(username, host)}")

    return signed_in


@pytest.fixture
def browser_of(visitor) -> Callable[..., Client]:
    """Return a maker of clients that signed in by the page."""

    def signed_in(username: str, host: str = "acme.localhost") -> Client:
        client = visitor(host)
        answer = client.post(
            "/accounts/sign-in", {"username": username, "password": twins.PASSWORD}
        )
        assert answer.status_code == 302, answer.content
        return client

    return signed_in


@pytest.fixture
def frozen_clock() -> Iterator[None]:
    with clock.frozen():
        yield
