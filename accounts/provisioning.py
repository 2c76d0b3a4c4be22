"""What a new tenant needs from accounts: roles, branding, its first owner."""

from django.conf import settings
from django.db import transaction

from accounts import challenges, code_mails, people, roles
from accounts.addresses import clean_name
from accounts.errors import NameInvalid
from accounts.models import TenantBranding, User
from accounts.permissions import RESERVED_GROUPS
from tenants.provisioning import ProvisioningRequest


@transaction.atomic
def prepare(request: ProvisioningRequest) -> None:
    """Make groups, branding and owner in the new tenant; a second call changes nothing.

    The owner gets a mail with a link to set the password, unless the order says not to.
    """
    roles.ensure_groups(RESERVED_GROUPS - {"Superuser"})
    TenantBranding.objects.get_or_create(
        pk=1, defaults={"name": request.tenant.name, "language": request.locale}
    )
    if User.objects.filter(role=User.Role.OWNER).exists():
        return
    owner = _make_owner(request)
    if request.mail:
        code_mails.send_setup(owner, challenges.issue_setup_ticket(owner))


def _make_owner(request: ProvisioningRequest) -> User:
    first_name, last_name = _names(request.owner_name)
    return people.create_person(
        username=request.owner_email,
        email=request.owner_email,
        first_name=first_name,
        last_name=last_name,
        role=User.Role.OWNER,
        verified=False,
        language=request.locale,
    )


def _names(owner_name: str) -> tuple[str, str]:
    """Return first and last name; a name that cannot be one stops no provisioning."""
    try:
        first_name, _, last_name = clean_name(owner_name).partition(" ")
    except NameInvalid:
        return "", ""
    return first_name, last_name


def owner_entry() -> str:
    """Return the path at which the first owner of the entered tenant comes in.

    It carries a new single-use secret in its fragment until a password is set; from
    then on it is the sign-in page.
    """
    owner = User.objects.filter(role=User.Role.OWNER).order_by("id").first()
    if owner is None or owner.has_usable_password() or owner.deactivated_at:
        return str(settings.LOGIN_URL)
    return code_mails.setup_path(challenges.issue_setup_ticket(owner))
