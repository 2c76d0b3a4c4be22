"""How many processes run: those that people started, without what these began."""

from workflow.models import ProcessInstance

Status = ProcessInstance.Status


def count() -> int:
    """Return the number, for TENANT_QUOTA_COUNTERS."""
    running = ProcessInstance.objects.filter(
        status__in=[Status.RUNNING, Status.SUSPENDED], parent_workitem=None
    )
    return int(running.count())
