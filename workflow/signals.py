"""What host projects may listen to; no app of the platform does.

Each is sent after the commit, in the tenant, with the keyword arguments that are named
beside it. A receiver that fails is logged with its traceback and stops nobody.
"""

from typing import Final

from django.dispatch import Signal

process_started = Signal()  # instance, process, actor
process_published = Signal()  # process, actor
workitem_created = Signal()  # workitem, instance, actor
workitem_assigned = Signal()  # workitem, instance, actor
workitem_activated = Signal()  # workitem, instance, actor
workitem_completed = Signal()  # workitem, instance, actor
workitem_forwarded = Signal()  # workitem, instance, actor
workitem_blocked = Signal()  # workitem, instance, actor
workitem_fallout = Signal()  # workitem, instance, actor
transition_evaluated = Signal()  # workitem, instance, transition, result
transition_fired = Signal()  # workitem, instance, transition
sla_warned = Signal()  # workitem, instance
sla_breached = Signal()  # workitem, instance
instance_completed = Signal()  # instance, process, actor
instance_terminated = Signal()  # instance, process, actor
incident_opened = Signal()  # workitem, instance, actor
audit_event_created = Signal()  # event, instance

#: All of them by name.
ALL: Final = {
    name: value for name, value in globals().items() if isinstance(value, Signal)
}
