"""Archived: out of the database, into a file that was read again, and back."""

from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.models import TenantBranding, User
from kernel.errors import ApplicationError
from tenants import roles
from tenants.context import use, use_control
from tenants.errors import MoveRefused, QuotaExceeded
from tenants.life import going_on
from tenants.models import (
    ProvisioningRun,
    Resource,
    Tenant,
    TenantQuota,
    WakeUp,
)
from tenants.plans import quotas
from tenants.portability import archiving, import_steps
from tenants.provisioning import provision
from tenants.provisioning.steps import Step
from tests.tenants.portability.conftest import LOGO, into, tenant


@pytest.fixture
def nova(world, request) -> Tenant:
    slug = f"nova-{crc32(request.node.name.encode()):x}"
    made = provision(slug=slug, name="Nova", owner_email="o@nova.test", by="tests")
    with use(made):
        default_storage.save(LOGO, ContentFile(b"nova's"))
        TenantBranding.objects.update(logo=LOGO)
    return made


def schema_is_there(of: Tenant) -> bool:
    with use_control():
        return roles.has_schema(of.info())


def test_archive_and_back_keeps_uuid_rows_and_files(nova, tmp_path) -> None:
    done = archiving.archive(nova, output=tmp_path / "nova.tenantry", by="tests")
    assert done.tenant.state == "archived"
    assert done.tenant.archive["sha256"] == done.exported.sha256
    assert not schema_is_there(nova)
    with use_control():
        assert not WakeUp.objects.get(tenant=nova).enabled

    back = archiving.bring_back(done.tenant, by="tests")
    assert (back.uuid, back.state, back.archive) == (nova.uuid, "active", None)
    with use(back):
        assert User.objects.filter(role="owner").exists()
        with default_storage.open(LOGO) as file:
            assert file.read() == b"nova's"
    with use_control():
        assert WakeUp.objects.get(tenant=nova).enabled


def test_a_tenant_comes_back_with_more_files_than_its_plan_gives_by_now(
    nova, tmp_path
) -> None:
    done = archiving.archive(nova, output=tmp_path / "nova.tenantry", by="tests")
    with use_control():
        TenantQuota.objects.create(
            tenant=done.tenant, resource=Resource.STORAGE_BYTES, limit=3, hard=True
        )
    back = archiving.bring_back(done.tenant, by="tests")
    with use(back):
        assert quotas.use_of(Resource.STORAGE_BYTES).level == "over"
        with default_storage.open(LOGO) as file:
            assert file.read() == b"nova's"
        with pytest.raises(QuotaExceeded):
            default_storage.save("more.txt", ContentFile(b"more"))


def test_importing_the_file_of_an_archived_tenant_brings_it_back(
    nova, tmp_path
) -> None:
    path = tmp_path / "nova.tenantry"
    archiving.archive(nova, output=path, by="tests")
    assert into(path).pk == nova.pk


def test_an_export_that_fails_leaves_the_tenant_as_it_was(nova, tmp_path) -> None:
    with use(nova):
        default_storage.delete(LOGO)
    with pytest.raises(ApplicationError) as caught:
        archiving.archive(nova, output=tmp_path / "x", by="tests")
    assert caught.value.code == "file_missing"
    assert tenant(nova.slug).state == "active"
    assert schema_is_there(nova)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_verified_drops_nothing(nova, tmp_path, monkeypatch) -> None:
    real = archiving.export

    def damaging(*args, **kwargs):
        done = real(*args, **kwargs)
        body = bytearray(done.path.read_bytes())
        body[len(body) // 2] ^= 1
        done.path.write_bytes(body)
        return done

    monkeypatch.setattr(archiving, "export", damaging)
    with pytest.raises(ApplicationError) as caught:
        archiving.archive(nova, output=tmp_path / "x", by="tests")
    assert caught.value.code.startswith("archive_")
    assert tenant(nova.slug).state == "active"
    assert schema_is_there(nova)


def test_an_archive_whose_file_changed_does_not_come_back(nova, tmp_path) -> None:
    path = tmp_path / "nova.tenantry"
    done = archiving.archive(nova, output=path, by="tests")
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ApplicationError) as caught:
        archiving.bring_back(done.tenant, by="tests")
    assert caught.value.code == "archive_checksum"
    path.unlink()
    with pytest.raises(ApplicationError) as caught:
        archiving.bring_back(done.tenant, by="tests")
    assert caught.value.code == "archive_missing"
    assert tenant(nova.slug).state == "archived"


def test_what_a_killed_archiving_left_is_dropped_by_the_sweep(
    nova, tmp_path, monkeypatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_args: object) -> None:
        raise Killed

    monkeypatch.setattr(archiving, "drop", kill)
    with pytest.raises(Killed):
        archiving.archive(nova, output=tmp_path / "x", by="tests")
    assert schema_is_there(nova)
    monkeypatch.undo()
    with use_control():
        assert archiving.drop_left_over() == 1
    assert not schema_is_there(nova)
    assert Path(tenant(nova.slug).archive["path"]).is_file()


def test_one_that_cannot_come_back_stays_archived_and_leaves_nothing(
    nova, tmp_path, monkeypatch
) -> None:
    done = archiving.archive(nova, output=tmp_path / "x", by="tests")
    step = import_steps.BY_NAME["files"]

    def broken(run: ProvisioningRun) -> None:
        raise OSError("The disk is full.")

    monkeypatch.setitem(
        import_steps.BY_NAME, "files", Step("files", step.label, broken, step.back)
    )
    with pytest.raises(ApplicationError) as caught:
        archiving.bring_back(done.tenant, by="tests")
    assert caught.value.extra["cause"] == "OSError"
    assert tenant(nova.slug).state == "archived"
    assert tenant(nova.slug).archive["sha256"] == done.exported.sha256
    assert not schema_is_there(nova)
    monkeypatch.undo()
    assert archiving.bring_back(done.tenant, by="tests").state == "active"


def test_a_tenant_that_somebody_lets_work_meanwhile_is_not_dropped(
    nova, tmp_path, monkeypatch
) -> None:
    """What people wrote after the export would be nowhere."""
    verify = archiving.verify

    def slow(*args: Any) -> None:
        verify(*args)
        going_on.resume(tenant(nova.slug), reason="By another operator.", by="tests")

    monkeypatch.setattr(archiving, "verify", slow)
    with pytest.raises(MoveRefused):
        archiving.archive(nova, output=tmp_path / "x", by="tests")
    assert tenant(nova.slug).state == "active"
    assert schema_is_there(nova)
