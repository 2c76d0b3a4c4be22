"""PRT-4: a file of the previous release comes in, and is brought to this one."""

import json

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tenants import fleet
from tenants.context import TenantInfo, as_owner, use, use_control
from tenants.fleet import scripts, seeds
from tenants.models import SchemaTemplate, Tenant
from tenants.portability import catalog
from tenants.provisioning import provision
from tests.tenants.portability.conftest import entries, into, out, tenant

FORMER = ("workflow", "0002_changing_hands")


@pytest.fixture(scope="module")
def old(world) -> Tenant:
    """Return a tenant with the tables of a former release."""
    made = provision(
        slug="oldie", name="Oldie", owner_email="o@old.test", by="tests", seed=[]
    )
    with fleet.owned(info(made)):
        MigrationExecutor(connection).migrate([FORMER])
    return made


def info(made: Tenant) -> TenantInfo:
    with use_control():
        return made.info()


@pytest.fixture(scope="module")
def template(old) -> SchemaTemplate:
    """Keep the template of that release, as the fleet does."""
    with use_control():
        script = scripts.read([old.schema_name])[old.schema_name]
    with use(as_owner(old)):
        rows = list(seeds.written(script))
        migrations = catalog.migrations()
    with use_control():
        return SchemaTemplate.objects.create(
            revision="former", script=script, seeds=rows, migrations=migrations
        )


@pytest.fixture(scope="module")
def old_file(old, template, world):
    with use(old):
        Group.objects.create(name="Dinosaurs")
    out("oldie", world / "old.tenantry")
    return world / "old.tenantry"


def test_the_manifest_names_the_release(old_file) -> None:
    manifest = json.loads(entries(old_file)["manifest.json"])
    assert manifest["schema_rev"] == "former"
    assert list(FORMER) in manifest["migrations"]
    assert ["workflow", "0003_the_whole_engine"] not in manifest["migrations"]


@pytest.mark.parametrize("way", ["template", "migrations"])
def test_prt_4_a_file_of_a_former_release_is_brought_to_this_one(
    old_file, template, way
) -> None:
    if way == "migrations":
        with use_control():
            SchemaTemplate.objects.filter(pk=template.pk).delete()
    made = into(old_file, slug=f"from-{way}")
    with use(made):
        assert Group.objects.filter(name="Dinosaurs").exists()
    shapes = [info(one).schema_name for one in (made, tenant("globex"))]
    with use_control():
        one, other = scripts.fingerprints(shapes).values()
    assert one == other
    assert made.state == "active"
