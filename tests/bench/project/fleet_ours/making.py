from collections.abc import Sequence

from tenants.fleet import compile_template, migrate_control


def make(sites: Sequence[str]) -> None:
    """Make the control plane and the template, as a deployment does."""
    migrate_control()
    compile_template()
