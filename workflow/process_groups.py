"""The group of those who may start a process, made with it and named as its title.

Only with GOFLOW_AUTO_CREATE_PROCESS_GROUPS, and only for processes that people design:
an app says in its data who may start what it installs.
"""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from accounts.permissions import RESERVED_GROUPS
from workflow import conf
from workflow.models import Activity, Process


def make(process: Process) -> None:
    """Let the members of a group with the title's name start a new draft."""
    if not conf.value("GOFLOW_AUTO_CREATE_PROCESS_GROUPS"):
        return
    # The groups of roles follow the role of a person and nothing else.
    if process.title in RESERVED_GROUPS:
        return
    group, _ = Group.objects.get_or_create(name=process.title)
    group.permissions.add(
        Permission.objects.get(
            content_type__app_label="workflow", codename="can_instantiate"
        )
    )
    process.start_groups.add(group)


def follow(process: Process, *, before: str) -> None:
    """Rename the group of a process whose title was another one before.

    Whoever was in it still is. A group that anything else uses keeps its name, and so
    it does where the new name is taken.
    """
    if not conf.value("GOFLOW_AUTO_CREATE_PROCESS_GROUPS") or process.title == before:
        return
    group = process.start_groups.filter(name=before).first()
    if group is None or before in RESERVED_GROUPS or _is_shared(group, process.code):
        return
    if not Group.objects.filter(name=process.title).exists():
        group.name = process.title
        group.save(update_fields=["name"])


def _is_shared(group: Group, code: str) -> bool:
    named = Q(roles=group) | Q(allowed_groups=group) | Q(sla_roles=group)
    others = Process.objects.filter(start_groups=group).exclude(code=code)
    return Activity.objects.filter(named).exists() or others.exists()
