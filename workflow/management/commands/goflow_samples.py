"""`manage.py goflow_samples`: install the sample processes, where they are wanted."""

from typing import Any

from tenants.context import TenantInfo
from tenants.management.over_tenants import InEachTenant
from workflow import samples


class Command(InEachTenant):
    """Installs what is not there yet; exit codes are those of `OverTenants`."""

    help = "Publish `Sample process` and `test parallel workflow`; twice is once."

    def in_tenant(self, tenant: TenantInfo, **options: Any) -> dict[str, Any]:  # noqa: ARG002 - the base's signature
        """Publish what is not there yet."""
        return {"processes": [process.title for process in samples.install()]}

    def lines(self, facts: dict[str, Any]) -> list[str]:
        return [f"{title} is published." for title in facts["processes"]]
