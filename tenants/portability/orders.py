"""What an import is to make, decided before anything is written."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from kernel.errors import Invalid
from tenants import slugs
from tenants.context import use_control
from tenants.errors import SlugTaken, TenantUnknown
from tenants.life import slug_holds
from tenants.models import Tenant
from tenants.orders import check_locale, check_name, check_timezone
from tenants.portability import expected
from tenants.portability.errors import (
    ArchiveChecksum,
    ArchiveOfAnother,
    SwapRefused,
    UuidTaken,
)
from tenants.portability.manifest import ControlPart, Manifest
from tenants.portability.policies import Keep
from tenants.portability.progress import SILENT, Said
from tenants.portability.reading import opened
from tenants.portability.signature import public_keys
from tenants.portability.writing import sha256_of
from tenants.states import WITH_SCHEMA, State

WIDTH: tuple[Keep, ...] = (Keep.DATA, Keep.RESTORED, Keep.ALL)


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """All that an import has to know, so that another process can finish it.

    `agrees` says that plan and limits of the archive are believed, `restores` that the
    tenant is there and archived; `live` is the uuid of the tenant beside which a shadow
    is made.
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
    agrees: bool = False
    anonymised: bool = False
    restores: bool = False
    live: str = ""
    #: How a moved tenant stood; every other becomes active.
    state: str = State.ACTIVE.value
    trial_ends_at: str = ""

    @property
    def trial_end(self) -> datetime | None:
        at = self.trial_ends_at
        return datetime.fromisoformat(at) if at else None

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
    #: The file was just written by us.
    is_ours: bool = False


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
        expected.require_recorded(archive)
        control = archive.control()
        values: dict[str, Any] = {
            "file": str(path.resolve()),
            "seal": archive.seal,
            "name": check_name(manifest.tenant.name),
            "locale": known_or(check_locale, manifest.tenant.locale, "en"),
            "timezone": known_or(check_timezone, manifest.tenant.timezone, "UTC"),
            "plan": manifest.tenant.plan,
            "former": str(manifest.tenant.uuid),
            "agrees": wish.is_ours or bool(archive.is_signed and public_keys()),
            "anonymised": manifest.anonymised,
            "by": by,
        }
    with use_control():
        chosen = target(manifest, wish)
        if chosen.get("restores"):
            require_written(path, tenant_of(manifest.tenant.uuid))
        elif wish.keeps_credentials:
            chosen |= standing_of(control)
    return ImportOrder(**values, **chosen), manifest


def standing_of(control: ControlPart) -> dict[str, str]:
    """Return how a tenant that is moved stood."""
    ends = control.trial_ends_at
    return {
        "state": control.state.value,
        "trial_ends_at": ends.isoformat() if ends else "",
    }


def require_written(path: Path, archived: Tenant) -> None:
    """Require the very file that an archived tenant was written to.

    Any file may say that it is of this tenant, and what comes back has its people, its
    credentials and its address. Raises ArchiveChecksum.
    """
    known = (archived.archive or {}).get("sha256")
    if known is None or known != sha256_of(path):
        raise ArchiveChecksum(
            f"This is not the file that {archived} was archived to;"
            " import it under another slug, with --as."
        )


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
    require_live(live)
    return {
        "uuid": str(uuid4()),
        "slug": free_slug(live.slug),
        "keep": narrower(manifest.policy, Keep.RESTORED),
        "live": str(live.uuid),
    }


def require_live(tenant: Tenant) -> None:
    """Require a tenant that a shadow may stand beside. Raises SwapRefused.

    Beside one that is being deleted, or was, its data would outlive the certificate.
    """
    if tenant.shadow_of_id is not None:
        raise SwapRefused("A shadow has no shadow.")
    if tenant.state not in WITH_SCHEMA - {State.DELETING}:
        raise SwapRefused(f"{tenant} is {tenant.state}, so this is refused.")


def narrower(one: Keep, other: Keep) -> str:
    """Return what is left where one takes no more than the other gives."""
    return min(one, other, key=WIDTH.index).value


def free_slug(slug: str) -> str:
    """Return a slug for a shadow; no host leads to it."""
    for number in range(1, 100):
        tail = "-shadow" if number == 1 else f"-shadow-{number}"
        found = slug[: slugs.LONGEST - len(tail)].rstrip("-") + tail
        is_taken = Tenant.objects.filter(slug=found).exists()
        if not is_taken and not slug_holds.is_held(found):
            return found
    raise SlugTaken("There are too many shadows of this tenant.")


def require_free(slug: str, uuid: UUID) -> None:
    """Require that nobody has the slug, or has to be waited for. Raises SlugTaken."""
    if Tenant.objects.filter(slug=slug).exists():
        raise SlugTaken
    slug_holds.require_free(slug, tenant=uuid)


def tenant_of(uuid: UUID) -> Tenant:
    """Return a tenant's row. Raises TenantUnknown."""
    found: Tenant | None = Tenant.objects.filter(uuid=uuid).first()
    if found is None:
        raise TenantUnknown
    return found
