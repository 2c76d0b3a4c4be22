"""L23: nothing of a tenant that is gone can be reached, on any plane.

What is walked here is a purge, the way back of provisioning, which removes rows, schema
and role, and a row that was removed by hand.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client

from accounts.models import User
from accounts.people import create_person
from kernel import clock
from tenants import directory, files, hosts, lookup, provisioning, scheduler, signing
from tenants.carrying.publishing import address_of
from tenants.context import TenantInfo, current_or_none, use, use_control
from tenants.db.base import ContextApplyError
from tenants.models import ProvisioningRun, SlugHold, Tenant, WakeUp
from tenants.portability import purging
from tenants.provisioning.steps import STEPS
from tenants.scheduling import wake_ups
from tests import twins
from tests.tenants.tasks import remember

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

JSON = {"content_type": "application/json"}
PATIENCE_SECONDS = 20.0


def make() -> TenantInfo:
    """Provision newcomer, and let alice in."""
    tenant = provisioning.provision(
        slug="newcomer",
        name="Newcomer",
        owner_email="operator@newcomer.test",
        by="tests",
        seed=["accounts.provisioning.prepare"],
    ).info()
    with use(tenant):
        create_person(
            username="alice",
            email="alice@newcomer.test",
            first_name="Alice",
            last_name="Newcomer",
            role="member",
            groups=(),
            password=twins.PASSWORD,
        )
    return tenant


@dataclass
class Kept:
    """All that somebody may have kept of a tenant."""

    tenant: TenantInfo
    host: str
    browser: Client
    access: str
    refresh: str
    file: str
    signed: str
    headers: dict[str, Any] = field(default_factory=dict)


@pytest.fixture
def keep(visitor, settings, tmp_path) -> Callable[[TenantInfo], Kept]:
    """Return what signs alice in and keeps what she gets."""
    settings.MEDIA_ROOT = tmp_path

    def kept(tenant: TenantInfo) -> Kept:
        host = tenant.primary_domain
        browser = visitor(host)
        words = {"username": "alice", "password": twins.PASSWORD}
        assert browser.post("/accounts/sign-in", words).status_code == 302
        tokens = visitor(host).post("/api/auth/mobile/sign-in", words, **JSON).json()
        with use(tenant):
            cache.set("k", "v")
            name = default_storage.save("note.txt", ContentFile(b"note"))
            return Kept(
                tenant=tenant,
                host=host,
                browser=browser,
                access=tokens["access"],
                refresh=tokens["refresh"],
                file=files.address(name).partition(":8000")[2],
                signed=signing.dumps("v", salt="tests"),
                headers=address_of(tenant),
            )

    return kept


class Planes:
    """Asks on each plane whether something of the tenant can be reached."""

    def __init__(self, kept: Kept, visitor: Callable[..., Client]) -> None:
        self.kept = kept
        self.host = kept.host
        self.visitor = visitor

    def reached(self) -> set[str]:
        """Return the planes on which something answers."""
        names = [name for name in vars(type(self)) if name.startswith("by_")]
        return {name for name in names if getattr(self, name)()}

    def by_page(self) -> bool:
        return self.visitor(self.host).get("/accounts/sign-in").status_code == 200

    def by_address(self) -> bool:
        return hosts.resolve(self.host) is not None

    def by_session(self, host: str = "") -> bool:
        headers = {"host": host or self.host}
        return self.kept.browser.get("/leave/", headers=headers).status_code == 200

    def by_access_token(self, host: str = "") -> bool:
        client = self.visitor(
            host or self.host, authorization=f"Bearer {self.kept.access}"
        )
        return client.get("/api/protected/me").status_code == 200

    def by_refresh_token(self, host: str = "") -> bool:
        body = {"refresh": self.kept.refresh}
        path = "/api/auth/mobile/token-refresh"
        answer = self.visitor(host or self.host).post(path, body, **JSON)
        if answer.status_code == 200:
            self.kept.refresh = answer.json()["refresh"]
        return answer.status_code == 200

    def by_file(self, host: str = "") -> bool:
        headers = {"host": host or self.host}
        answer = self.kept.browser.get(self.kept.file, headers=headers)
        answer.close()
        return answer.status_code == 200

    def by_task(self) -> bool:
        remember.seen.clear()
        remember.apply(["word"], headers=self.kept.headers)
        return remember.seen != []

    def by_uuid(self) -> bool:
        return lookup.by_uuid(self.kept.tenant.uuid) is not None

    def by_scheduler(self) -> bool:
        with use_control():
            WakeUp.objects.update(next_due=clock.now(), lease_until=None)
            taken = wake_ups.take(100)
        for one in taken:
            scheduler.run_taken(one)
        return self.kept.tenant.uuid in {one.tenant for one in taken}

    def by_values(self) -> bool:
        """Enter it by values that somebody still holds."""
        try:
            with use(self.kept.tenant):
                return User.objects.exists()
        except ContextApplyError:
            return False

    def by_schema(self) -> bool:
        return self.is_in("pg_namespace", "nspname", self.kept.tenant.schema_name)

    def by_role(self) -> bool:
        return self.is_in("pg_roles", "rolname", self.kept.tenant.db_role)

    def is_in(self, table: str, column: str, name: str) -> bool:
        with use_control(), connection.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {table} WHERE {column} = %s", [name])
            return cursor.fetchone() is not None


@pytest.fixture
def planes(visitor, keep) -> Callable[[TenantInfo], Planes]:
    """Return the planes of a tenant, on every one of which it answers."""

    def asked(tenant: TenantInfo) -> Planes:
        planes = Planes(keep(tenant), visitor)
        everything = {name for name in vars(Planes) if name.startswith("by_")}
        assert planes.reached() == everything, "the test is blind"
        assert len(everything) == 12
        return planes

    return asked


def undo(tenant: TenantInfo) -> None:
    """Go the way back of provisioning, from the last step to the first."""
    with use_control():
        run = ProvisioningRun.objects.get(tenant_uuid=tenant.uuid)
        for step in reversed(STEPS):
            step.back(run)


def wait_until_heard(host: str) -> None:
    """Wait until this process has heard of the end; the bound is far."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while directory.find(host) is not None:
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_of_a_tenant_that_was_undone_nothing_answers_and_nothing_is_passed_on(
    planes, visitor, acme
) -> None:
    asked = planes(make())
    tenant, kept = asked.kept.tenant, asked.kept
    unknown = visitor("nobody.localhost").get("/api/protected/me")
    undo(tenant)
    wait_until_heard(kept.host)
    assert asked.reached() == set()
    assert kept.browser.get("/leave/").status_code == 404
    assert visitor(kept.host).get("/api/protected/me").content == unknown.content
    for by in (asked.by_session, asked.by_access_token, asked.by_refresh_token):
        assert not by("acme.localhost")
    assert not asked.by_file("acme.localhost")

    # Who gets the slug next gets nothing of it.
    successor = make()
    assert (successor.slug, successor.primary_domain) == (tenant.slug, kept.host)
    assert successor.uuid != tenant.uuid
    assert asked.reached() == {"by_page", "by_address"}
    with use(successor):
        assert User.objects.filter(username="alice").exists()
        assert cache.get("k") is None
        assert not default_storage.exists("note.txt")
        with pytest.raises(signing.BadSignature):
            signing.loads(kept.signed, salt="tests")
    assert current_or_none() is None


def test_of_a_purged_tenant_nothing_answers_and_nothing_is_passed_on(
    planes, visitor
) -> None:
    asked = planes(make())
    tenant, kept = asked.kept.tenant, asked.kept
    unknown = visitor("nobody.localhost").get("/api/protected/me")
    with use_control():
        row = Tenant.objects.get(uuid=tenant.uuid)
    purging.purge(row, by="tests", reason="Asked for.")
    wait_until_heard(kept.host)
    # The row alone stays, with the certificate.
    assert asked.reached() == {"by_uuid"}
    assert visitor(kept.host).get("/api/protected/me").content == unknown.content
    for by in (asked.by_session, asked.by_access_token, asked.by_refresh_token):
        assert not by("acme.localhost")

    # Who gets the slug when its time is over gets nothing of it.
    with use_control():
        SlugHold.objects.all().delete()
    successor = make()
    assert (successor.slug, successor.primary_domain) == (tenant.slug, kept.host)
    with use(successor):
        assert cache.get("k") is None
        assert not default_storage.exists("note.txt")
        with pytest.raises(signing.BadSignature):
            signing.loads(kept.signed, salt="tests")


def test_a_row_that_is_removed_by_hand_takes_the_way_in_along(planes, acme) -> None:
    """The schema is left behind, and nobody can name it any more."""
    asked = planes(acme)
    with use_control(), connection.cursor() as cursor:
        pk = Tenant.objects.get(uuid=acme.uuid).pk
        for statement in BY_HAND:
            cursor.execute(statement, [pk])
    wait_until_heard(acme.primary_domain)
    assert asked.reached() == {"by_values", "by_schema", "by_role"}


BY_HAND = (
    "DELETE FROM tenants_wakeup WHERE tenant_id = %s",
    "UPDATE tenants_provisioningrun SET tenant_id = NULL WHERE tenant_id = %s",
    "DELETE FROM tenants_domain WHERE tenant_id = %s",
    "DELETE FROM tenants_tenant WHERE id = %s",
)
