"""An import that dies anywhere is finished by the tick, or undone to the last role."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from kernel import clock
from kernel.errors import ApplicationError
from tenants.context import use, use_control
from tenants.models import ProvisioningRun, Tenant
from tenants.portability import import_steps
from tenants.portability.importing import run
from tenants.portability.orders import Wish, decided
from tenants.provisioning import resume_due, saga
from tenants.provisioning.steps import Step
from tests.tenants.portability.conftest import LOGO, changed
from tests.tenants.portability.test_refusals import left_behind, with_manifest


class Killed(BaseException):
    """The process dies here."""


def killed_after(name: str, path, slug: str, monkeypatch) -> ProvisioningRun:
    """Import, and die when a step is done, before that is written down."""
    step = import_steps.BY_NAME[name]

    def deadly(run: ProvisioningRun) -> None:
        step.forward(run)
        raise Killed

    order, _manifest = decided(path, Wish(slug=slug), by="tests")
    with monkeypatch.context() as patch:
        patch.setitem(import_steps.BY_NAME, name, Step(name, step.label, deadly))
        with pytest.raises(Killed):
            run(order)
    with use_control():
        return ProvisioningRun.objects.get(slug=slug)


@pytest.mark.parametrize(
    "name", ["reserve", "schema", "load", "files", "rebind", "activate"]
)
def test_an_import_that_was_killed_is_finished_by_the_tick(
    acme_file, monkeypatch, name
) -> None:
    slug = f"killed-{name}"
    killed_after(name, acme_file, slug, monkeypatch)
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        assert resume_due() == 1
    with use_control():
        made = Tenant.objects.get(slug=slug)
    assert made.state == "active"
    with use(made), default_storage.open(LOGO) as file:
        assert file.read() == b"a picture"


@pytest.mark.parametrize("name", ["reserve", "schema", "load", "files"])
def test_one_whose_file_is_gone_is_undone(
    acme_file, tmp_path, monkeypatch, name
) -> None:
    before = left_behind()
    path = tmp_path / "x.tenantry"
    path.write_bytes(acme_file.read_bytes())
    run = killed_after(name, path, f"lost-{name}", monkeypatch)
    path.unlink()
    with use_control():
        role = Tenant.objects.get(uuid=run.tenant_uuid).db_role
    assert left_behind() != before
    assert saga.drive(run.pk, pauses=()).state == "failed"
    assert left_behind() == before
    with use_control(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regrole(%s)", [role])
        assert cursor.fetchone() == (None,)


def test_an_archive_that_changes_after_it_was_looked_at_is_refused(
    acme_file, tmp_path
) -> None:
    before = left_behind()
    path = tmp_path / "x.tenantry"
    path.write_bytes(acme_file.read_bytes())
    order, _manifest = decided(path, Wish(slug="switched"), by="tests")
    changed(acme_file, path, with_manifest(lambda m: m.update(product="other")))
    with pytest.raises(ApplicationError) as caught:
        run(order)
    assert caught.value.extra["cause"] == "archive_checksum"
    assert left_behind() == before
