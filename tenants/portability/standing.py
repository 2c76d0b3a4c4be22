"""How a tenant stood when it was exported: a move keeps it, and nothing else does.

A copy begins as active, and so does what comes back from its archive. Anybody may
write a file, and no file gets more by its word than it would get without: active.
"""

from typing import Final

from django.db import transaction

from kernel import clock
from tenants.life import trials
from tenants.models import Tenant
from tenants.portability.orders import ImportOrder
from tenants.states import State, change_state

IMPORTED: Final = "Imported."
#: Where a moved tenant goes from active, and why; from elsewhere it stays active.
#: Nobody here was asked for a deletion, so one that was asked for there just stops it.
ONWARD: Final = {
    State.PAST_DUE: (State.PAST_DUE, "It was past due when it was exported."),
    State.SUSPENDED: (State.SUSPENDED, "It was suspended when it was exported."),
    State.DELETING: (State.SUSPENDED, "It was being deleted when it was exported."),
}


def open_as_ordered(tenant: Tenant, order: ImportOrder) -> None:
    """Open an imported tenant, in the state that its order keeps."""
    with transaction.atomic():
        if order.trial_ends_at:
            Tenant.objects.filter(pk=tenant.pk).update(trial_ends_at=order.trial_end)
        if order.state == State.TRIAL:
            open_trial(tenant, order)
            return
        change_state(tenant, State.ACTIVE, reason=IMPORTED, by=order.by)
        if order.state in ONWARD:
            to, reason = ONWARD[State(order.state)]
            change_state(tenant, to, reason=reason, by=order.by)


def open_trial(tenant: Tenant, order: ImportOrder) -> None:
    """Let a trial go on to its day; one whose day is over ends as every other does."""
    change_state(tenant, State.TRIAL, reason=IMPORTED, by=order.by)
    if order.trial_end is not None and order.trial_end <= clock.now():
        change_state(tenant, State.PAST_DUE, reason=trials.ENDED, by=order.by)
