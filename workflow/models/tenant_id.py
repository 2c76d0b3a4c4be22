"""The column that says whose row it is, in every table of the workflow."""

from typing import Any, TypeVar

from django.db import models

from workflow import tenancy
from workflow.errors import TenantMismatch

Row = TypeVar("Row", bound=models.Model)


class TenantIdField(models.CharField):  # type: ignore[type-arg]
    """Stamps a new row with the tenant of the context and refuses another one."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 100)
        kwargs.setdefault("editable", False)
        super().__init__(**kwargs)

    def pre_save(self, model_instance: models.Model, add: bool) -> str:  # noqa: ARG002, FBT001 - Django's signature
        """Return the tenant's id. Raises TenantMismatch on a foreign row."""
        tenant_id = tenancy.resolved()["tenant_id"] or ""
        given = getattr(model_instance, self.attname)
        if given and given != tenant_id:
            raise TenantMismatch
        setattr(model_instance, self.attname, tenant_id)
        return tenant_id

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """Return the value as it is written, also by `update` and from a fixture."""
        if isinstance(value, str) and value != tenancy.tenant_id():
            raise TenantMismatch
        return super().get_db_prep_save(value, connection)


class OwnRows(models.Manager[Row]):
    """Finds the rows stamped with the tenant of the context, and no others.

    The schema holds no others; this keeps out what a restore or a script put there.
    """

    def get_queryset(self) -> models.QuerySet[Row]:
        return tenancy.own(super().get_queryset())
