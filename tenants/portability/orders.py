"""What an import is to make, decided before anything is written."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from kernel.errors import Invalid
from tenants import holds, slugs
from tenants.context import use_control
from tenants.errors import SlugTaken, TenantUnknown
from tenants.models import Tenant
from tenants.orders import check_locale, check_name, check_timezone
from tenants.portability import expected
from tenants.portability.errors import ArchiveOfAnother, SwapRefused, UuidTaken
from tenants.portability.manifest import Manifest
from tenants.portability.policies import Keep
from tenants.portability.progress import SILENT, Said
from tenants.portability.reading import opened
from tenants.states import WITH_SCHEMA, State

WIDTH: tuple[Keep, ...] = (Keep.DATA, Keep.RESTORED, Keep.ALL)


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """All that an import has to know, so that another process can finish it.

    `restores` says that the tenant is there and archived; `live` is the uuid of the
    tenant beside which a shadow is made.
    """

    file: str
    seal: str
    uuid: str
    slug: str
    name: str
    locale: str
    timezone: str
    plan: str
    keep: str
    former: str
    by: str
    anonymised: bool = False
    restores: bool = False
    live: str = ""

    @property
    def rows_of(self) -> UUID:
        """Return whose the rows shall be: a shadow holds those of its live tenant."""
        return UUID(self.live or self.uuid)

    def as_json(self) -> dict[str, Any]:
        """Return the form in which a run keeps its order."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "ImportOrder":
        """Return the order that a run keeps."""
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: a new slug, or a shadow beside a tenant; or to go back."""

    slug: str = ""
    beside: Tenant | None = None
    keeps_credentials: bool = False


def decided(
    path: Path, wish: Wish, *, by: str, said: Said = SILENT
) -> tuple[ImportOrder, Manifest]:
    """Read the whole archive and return what an import of it would make.

    Raises an error of `tenants.portability.errors`, SlugInvalid or SlugTaken; nothing
    is written either way.
    """
    with opened(path) as archive:
        manifest = archive.manifest
        expected.require_known(manifest)
        archive.verify(said)
        values: dict[str, Any] = {
            "file": str(path.resolve()),
            "seal": archive.seal,
            "name": check_name(manifest.tenant.name),
            "locale": known_or(check_locale, manifest.tenant.locale, "en"),
            "timezone": known_or(check_timezone, manifest.tenant.timezone, "UTC"),
            "plan": manifest.tenant.plan,
            "former": str(manifest.tenant.uuid),
            "anonymised": manifest.anonymised,
            "by": by,
        }
    with use_control():
        return ImportOrder(**values, **target(manifest, wish)), manifest


def known_or(check: Callable[[str], str], value: str, other: str) -> str:
    """Return the value if this installation knows it, and the other one if not."""
    try:
        return check(value)
    except Invalid:
        return other


def target(manifest: Manifest, wish: Wish) -> dict[str, Any]:
    """Return the tenant that an import is for."""
    if wish.beside is not None:
        return shadow(manifest, wish.beside)
    known = Tenant.objects.filter(uuid=manifest.tenant.uuid).first()
    if known and not wish.slug and known.state == State.ARCHIVED:
        return {
            "uuid": str(known.uuid),
            "slug": known.slug,
            "keep": narrower(manifest.policy, Keep.ALL),
            "restores": True,
        }
    slug = slugs.check(wish.slug or manifest.tenant.slug)
    uuid = manifest.tenant.uuid if wish.keeps_credentials else uuid4()
    if wish.keeps_credentials and known:
        raise UuidTaken
    require_free(slug, uuid)
    keep = Keep.ALL if wish.keeps_credentials else Keep.DATA
    return {
        "uuid": str(uuid),
        "slug": slug,
        "keep": narrower(manifest.policy, keep),
    }


def shadow(manifest: Manifest, live: Tenant) -> dict[str, Any]:
    """Return a tenant beside the live one."""
    if manifest.tenant.uuid != live.uuid:
        raise ArchiveOfAnother
    if live.shadow_of_id is not None:
        raise SwapRefused("A shadow has no shadow.")
    if live.state not in WITH_SCHEMA - {State.DELETING}:
        raise SwapRefused(f"{live} is {live.state}, so this is refused.")
    return {
        "uuid": str(uuid4()),
        "slug": free_slug(live.slug),
        "keep": narrower(manifest.policy, Keep.RESTORED),
        "live": str(live.uuid),
    }


def narrower(one: Keep, other: Keep) -> str:
    """Return what is left where one takes no more than the other gives."""
    return min(one, other, key=WIDTH.index).value


def free_slug(slug: str) -> str:
    """Return a slug for a shadow; no host leads to it."""
    for number in range(1, 100):
        tail = "-shadow" if number == 1 else f"-shadow-{number}"
        found = slug[: slugs.LONGEST - len(tail)].rstrip("-") + tail
        if not Tenant.objects.filter(slug=found).exists():
            return found
    raise SlugTaken("There are too many shadows of this tenant.")


def require_free(slug: str, uuid: UUID) -> None:
    """Require that nobody has the slug, or has to be waited for. Raises SlugTaken."""
    if Tenant.objects.filter(slug=slug).exists():
        raise SlugTaken
    holds.require_free(slug, tenant=uuid)


def tenant_of(uuid: UUID) -> Tenant:
    """Return a tenant's row. Raises TenantUnknown."""
    found: Tenant | None = Tenant.objects.filter(uuid=uuid).first()
    if found is None:
        raise TenantUnknown
    return found
