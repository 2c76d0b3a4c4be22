"""Which tables a migration makes where: control plane, tenant, or both.

An operation for one of the planes of an app in both says so by a hint:
`migrations.RunSQL(..., hints={"plane": "control"})`.
"""

from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings

from tenants.context import CONTROL, current_or_none


@cache
def labels(plane: str) -> frozenset[str]:
    """Return the app labels of a plane: `control` or `tenant`."""
    names = settings.SHARED_APPS if plane == "control" else settings.TENANT_APPS
    listed = set(names)
    return frozenset(
        config.label
        for config in apps.get_app_configs()
        if {config.name, f"{config.__module__}.{type(config).__name__}"} & listed
    )


class PlaneRouter:
    """Allows a migration only in the planes that its app is listed for."""

    # Django asks for these at each query, and a missing one costs it an exception.
    def db_for_read(self, model: Any, **hints: Any) -> None:
        """Leave the choice of the database to Django; there is one."""

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:  # noqa: ARG002 - Django's signature
        """Allow what is of the present plane; None leaves it to others."""
        context = current_or_none()
        if context is None:
            # Only system checks ask from here: no migration runs without a context.
            return None
        plane = "control" if context is CONTROL else "tenant"
        is_of_plane = hints.get("plane", plane) == plane
        return None if is_of_plane and app_label in labels(plane) else False
