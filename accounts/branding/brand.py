"""The brand of the entered tenant, with all fallbacks applied."""

import hashlib
from dataclasses import dataclass

from accounts import conf, zones
from accounts.branding import logos, palette
from accounts.branding.palette import Chosen, Palette, Shades
from accounts.models import TenantBranding
from tenants import context
from tenants.context import TenantInfo

PRODUCT = "Tenantry"
PRODUCT_COLOUR = "#3d56c5"


@dataclass(frozen=True)
class Brand:
    """What pages and mails of one tenant show; every value is filled in.

    A logo is the path of its picture on the tenant's site, empty where there is none.
    """

    name: str
    palette: Palette
    logo: str
    logo_dark: str
    sender_name: str
    reply_to: tuple[str, ...]
    footer: str
    language: str
    time_zone: str
    mail_enabled: bool

    @property
    def light(self) -> Shades:
        return self.palette.light

    @property
    def dark(self) -> Shades:
        return self.palette.dark

    @property
    def initial(self) -> str:
        return self.name[:1].upper()

    @property
    def version(self) -> str:
        """A short hash of what the style sheet shows, for its address."""
        return hashlib.sha256(repr(self.palette).encode()).hexdigest()[:12]


def current() -> Brand:
    """Return the brand of the entered tenant, in control the product's; one query."""
    return of(TenantBranding.objects.filter(pk=1).first() or TenantBranding())


def of(row: TenantBranding) -> Brand:
    """Return the brand that a row makes in the entered context."""
    name = row.name or fallback_name()
    return Brand(
        name=name,
        palette=palette.made(chosen(row), product=PRODUCT_COLOUR),
        logo=logos.path_of(row.logo),
        logo_dark=logos.path_of(row.logo_dark),
        sender_name=row.sender_name or row.name or conf.current().from_name or name,
        reply_to=tuple(row.reply_to),
        footer=row.footer,
        language=row.language or _tenant_language(),
        time_zone=zones.or_utc(row.time_zone or _tenant_zone()),
        mail_enabled=row.mail_enabled,
    )


def chosen(row: TenantBranding) -> Chosen:
    return Chosen(row.primary, row.on_primary, row.accent, row.background, row.text)


def fallback_name() -> str:
    """Return the name of a brand that has none of its own."""
    return _tenant_name() or conf.current().company_name or PRODUCT


def _tenant_name() -> str:
    found = context.current()
    return found.name if isinstance(found, TenantInfo) else ""


def _tenant_language() -> str:
    found = context.current()
    return found.locale if isinstance(found, TenantInfo) else ""


def _tenant_zone() -> str:
    found = context.current()
    return found.timezone if isinstance(found, TenantInfo) else ""
