"""The Celery app: every task enters a tenant or is declared for the control plane."""

from typing import Any

from config.environment import choose_settings
from tenants.carrying.publishing import TenantCelery

choose_settings()

app = TenantCelery("tenantry")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def place_built_in_tasks(sender: Any, **_kwargs: Any) -> None:
    """Let beat, which works for no tenant, have old results removed."""
    sender.tasks["celery.backend_cleanup"].plane = "control"
