"""The tenant that a person at a terminal means."""

import contextlib
from uuid import UUID

from django.db.models import Q, QuerySet

from kernel.text import storable
from tenants import hosts, lookup
from tenants.context import TenantInfo, use_control
from tenants.errors import TenantUnknown
from tenants.life import conduct
from tenants.management.ends import NOT_FOUND, REFUSED, fail
from tenants.models import Tenant
from tenants.states import State


def find(name: str) -> Tenant:
    """Return a tenant by slug, uuid or domain; needs the control context.

    Raises TenantUnknown.
    """
    tenant = candidates(name).prefetch_related("domains").first()
    if tenant is None:
        raise TenantUnknown(f"There is no tenant {name!r}.")
    return tenant


def url_of(info: TenantInfo) -> str | None:
    """Return where a tenant is; no host leads to a shadow, or to one that is gone."""
    if info.is_shadow or info.state == State.PURGED:
        return None
    return hosts.absolute_url("/", tenant=info)


def candidates(name: str) -> QuerySet[Tenant]:
    if not name or not storable(name):
        nobody: QuerySet[Tenant] = Tenant.objects.none()
        return nobody  # an empty slug is that of all who were purged
    wanted = Q(slug=name.lower())
    host = hosts.canonical_host(name)
    if host:
        wanted |= Q(domains__domain=host, domains__verified_at__isnull=False)
    uuid = uuid_of(name)
    if uuid is not None:
        wanted |= Q(uuid=uuid)
    tenants: QuerySet[Tenant] = Tenant.objects.filter(wanted).distinct()
    return tenants


def uuid_of(name: str) -> UUID | None:
    """Return the uuid that is written with its hyphens; None for anything else.

    Without them it may be a slug, which anybody chooses.
    """
    with contextlib.suppress(ValueError):
        uuid = UUID(name)
        return uuid if str(uuid) == name.lower() else None
    return None


def find_by_schema(name: str) -> Tenant:
    """Return a tenant by the name of its schema too, as django-tenants' commands take.

    The command ends with 3 where there is none; needs the control context.
    """
    found: Tenant | None = Tenant.objects.filter(schema_name=name).first()
    if found is not None:
        return found
    try:
        return find(name)
    except TenantUnknown as error:
        fail(error.detail, NOT_FOUND)


def served(name: str) -> TenantInfo:
    """Return a tenant for which a command may run; it ends with 3 or 4 otherwise.

    During a maintenance operators work; in a tenant whose payment is overdue the
    database lets a command read.
    """
    with use_control():
        try:
            tenant = find(name).info()
        except TenantUnknown as error:
            fail(error.detail, NOT_FOUND)
    if tenant.state not in conduct.OVERLAID:
        fail(f"{tenant.slug} is {tenant.state}, so nothing runs for it.", REFUSED)
    if tenant.migration_hold:
        fail(f"{tenant.slug} waits for a migration, so nothing runs for it.", REFUSED)
    return tenant


def all_served() -> list[TenantInfo]:
    """Return every tenant that works as usual, by slug."""
    with use_control():
        return lookup.infos(Tenant.objects.filter(conduct.working()).order_by("slug"))
