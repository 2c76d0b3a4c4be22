"""The group of those who may start a process, made with it and named as its title.

Only with GOFLOW_AUTO_CREATE_PROCESS_GROUPS, and only for processes that people design:
an app says in its data who may start what it installs.
"""

from typing import Final

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from accounts.permissions import RESERVED_GROUPS
from workflow import conf
from workflow.errors import ProcessInvalid
from workflow.models import Activity, Process

MOST_NAMESAKES: Final = 50


def make(process: Process) -> None:
    """Give a new draft the group of those who may start it, named as its title.

    Versions of one code share it. A group that is there for something else is neither
    opened nor given a right: the new one gets a number after its name then.
    """
    if not conf.value("GOFLOW_AUTO_CREATE_PROCESS_GROUPS"):
        return
    # The groups of roles follow the role of a person and nothing else.
    if process.title in RESERVED_GROUPS:
        return
    process.start_groups.add(_group_for(process))


def follow(process: Process, *, before: str) -> None:
    """Rename the group of a process whose title was another one before.

    Whoever was in it still is. A group that nobody made here, or that anything else
    uses, keeps its name, and so it does where the new name is taken.
    """
    if not conf.value("GOFLOW_AUTO_CREATE_PROCESS_GROUPS") or process.title == before:
        return
    called = process.start_groups.filter(name__in=names(before)).order_by("pk")
    group = next((one for one in called if _is_of(one, process.code)), None)
    if group is not None and not Group.objects.filter(name=process.title).exists():
        group.name = process.title
        group.save(update_fields=["name"])


def names(title: str) -> list[str]:
    """Return how the group of a title may be called, the first that is free."""
    return [title, *(f"{title} ({number})" for number in range(2, MOST_NAMESAKES + 1))]


def unused(title: str) -> Group:
    """Return a new group for a title, with no rights. Raises ProcessInvalid."""
    for name in names(title):
        group, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            return group
    raise _too_many(title)


def is_shared(group: Group, code: str) -> bool:
    """Tell whether an activity, or a process of another code, names a group."""
    named = Q(roles=group) | Q(allowed_groups=group) | Q(sla_roles=group)
    others = Process.objects.filter(start_groups=group).exclude(code=code)
    return Activity.objects.filter(named).exists() or others.exists()


def _too_many(title: str) -> ProcessInvalid:
    return ProcessInvalid(f"There are too many groups named {title!r}.")


def _group_for(process: Process) -> Group:
    """Return a new group, or the one of the other versions. Raises ProcessInvalid."""
    for name in names(process.title):
        group, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            group.permissions.add(_right())
        if is_new or _is_of(group, process.code):
            return group
    raise _too_many(process.title)


def _is_of(group: Group, code: str) -> bool:
    """Tell whether a group was made here for a code, and serves nothing else.

    Nobody else gives the right to start to a group. One that no process names any more
    is of whoever takes its name, unless people are left in it.
    """
    if group.name in RESERVED_GROUPS or is_shared(group, code):
        return False
    if [right.pk for right in group.permissions.all()] != [_right().pk]:
        return False
    is_named = Process.objects.filter(start_groups=group, code=code).exists()
    return is_named or not group.user_set.exists()


def _right() -> Permission:
    return Permission.objects.get(
        content_type__app_label="workflow", codename="can_instantiate"
    )
