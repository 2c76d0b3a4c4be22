"""A copy of a tenant as another one: its data, never its credentials."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tenants import slugs
from tenants.context import use_control
from tenants.models import ProvisioningRun, Tenant
from tenants.portability.export import Taking, export
from tenants.portability.importing import run as run_import
from tenants.portability.manifest import SUFFIX
from tenants.portability.orders import Wish, decided, require_free
from tenants.portability.policies import Keep
from tenants.portability.progress import SILENT, Said


def clone(
    tenant: Tenant,
    slug: str,
    *,
    by: str,
    anonymised: bool = False,
    with_files: bool = True,
    said: Said = SILENT,
) -> ProvisioningRun:
    """Make a copy under a new slug and return its run.

    Credentials are left out while the original is read, so no file of this machine
    holds them for a moment. Raises SlugInvalid, SlugTaken, the errors of an export and
    those of an import.
    """
    with use_control():
        require_free(slugs.check(slug), tenant.uuid)
    taking = Taking(
        keep=Keep.DATA,
        # Names in pictures cannot be masked.
        with_files=with_files and not anonymised,
        anonymised=anonymised,
    )
    with TemporaryDirectory(prefix="tenantry-") as folder:
        path = Path(folder) / f"clone{SUFFIX}"
        export(tenant, output=path, by=by, taking=taking, said=said)
        order, _manifest = decided(
            path, Wish(slug=slug, is_ours=True), by=by, said=said
        )
        return run_import(order, kind=ProvisioningRun.Kind.CLONE)
