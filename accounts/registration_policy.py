"""Who may register by themselves: everybody, some domains, or nobody."""

from dataclasses import dataclass

import idna

from accounts import conf
from accounts.errors import RegistrationClosed
from accounts.models import TenantBranding
from accounts.models.branding import RegistrationPolicy


@dataclass(frozen=True)
class Policy:
    """What holds in the entered tenant."""

    word: str
    domains: tuple[str, ...] = ()

    @property
    def is_closed(self) -> bool:
        return self.word == RegistrationPolicy.INVITE_ONLY

    def admits(self, email_norm: str) -> bool:
        """Tell whether an address in its compared form may register."""
        if self.word == RegistrationPolicy.DOMAINS:
            return email_norm.rpartition("@")[2] in self.domains
        return not self.is_closed

    def require(self, email_norm: str) -> None:
        """Raise RegistrationClosed unless the address may register."""
        if not self.admits(email_norm):
            raise RegistrationClosed


def current() -> Policy:
    """Return the tenant's policy, else the platform's; one query."""
    row = TenantBranding.objects.filter(pk=1).first() or TenantBranding()
    word = row.registration_policy or conf.current().registration_policy
    return Policy(word, tuple(_ascii(domain) for domain in row.registration_domains))


def _ascii(domain: str) -> str:
    """Return a domain as it stands in an address's compared form."""
    typed = domain.strip().lower().lstrip("@")
    try:
        return idna.encode(typed, uts46=True).decode()
    except idna.IDNAError:
        return typed
