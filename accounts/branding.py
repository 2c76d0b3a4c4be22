"""How the entered tenant looks: name, colours, sender, with all fallbacks applied."""

import hashlib
from dataclasses import dataclass

from accounts import colours, conf
from accounts.models import TenantBranding
from tenants import context
from tenants.context import TenantInfo

PRODUCT = "Tenantry"
PRODUCT_ACCENT = "#3d56c5"


@dataclass(frozen=True)
class Brand:
    """What pages and mails of one tenant show; every value is filled in."""

    name: str
    accent: str
    on_accent: str
    sender_name: str
    reply_to: tuple[str, ...]
    footer: str
    language: str
    time_zone: str
    mail_enabled: bool

    @property
    def initial(self) -> str:
        return self.name[:1].upper()

    @property
    def version(self) -> str:
        """A short hash of what the style sheet shows, for its address."""
        text = f"{self.accent}|{self.on_accent}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def current() -> Brand:
    """Return the brand of the entered tenant, in control the product's; one query."""
    row = TenantBranding.objects.filter(pk=1).first() or TenantBranding()
    accent, on_accent = colours.fill(row.accent or row.primary or PRODUCT_ACCENT)
    settings = conf.current()
    name = row.name or _tenant_name() or settings.company_name or PRODUCT
    return Brand(
        name=name,
        accent=accent,
        on_accent=on_accent,
        sender_name=row.sender_name or name,
        reply_to=tuple(row.reply_to),
        footer=row.footer,
        language=row.language or _tenant_language(),
        time_zone=row.time_zone or _tenant_zone(),
        mail_enabled=row.mail_enabled,
    )


def _tenant_name() -> str:
    found = context.current()
    return found.name if isinstance(found, TenantInfo) else ""


def _tenant_language() -> str:
    found = context.current()
    return found.locale if isinstance(found, TenantInfo) else ""


def _tenant_zone() -> str:
    found = context.current()
    return found.timezone if isinstance(found, TenantInfo) else ""


def stylesheet() -> str:
    """Return the tenant's colours as custom properties."""
    brand = current()
    return f":root{{--accent:{brand.accent};--on-accent:{brand.on_accent}}}\n"
