"""A person with an authenticator, as the tests of the second factor need one."""

from dataclasses import dataclass, field

import pyotp

from accounts import factors
from accounts.models import User
from kernel import clock
from tenants.context import TenantInfo, use


@dataclass
class Holder:
    """Somebody who holds an authenticator, read by another implementation than ours."""

    user: User
    tenant: TenantInfo
    secret: str
    saved: list[str] = field(default_factory=list)

    def code(self) -> str:
        return pyotp.TOTP(self.secret).at(int(clock.now().timestamp()))


def enrolled(user: User, tenant: TenantInfo) -> Holder:
    """Give the person an authenticator, and forget which step its proof used up."""
    with use(tenant):
        made = factors.enrol(user)
        holder = Holder(user, tenant, made.secret)
        holder.saved = factors.confirm(user, made.device.pk, holder.code())
        factors.confirmed(user).update(last_step=0)
        user.refresh_from_db()
    return holder
