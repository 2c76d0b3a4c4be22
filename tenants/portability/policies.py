"""What each table of a tenant holds: data, credentials, or what is soon forgotten.

    POLICIES = Policies(
        {
            "accounts.User": data(secrets={"password": "!"}, masks={"email": mail}),
            "accounts.ApiToken": CREDENTIAL,
            "sessions.Session": EPHEMERAL,
        },
        settle=invite_owners,
    )

Each app names its own in TENANT_EXPORT_POLICIES. A model of a tenant's plane that
nobody declares is an error of `manage.py check`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils.module_loading import import_string

from tenants.context import TenantInfo
from tenants.db.router import labels

#: From a value and the primary key of its row to what stands there instead.
Mask = Callable[[str, str], str]


class Kind(StrEnum):
    """What the rows of a table are."""

    DATA = "data"
    #: Hashes, tokens, secrets: only a moved or restored tenant has them again.
    CREDENTIAL = "credential"
    #: Of this hour: only a moved tenant goes on with them.
    EPHEMERAL = "ephemeral"


class Keep(StrEnum):
    """Which tables an export or an import carries, from all to data alone."""

    ALL = "all"
    RESTORED = "restored"
    DATA = "data"

    @property
    def kinds(self) -> frozenset[Kind]:
        return KEPT[self]

    @property
    def has_credentials(self) -> bool:
        return Kind.CREDENTIAL in self.kinds


KEPT: Final[dict[Keep, frozenset[Kind]]] = {
    Keep.ALL: frozenset(Kind),
    Keep.RESTORED: frozenset({Kind.DATA, Kind.CREDENTIAL}),
    Keep.DATA: frozenset({Kind.DATA}),
}


@dataclass(frozen=True)
class Policy:
    """What one table holds.

    `secrets` are columns of credentials with what stands there without them, `bound`
    columns that hold the tenant's uuid, `files` columns that name stored files, and
    `masks` are for a clone that is to name nobody.
    """

    kind: Kind
    secrets: Mapping[str, str | None] = field(default_factory=dict)
    bound: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    masks: Mapping[str, Mask] = field(default_factory=dict)


def data(**columns: Any) -> Policy:
    """Return the policy of a table that goes along everywhere."""
    return Policy(Kind.DATA, **columns)


CREDENTIAL: Final = Policy(Kind.CREDENTIAL)
EPHEMERAL: Final = Policy(Kind.EPHEMERAL)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a function of an app is told after its tables were filled."""

    tenant: TenantInfo
    former: UUID
    keep: Keep
    anonymised: bool
    by: str


After = Callable[[Imported], None]


@dataclass(frozen=True)
class Policies:
    """What one app declares.

    `rebind` is called as the owner of the tables where the tenant got another uuid,
    `settle` likewise after each import; both may be called again.
    """

    models: Mapping[str, Policy]
    rebind: After | None = None
    settle: After | None = None


def declared() -> list[Policies]:
    """Return what the apps declare, in the order of the setting."""
    return [import_string(name) for name in settings.TENANT_EXPORT_POLICIES]


def by_model() -> dict[str, Policy]:
    """Return the policy of each declared model, by its label."""
    return {label: policy for one in declared() for label, policy in one.models.items()}


def tenant_models() -> Iterator[type[models.Model]]:
    """Yield each model that has a table in a tenant's schema."""
    for model in apps.get_models(include_auto_created=True):
        meta = model._meta  # noqa: SLF001 - Django's public way to a model's options
        if meta.app_label in labels("tenant") and meta.managed and not meta.proxy:
            yield model


def by_table() -> dict[str, Policy]:
    """Return the policy of each table; the one between two models is the first's."""
    policies = by_model()
    found = {MIGRATIONS: Policy(Kind.DATA)}
    for model in tenant_models():
        meta = model._meta  # noqa: SLF001 - as above
        label = owner_label(model)
        found[meta.db_table] = with_files(model, policies.get(label, Policy(Kind.DATA)))
    return found


#: The table that tells which migrations ran; no model declares it.
MIGRATIONS: Final = "django_migrations"


def owner_label(model: type[models.Model]) -> str:
    """Return the label of the model that a table of relations belongs to."""
    made_by = model._meta.auto_created  # noqa: SLF001 - as above
    owner: Any = made_by or model
    return str(owner._meta.label)  # noqa: SLF001 - as above


def with_files(model: type[models.Model], policy: Policy) -> Policy:
    """Return the policy with the model's own columns for files."""
    own = tuple(
        str(column.column)
        for column in model._meta.local_fields  # noqa: SLF001 - as above
        if isinstance(column, models.FileField)
    )
    if model._meta.auto_created:  # noqa: SLF001 - as above
        return Policy(policy.kind)
    return Policy(
        policy.kind,
        secrets=policy.secrets,
        bound=policy.bound,
        files=tuple(dict.fromkeys((*policy.files, *own))),
        masks=policy.masks,
    )


def problems(found: Iterable[Policies]) -> Iterator[str]:
    """Yield what is wrong with what the apps declare, in words."""
    declared: dict[str, Policy] = {}
    for one in found:
        for label, policy in one.models.items():
            if label in declared:
                yield f"{label} is declared twice."
            declared[label] = policy
    models_there = {owner_label(model): model for model in tenant_models()}
    for label in sorted(set(models_there) | set(declared)):
        if label not in declared:
            yield f"{label} has no policy in TENANT_EXPORT_POLICIES."
        elif label not in models_there:
            yield f"{label} is declared, and no tenant has its table."
    for model in tenant_models():
        label = owner_label(model)
        if label in declared:
            yield from problems_of(model, declared, declared[label])


def problems_of(
    model: type[models.Model], declared: Mapping[str, Policy], policy: Policy
) -> Iterator[str]:
    """Yield columns that are not there, and rows that would point to nothing."""
    meta = model._meta  # noqa: SLF001 - Django's public way to a model's options
    if meta.auto_created:
        return
    columns = {column.column for column in meta.local_concrete_fields}
    named = {*policy.secrets, *policy.masks, *policy.bound, *policy.files}
    for column in sorted(named - columns):
        yield f"{meta.label} has no column {column!r}."
    for one in meta.local_concrete_fields:
        target: Any = one.remote_field and one.remote_field.model
        other = target and declared.get(owner_label(target))
        if other and not goes_with(policy.kind, other.kind):
            yield (
                f"{meta.label}.{one.name} points to {target._meta.label},"  # noqa: SLF001 - as above
                " which may be left behind."
            )


def goes_with(kind: Kind, other: Kind) -> bool:
    """Tell whether rows of the other kind are there wherever those of this one are."""
    return all(other in kept for kept in KEPT.values() if kind in kept)
