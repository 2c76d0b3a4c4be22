"""Archives that mallory made, or that an operator takes for another one."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kernel import clock
from kernel.errors import ApplicationError
from tenants.context import CONTROL_UUID, use, use_control
from tenants.models import Domain, ProvisioningRun, SlugHold, Tenant
from tenants.portability import archiving, purging, reading
from tenants.portability.cloning import clone
from tenants.portability.importing import run
from tenants.portability.manifest import MANIFEST
from tenants.portability.orders import Wish, decided, free_slug
from tenants.provisioning import provision
from tests.tenants.portability.conftest import changed, into, out, tenant
from tests.tenants.portability.test_refusals import (
    left_behind,
    refusal,
    with_manifest,
)
from workflow.models import ProcessInstance


def made(slug: str) -> Tenant:
    return provision(
        slug=slug, name=slug.title(), owner_email=f"o@{slug}.test", by="tests"
    )


def ended(of: Tenant) -> None:
    """Purge a tenant and free its slug."""
    purging.purge(of, by="tests", reason="Cleared away.")
    with use_control():
        SlugHold.objects.filter(tenant=of.uuid).delete()
        Domain.objects.filter(tenant__uuid=of.uuid).delete()


def code_of(path: Path, **wish: Any) -> str:
    with pytest.raises(ApplicationError) as caught:
        decided(path, Wish(**wish), by="tests")
    return caught.value.code


def test_an_archived_tenant_comes_back_from_its_own_file_alone(
    acme_file, tmp_path
) -> None:
    """Mallory's file says that it is of a tenant that was put away."""
    nova = made("nova-archived")
    done = archiving.archive(nova, output=tmp_path / "own", by="tests")

    def forge(content: dict[str, bytes]) -> None:
        manifest = json.loads(content[MANIFEST])
        uuid, slug = str(nova.uuid), nova.slug
        with_manifest(lambda m: m["tenant"].update(uuid=uuid, slug=slug))(content)
        assert manifest["tenant"]["slug"] == "acme"

    forged = changed(acme_file, tmp_path / "forged", forge)
    before = left_behind()
    assert code_of(forged) == "archive_checksum"
    assert left_behind() == before
    assert tenant(nova.slug).state == "archived"
    assert into(tmp_path / "own").state == "active"
    assert done.exported.path == tmp_path / "own"
    ended(nova)


def test_no_archive_gets_the_uuid_of_the_control_plane(acme_file, tmp_path) -> None:
    path = changed(
        acme_file,
        tmp_path / "x",
        with_manifest(lambda m: m["tenant"].update(uuid=str(CONTROL_UUID))),
    )
    assert refusal(path, keeps_credentials=True) == "archive_foreign"


@pytest.mark.parametrize("name", ["slug", "name", "plan", "locale"])
def test_prt_5_text_that_cannot_be_stored_is_refused(acme_file, tmp_path, name) -> None:
    path = changed(
        acme_file,
        tmp_path / "x",
        with_manifest(lambda m: m["tenant"].update({name: "a\x00b"})),
    )
    assert refusal(path) == "archive_foreign"


def test_prt_5_a_row_that_nobody_could_hold_is_refused(
    acme_file, tmp_path, monkeypatch
) -> None:
    before = left_behind()
    # Longer than those of the migrations, which are read before anything is made.
    monkeypatch.setattr(reading, "LONGEST_LINE", 150)
    with pytest.raises(ApplicationError) as caught:
        into(acme_file, slug="long-rows")
    assert caught.value.extra["cause"] == "archive_too_large"
    assert left_behind() == before


def test_no_shadow_stands_beside_a_tenant_that_is_deleted(world, tmp_path) -> None:
    umber = made("umber")
    out("umber", tmp_path / "x")
    order, _manifest = decided(tmp_path / "x", Wish(beside=umber), by="tests")
    purging.ask(umber, by="tests", reason="Contract ended.")
    before = left_behind()
    # Decided before the deletion, and after it.
    with pytest.raises(ApplicationError) as caught:
        run(order)
    assert caught.value.code == "swap_refused"
    assert code_of(tmp_path / "x", beside=tenant("umber")) == "swap_refused"
    purging.purge(umber, by="tests", reason="Now.")
    with use_control():
        gone = Tenant.objects.get(uuid=umber.uuid)
    assert code_of(tmp_path / "x", beside=gone) == "swap_refused"
    assert left_behind() != before  # what went is umber
    with use_control():
        assert not ProvisioningRun.objects.filter(tenant__shadow_of=gone).exists()
        SlugHold.objects.filter(tenant=umber.uuid).delete()


def test_a_purge_leaves_a_lapsed_name_its_cool_down(world) -> None:
    ultra = made("ultra")
    at = clock.now() - timedelta(days=3)
    with use_control():
        for name, values in {
            "lapsed.example": {"lapsed_at": at},
            "live.example": {"verified_at": at},
            "claimed.example": {"claimed_at": at},
        }.items():
            Domain.objects.create(
                domain=name,
                tenant=ultra,
                kind="custom",
                is_primary=False,
                verification_token="a" * 32,
                check_due=at,
                **values,
            )
    purging.purge(ultra, by="tests", reason="Asked for.")
    with use_control():
        rows = {row.domain: row for row in Domain.objects.filter(tenant=ultra)}
        assert set(rows) == {"lapsed.example", "live.example"}
        assert rows["lapsed.example"].lapsed_at == at
        assert {(row.verification_token, row.check_due) for row in rows.values()} == {
            ("", None)
        }
    ended(ultra)


def test_a_copy_of_a_shadow_is_as_good_as_one_of_its_live_tenant(acme_file) -> None:
    shadow = into(acme_file, beside=tenant("acme"))
    copied = clone(shadow, "acme-looked-at", by="tests")
    with use_control():
        copy = Tenant.objects.get(uuid=copied.tenant_uuid)
    with use(copy):
        assert set(ProcessInstance.objects.values_list("tenant_id", flat=True)) == {
            str(copy.uuid)
        }
    ended(copy)
    ended(shadow)


def test_no_shadow_takes_a_slug_that_is_held_for_another(acme_file) -> None:
    """The old address of a renamed tenant leads to it for as long."""
    until = clock.now() + timedelta(days=9)
    with use_control():
        first = free_slug("acme")
        SlugHold.objects.create(
            slug=first, tenant=tenant("globex").uuid, reason="renamed", until=until
        )
        assert free_slug("acme") not in {first, "acme"}
        SlugHold.objects.filter(slug=first).delete()
