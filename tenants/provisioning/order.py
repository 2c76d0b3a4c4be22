"""What is ordered, and what a seed step is told of it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from tenants.context import TenantInfo
from tenants.orders import check_email, check_locale, check_name, check_timezone
from tenants.slugs import check as check_slug


@dataclass(frozen=True, slots=True)
class ProvisioningRequest:
    """What a function of TENANT_PROVISIONING_STEPS gets, in the tenant's context.

    It may be called again after a failure, and must then find its own work done.
    """

    tenant: TenantInfo
    owner_email: str
    owner_name: str
    locale: str
    #: Whether the owner is invited by mail; else an operator hands the link over.
    mail: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """All that a run has to know, so that another process can finish it.

    `seed` names the functions to call instead of TENANT_PROVISIONING_STEPS.
    """

    slug: str
    name: str
    owner_email: str
    owner_name: str = ""
    locale: str = "en"
    timezone: str = "UTC"
    by: str = "system"
    mail: bool = True
    #: A plan's code; empty for that of the settings, if any.
    plan: str = ""
    seed: tuple[str, ...] | None = None

    @classmethod
    def checked(
        cls, *, seed: Iterable[str] | None = None, mail: bool = True, **values: str
    ) -> "Order":
        """Return an order whose every word is usable. Raises Invalid otherwise."""
        order = cls(seed=None if seed is None else tuple(seed), mail=mail, **values)
        return cls(
            slug=check_slug(order.slug),
            name=check_name(order.name),
            owner_email=check_email(order.owner_email),
            owner_name=order.owner_name and check_name(order.owner_name),
            locale=check_locale(order.locale),
            timezone=check_timezone(order.timezone),
            by=order.by,
            mail=order.mail,
            plan=order.plan,
            seed=order.seed,
        )

    def is_as(self, other: "Order") -> bool:
        """Tell whether both ask for the same, whoever does."""
        return replace(self, by="") == replace(other, by="")

    def as_json(self) -> dict[str, Any]:
        """Return the form in which a run keeps its order."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Order":
        """Return the order that a run keeps."""
        seed = values["seed"]
        return cls(**{**values, "seed": None if seed is None else tuple(seed)})
