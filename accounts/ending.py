"""What the owners of a workspace do to have it deleted; the way back is in their mail.

It is closed in the control plane, after the tenant's own transaction: who asked stands
in the operators' book, and before that in the tenant's own events, which nobody can
write any more once it is closed.
"""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import events
from accounts.custom_domains import Actor
from accounts.errors import NotConfirmed
from tenants.context import current_tenant, use_control
from tenants.models import Tenant
from tenants.portability import purging

#: Only owners: nobody else may end what belongs to them.
ASK: Final = "tenant.manage"
REASON: Final = "Asked for by an owner."
WRONG: Final = _("Type the short name of this workspace, as in its address.")


def ask(*, slug: str, actor: Actor) -> datetime | None:
    """Close the entered tenant; return when it is deleted.

    Nothing of it can be read afterwards, and all its people are signed out.
    Raises NotConfirmed where `slug` is not its own, and MoveRefused.
    """
    tenant = current_tenant()
    if slug.strip() != tenant.slug:
        raise NotConfirmed(str(WRONG))
    with transaction.atomic():
        events.record(
            "workspace.deletion_asked",
            by=actor.user,
            via=actor.via,
            client=actor.client,
        )
    with use_control():
        row = Tenant.objects.get(uuid=tenant.uuid)
        return purging.ask(row, by=actor.in_the_book, reason=REASON).purge_after
