"""The switches that turn one defence off in a test, so that the kit has to find it."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts import tokens
from tenants import context, files, sessions, signing
from tenants.context import TenantInfo
from workflow import tenancy


def claim_off(patch: pytest.MonkeyPatch) -> None:
    """Let an access token say of itself that it is this tenant's."""
    claims = tokens._claims

    def unclaimed(payload: dict[str, Any]) -> Any:
        here = {"tenant": str(context.context_uuid()), "gen": signing.generation()}
        return claims({**payload, **here})

    patch.setattr(tokens, "_claims", unclaimed)


def salts_off(patch: pytest.MonkeyPatch) -> None:
    """Sign and hash for all tenants alike."""
    patch.setattr(signing, "bound", lambda salt: salt)


def session_owner_off(patch: pytest.MonkeyPatch) -> None:
    """Believe any session, whoever's it says it is."""
    patch.setattr(
        sessions,
        "own",
        lambda payload: {k: v for k, v in payload.items() if k != sessions.OWNER},
    )


def file_host_off(patch: pytest.MonkeyPatch) -> None:
    """Sign the address of a file for every host alike."""
    patch.setattr(files, "host_in", lambda raw: "")


def rows_filter_off(patch: pytest.MonkeyPatch) -> None:
    """Show rows whoever's they say they are."""
    patch.setattr(tenancy, "filtered", lambda queryset, **_: queryset)
    patch.setattr(tenancy, "own", lambda queryset: queryset)


def instead(tenant: TenantInfo) -> Callable[..., TenantInfo]:
    """Return what answers with this tenant, whoever is asked for."""
    return lambda *args, **kwargs: tenant
