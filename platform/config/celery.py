"""The Celery app: every task enters a tenant or is declared `control`."""

from celery import Celery

from config.environment import choose_settings

choose_settings()

app = Celery("tenantry", task_cls="tenants.celery:TenantTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
