"""The tenants of the cast: acme and globex, alike to the last primary key and hash.

A leak between them shows in the contents and is not hidden by a number that the other
tenant does not have, nor by a hash that fits in one of them only.
"""

from dataclasses import dataclass

from django.conf import settings

from accounts.models import Challenge, User
from accounts.people import create_person
from tenants import lookup
from tenants.context import TenantInfo, use, use_control
from tenants.models import Tenant
from tenants.provisioning import provision

PASSWORD = "open"


@dataclass(frozen=True)
class Person:
    username: str
    role: str
    groups: tuple[str, ...] = ()


#: In the order of their primary keys, the same in both tenants.
CAST = (
    Person("admin", "admin"),
    Person("alice", "member", ("Employees",)),
    Person("bob", "member", ("Employees", "Managers")),
    Person("carol", "member", ("Employees", "HR")),
    Person("mallory", "member", ("Employees", "Managers", "HR")),
)


def build() -> None:
    """Provision both tenants for real and let the cast in."""
    for slug in ("acme", "globex"):
        provision(
            slug=slug,
            name=slug.capitalize(),
            owner_email=f"owner@{slug}.test",
            by="tests",
        )
        with use(info(slug)):
            for person in CAST:
                hire(person, slug)
    make_alike(info("acme"), info("globex"))


def hire(person: Person, slug: str) -> User:
    return create_person(
        username=person.username,
        email=f"{person.username}@{slug}.test",
        first_name=person.username.capitalize(),
        last_name=slug.capitalize(),
        role=person.role,
        groups=person.groups,
        password=PASSWORD,
    )


def make_alike(model: TenantInfo, twin: TenantInfo) -> None:
    """Give the twin what was drawn at random for the model: hashes and keys."""
    with use(model):
        passwords = dict(User.objects.values_list("pk", "password"))
        setup = Challenge.objects.get().pk
    with use(twin):
        for key, password in passwords.items():
            User.objects.filter(pk=key).update(password=password)
        Challenge.objects.update(id=setup)


def info(slug: str) -> TenantInfo:
    # Asked for in almost every test, and this is the cheapest way to ask.
    found = lookup.by_host(f"{slug}.{settings.TENANTRY_PLATFORM_DOMAIN}")
    if found is not None:
        return found
    with use_control():
        return Tenant.objects.get(slug=slug).info()
