"""The steps of each kind of run."""

from collections.abc import Mapping

from tenants.models import ProvisioningRun, ProvisioningStep
from tenants.provisioning import steps
from tenants.provisioning.steps import Step

Kind = ProvisioningRun.Kind


def act_of(run: ProvisioningRun, step: ProvisioningStep) -> Step:
    """Return what a recorded step does."""
    return by_name(Kind(run.kind))[step.name]


def by_name(kind: Kind) -> Mapping[str, Step]:
    """Return the steps of a kind of run."""
    # These build on provisioning, and so are not known while it is loaded.
    from tenants.portability import import_steps, purge_steps

    return {
        Kind.CREATE: steps.BY_NAME,
        Kind.IMPORT: import_steps.BY_NAME,
        Kind.CLONE: import_steps.BY_NAME,
        Kind.PURGE: purge_steps.BY_NAME,
    }[kind]
