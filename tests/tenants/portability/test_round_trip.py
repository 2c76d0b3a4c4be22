"""What goes out comes in again: every table, every sequence, every file."""

import json

import pytest
from django.core.files.storage import default_storage

from accounts.models import ApiToken, MailMessage, MfaDevice, User
from tenants.context import use, use_control
from tenants.models import Domain, Tenant
from tests.tenants.portability.conftest import LOGO, entries, into, out, tenant
from workflow import verification
from workflow.models import AuditEvent, ProcessInstance

NOBODY = "00000000-0000-4000-8000-000000000001"


@pytest.fixture(scope="module")
def copy(acme_file):
    return into(acme_file, slug="acme-copy")


@pytest.fixture(scope="module")
def moved(world, acme_file):
    """Return acme as another installation would get it: it is gone here."""
    with use_control():
        row = tenant("acme")
        Domain.objects.filter(tenant=row).delete()
        # As if it had never been here: another uuid, and the slug is free.
        Tenant.objects.filter(pk=row.pk).update(
            slug="former", uuid=NOBODY, storage_prefix=NOBODY
        )
    return into(acme_file, keeps_credentials=True)


def test_the_manifest_tells_all_that_is_inside(acme_file) -> None:
    manifest = json.loads(entries(acme_file)["manifest.json"])
    assert manifest["format"] == "tenantry"
    assert manifest["tenant"]["slug"] == "acme"
    assert [file["name"] for file in manifest["files"]] == [LOGO]
    assert len(manifest["tables"]) == len(entries(acme_file, "data/"))


def test_prt_6_a_copy_has_all_data_and_no_credentials(copy) -> None:
    assert copy.state == "active"
    with use(copy):
        assert ProcessInstance.objects.count() == 3
        assert not ApiToken.objects.exists()
        assert not MfaDevice.objects.exists()
        assert not User.objects.exclude(password="!").exists()
        with default_storage.open(LOGO) as file:
            assert file.read() == b"a picture"
        # The owner is invited to choose a password; nothing else waits to be sent.
        (mail,) = MailMessage.objects.all()
        assert "setup" in mail.template


def test_prt_6_the_audit_trail_of_a_copy_is_sealed_anew_and_says_so(copy) -> None:
    with use(copy):
        report = verification.verify()
        event = AuditEvent.objects.get(action="audit.copied")
        assert report.findings == []
        assert report.anchors == 1
        assert event.metadata["from"] == str(tenant("acme").uuid)
        assert event.metadata["unfit"] == 0


def test_exported_again_a_moved_tenant_is_the_same_to_the_last_byte(
    world, acme_file, moved
) -> None:
    assert (
        str(moved.uuid)
        == json.loads(entries(acme_file)["manifest.json"])["tenant"]["uuid"]
    )
    again = world / "again.tenantry"
    out("acme", again)
    before, after = entries(acme_file), entries(again)
    for name in ("sequences.json", *entries(acme_file, "data/")):
        assert before[name] == after[name], name
    assert entries(acme_file, "files/") == entries(again, "files/")
