"""Where the parts of a process stand in its drawing."""

from django.db import models

from kernel import clock
from workflow.models.process import Process
from workflow.models.tenant_id import OwnRows, TenantIdField


class WorkflowLayout(models.Model):
    """The drawing of one version: positions by the keys of its activities."""

    tenant_id = TenantIdField()
    process = models.OneToOneField(
        Process, on_delete=models.CASCADE, related_name="drawing"
    )
    layout = models.JSONField(default=dict)
    updated_at = models.DateTimeField(default=clock.now)

    objects = OwnRows["WorkflowLayout"]()

    def __str__(self) -> str:
        return str(self.process)
