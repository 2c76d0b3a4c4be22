"""Accounts of programs: no password, no address, and only what they were given.

A service account signs in nowhere; its API tokens come in for it, and die with it.
"""

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q

from accounts import api_tokens, events
from accounts.addresses import normalise_username
from accounts.api_tokens import SYSTEM, Door, checked_name
from accounts.errors import NameInvalid, NameTaken, PermissionUnknown
from accounts.models import User
from accounts.models.user import UserQuerySet
from accounts.permissions import RESERVED_GROUPS, SERVICE_PERMISSIONS
from kernel import clock
from kernel.errors import Forbidden, NotFound


def create(
    *,
    name: str,
    permissions: Iterable[str] = (),
    groups: Iterable[str] = (),
    by: User | None = None,
    door: Door = SYSTEM,
) -> User:
    """Return a new service account: role member, with these permissions and groups.

    Raises MissingFields, NameInvalid, NameTaken, PermissionUnknown for what cannot be
    given, and Forbidden for what the giver does not hold; `by=None` is trusted code.
    """
    _require_keeper(by)
    account = _new(checked_name(name))
    given, joined = _permissions(permissions, by=by), _groups(groups)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
            account.user_permissions.set(given)
            account.groups.set(joined)
            held = sorted(permission.codename for permission in given)
            _record(
                "service_account.created", account, by=by, door=door, permissions=held
            )
    except IntegrityError as error:
        if User.objects.filter(username_norm=account.username_norm).exists():
            raise NameTaken from error
        raise
    return account


def _new(name: str) -> User:
    if "@" in name:  # a name with it is somebody's address
        raise NameInvalid("A service account has no address: choose a name without @.")
    account = User(
        kind=User.Kind.SERVICE,
        username=name,
        is_active=True,
        password=make_password(None),
    )
    account.normalise_names()
    return account


def _permissions(names: Iterable[str], *, by: User | None) -> list[Permission]:
    wanted = set(names)
    if wanted - set(SERVICE_PERMISSIONS):
        raise PermissionUnknown
    if by is not None and not all(by.may(name) for name in wanted):
        raise Forbidden
    which = Q(pk__in=[])
    for name in wanted:
        app, _, codename = SERVICE_PERMISSIONS[name].partition(".")
        which |= Q(content_type__app_label=app, codename=codename)
    found = list(Permission.objects.filter(which))
    if len(found) != len(wanted):
        raise PermissionUnknown
    return found


def _groups(names: Iterable[str]) -> list[Group]:
    wanted = set(names)
    found = list(Group.objects.filter(name__in=wanted - RESERVED_GROUPS))
    if len(found) != len(wanted):
        raise PermissionUnknown
    return found


@transaction.atomic
def deactivate(account: User, *, by: User | None = None, door: Door = SYSTEM) -> int:
    """End a service account with all its tokens; return how many worked until now.

    A second time changes nothing. Raises Forbidden.
    """
    _require_keeper(by)
    locked = made_by_people().select_for_update().get(pk=account.pk)
    ended = api_tokens.revoke_all(locked, by=by, door=door)
    if locked.is_active:
        User.objects.filter(pk=locked.pk).update(
            is_active=False,
            deactivated_at=clock.now(),
            deactivated_by=by,
            token_version=F("token_version") + 1,
        )
        _record("service_account.deactivated", locked, by=by, door=door)
    return ended


def made_by_people() -> UserQuerySet:
    """Return the service accounts but for the engine's own, which nobody may end."""
    engine = normalise_username(getattr(settings, "WF_USER_AUTO", ""))
    made: UserQuerySet = User.objects.services().exclude(username_norm=engine)
    return made


def counted(rows: UserQuerySet) -> UserQuerySet:
    """Return the accounts with the number of their working tokens as `tokens`.

    The latest come first.
    """
    works = Q(
        api_tokens__revoked_at__isnull=True, api_tokens__expires_at__gt=clock.now()
    )
    return rows.annotate(tokens=Count("api_tokens", filter=works)).order_by("-pk")


def find(account_id: int, *, seen_by: User) -> User:
    """Return a service account, to those who care for all tokens.

    Raises NotFound to others, and for a person or nobody.
    """
    account: User | None = made_by_people().filter(pk=account_id).first()
    if account is None or not seen_by.may("tokens.manage_all"):
        raise NotFound
    return account


def _require_keeper(by: User | None) -> None:
    is_person = by is not None and by.kind == User.Kind.PERSON
    if by is not None and not (is_person and by.may("tokens.manage_all")):
        raise Forbidden


def _record(
    name: str, account: User, *, by: User | None, door: Door, **details: object
) -> None:
    events.record(
        name,
        subject=account,
        by=by,
        via=door.via,
        client=door.client,
        details={"account": account.username, **details},
    )
