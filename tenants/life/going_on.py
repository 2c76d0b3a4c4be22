"""The moves that an operator makes, whichever way: by a verb or in the console."""

from typing import Final

from django.db import transaction

from tenants.context import use_control
from tenants.errors import MoveRefused
from tenants.life import conduct, maintenance
from tenants.models import Tenant
from tenants.states import State, change_state

#: From where `resume` leads to active; from deleting it leads back.
RESUMED: Final = frozenset({State.SUSPENDED, State.PAST_DUE})


@use_control()
def resume(tenant: Tenant, *, reason: str, by: str) -> Tenant:
    """Let a tenant work again, and return its row.

    From suspended and past due it becomes active, from being deleted what it was
    before; a maintenance ends. Raises MoveRefused where nothing of it is so.
    """
    with transaction.atomic():
        locked: Tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
        if locked.state == State.ARCHIVED:
            raise MoveRefused(
                f"{locked.slug} is archived: bring its archive back with"
                " `manage.py tenant import`."
            )
        was_worked_on = conduct.in_maintenance(locked)
        if was_worked_on:
            locked = maintenance.end(locked, by=by)
        if locked.state == State.DELETING:
            return call_off(locked, reason=reason, by=by)
        if was_worked_on and locked.state not in RESUMED:
            return locked
        if locked.state not in RESUMED:
            raise MoveRefused(f"{locked} is {locked.state}, so this is refused.")
        return change_state(locked, State.ACTIVE, reason=reason, by=by)


@use_control()
def call_off(tenant: Tenant, *, reason: str, by: str) -> Tenant:
    """Stop a deletion: the tenant is what it was before, and due work starts at once.

    Raises MoveRefused where it is not being deleted.
    """
    with transaction.atomic():
        locked: Tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
        if locked.state != State.DELETING or not locked.state_before:
            raise MoveRefused(f"{locked.slug} is not being deleted.")
        return change_state(locked, State(locked.state_before), reason=reason, by=by)
