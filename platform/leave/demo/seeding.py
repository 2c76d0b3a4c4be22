"""Make the demo's tenants; what is there already is left alone."""

from collections.abc import Callable

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.color import no_style
from django.db import connection, transaction

from accounts import operators, passwords
from accounts.models import User
from accounts.people import create_person
from kernel import clock
from leave.demo.cast import (
    ADMIN,
    OPERATOR,
    PASSWORD,
    PEOPLE,
    TENANTS,
    DemoPerson,
    DemoTenant,
)
from leave.demo.entrances import open_all
from leave.demo.stories import tell_all
from leave.models import LeaveRequest
from leave.processes import HR
from tenants.context import as_owner, current_tenant, use, use_control
from tenants.models import Tenant
from tenants.provisioning import provision
from workflow import samples
from workflow.models import Incident, ProcessInstance, WorkItem

Said = Callable[[str], object]


def seed(*, said: Said) -> None:
    """Make the operator, both tenants and all that is in them; say a line each.

    Raises CommandError anywhere but in development.
    """
    if not settings.DEVELOPMENT_MODE:
        raise CommandError("The demo's passwords are public: development only.")
    said(f"operator: {made(seed_operator())}")
    for tenant in TENANTS:
        said(f"{tenant.slug}: {made(seed_tenant(tenant))}")


def made(is_new: bool) -> str:  # noqa: FBT001 - reads as a sentence
    return "made" if is_new else "there already"


def seed_operator() -> bool:
    """Make the operator of the public host; return whether it was missing."""
    with use_control():
        if User.objects.filter(username_norm=OPERATOR).exists():
            return False
        operators.create(
            username=OPERATOR, email="operator@tenantry.test", password=PASSWORD
        )
    return True


def seed_tenant(demo: DemoTenant) -> bool:
    """Provision a tenant and fill it; return whether anything was missing."""
    tenant = provisioned(demo)
    with use(tenant):
        # One transaction holds it all, so the last thing made tells that all is there.
        if LeaveRequest.objects.exists():
            return False
        with transaction.atomic():
            count_from_one()
            people = {ADMIN: hire_admin(demo)}
            people |= {person.username: hire(person, demo) for person in PEOPLE}
            open_all(demo, by=people[ADMIN])
            tell_all(people.__getitem__)
            samples.install(by=people[ADMIN])
    return True


def count_from_one() -> None:
    """Give the first rows the numbers that the documents' examples name.

    A seeding that was interrupted has used numbers up and left no rows.
    Only the owner may turn a sequence back.
    """
    models = (LeaveRequest, ProcessInstance, WorkItem, Incident)
    with use(as_owner(current_tenant())), connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def provisioned(demo: DemoTenant) -> Tenant:
    """Return the tenant; a first call makes it, by the same way as a sign-up."""
    return provision(
        slug=demo.slug,
        name=demo.name,
        owner_email=demo.address(ADMIN),
        owner_name=f"Admin {demo.name}",
        key=demo.key,
        by="demo",
    )


def hire_admin(demo: DemoTenant) -> User:
    """Turn the owner that provisioning made into `admin` with the demo's password.

    HR is carol's here, so the admin leaves it.
    """
    admin: User = User.objects.get(email_norm=demo.address(ADMIN))
    admin.username = ADMIN
    admin.first_name, admin.last_name = "Admin", demo.name
    admin.is_active, admin.email_verified_at = True, clock.now()
    admin.normalise_names()
    admin.save()
    passwords.set_password(admin, passwords.hashed(PASSWORD))
    admin.groups.remove(*admin.groups.filter(name=HR))
    return admin


def hire(person: DemoPerson, demo: DemoTenant) -> User:
    return create_person(
        username=person.username,
        email=demo.address(person.username),
        first_name=person.username.capitalize(),
        last_name=demo.name,
        role=person.role,
        groups=person.groups,
        password=PASSWORD,
    )
