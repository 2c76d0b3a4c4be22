"""Who is compared: the same 45 tables in 20 migrations, and the whole product."""

from typing import Final

from tests.bench import environments
from tests.bench.environments import ALIKE
from tests.bench.peers import HERE, Peer

OURS: Final = Peer("ours", "fleet_ours", HERE)
OURS_LATER: Final = Peer("ours, next release", "fleet_ours.later", HERE)
PRODUCT: Final = Peer("the product", "fleet_product", HERE)


def django_tenants() -> tuple[Peer, Peer]:
    """Return django-tenants and its next release, the environment made if need be."""
    python = environments.python_with("django-tenants", *ALIKE, "django-tenants")
    return (
        Peer("django-tenants", "fleet_customers", python),
        Peer("django-tenants, next release", "fleet_customers.later", python),
    )
