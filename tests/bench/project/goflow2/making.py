"""Three human activities after one another, and the end that it makes by itself.

Forwarding to an activity without a push application raises TypeError in this version
(it looks for the members of `pull_roles` itself instead of its groups), so the second
and the third activity are pushed, to the requester, by its own push application.
"""

from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from goflow.workflow.models import Activity, Process, PushApplication, Transition
from steps.client import ACTIVITIES, names


def make(words: Sequence[str]) -> None:
    """Make the tables, the people and the process; it ships no migrations."""
    call_command("migrate", verbosity=0)
    call_command("migrate", run_syncdb=True, verbosity=0)
    User.objects.create(username=settings.WF_USER_AUTO)
    User.objects.bulk_create(User(username=name) for name in names())
    process = Process(title="three", description="", tenant_id=settings.TENANT)
    process.save()
    to_requester = PushApplication.objects.create(url="route_to_requester")
    chain = [
        Activity.objects.create(
            title=name,
            process=process,
            push_application=None if name == ACTIVITIES[0] else to_requester,
        )
        for name in ACTIVITIES
    ]
    for source, target in zip(chain, [*chain[1:], process.end], strict=True):
        Transition(process=process, input=source, output=target).save()
    process.begin = chain[0]
    process.save()
