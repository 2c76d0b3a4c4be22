"""Tenants full of rows, made once a module; these tests commit, and share."""

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as current
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import override_settings

from accounts.models import TenantBranding
from kernel import clock
from tenants.context import use, use_control
from tenants.models import Tenant
from tenants.portability.export import Exported, Taking, export
from tenants.portability.importing import run
from tenants.portability.orders import Wish, decided
from tests import databases, twins
from tests.isolation import story
from workflow import anchors

LOGO = "branding/logo-0123456789abcdef.png"


@pytest.fixture(scope="module")
def world(
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    """Fill acme with a row of everything; give all back when the module is done."""
    place = tmp_path_factory.mktemp("world")
    with (
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=place / "media", TENANTRY_DISPATCH="cron"),
    ):
        assert current.MEDIA_ROOT
        try:
            fill("acme")
            yield place
        finally:
            databases.restore()


def fill(slug: str) -> None:
    with use(twins.info(slug)):
        story.tell()
        name = default_storage.save(LOGO, ContentFile(b"a picture"))
        TenantBranding.objects.update(logo=name)
        with clock.frozen(clock.now() + 2 * anchors.SETTLED):
            anchors.anchor()


def tenant(slug: str) -> Tenant:
    with use_control():
        return Tenant.objects.get(slug=slug)


def out(slug: str, path: Path, **taking: Any) -> Exported:
    return export(tenant(slug), output=path, by="tests", taking=Taking(**taking))


def into(path: Path, **wish: Any) -> Tenant:
    order, _manifest = decided(path, Wish(**wish), by="tests")
    ended = run(order)
    with use_control():
        return Tenant.objects.get(uuid=ended.tenant_uuid)


def entries(path: Path, begin: str = "") -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {
            name: archive.read(name)
            for name in archive.namelist()
            if name.startswith(begin)
        }


Change = Callable[[dict[str, bytes]], object]


def changed(path: Path, target: Path, change: Change) -> Path:
    """Write another archive with other entries."""
    content = entries(path)
    change(content)
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in content.items():
            archive.writestr(name, body)
    target.write_bytes(memory.getvalue())
    return target


@pytest.fixture(scope="module")
def acme_file(world: Path) -> Path:
    """Return an archive of acme, whole."""
    path = world / "acme.tenantry"
    out("acme", path)
    return path
