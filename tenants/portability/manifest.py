"""What an archive says of itself: the manifest and its kin, as they stand in the file.

| Entry | Content |
|---|---|
| `manifest.json` | `Manifest` |
| `data/<table>.copy` | rows as `COPY ... TO STDOUT` writes them, in UTF-8 |
| `sequences.json` | where each sequence stands |
| `control.json` | `ControlPart` |
| `files/<name>` | stored files, by the names in the rows |
| `SHA256SUMS`, `SHA256SUMS.sig` | checksums of all entries, and their signature |
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from kernel.text import storable
from tenants.context import CONTROL_UUID
from tenants.portability.policies import Keep
from tenants.states import WITH_SCHEMA, State

FORMAT: Final = "tenantry"
VERSION: Final = 1
SUFFIX: Final = ".tenantry"
MANIFEST: Final = "manifest.json"
SEQUENCES: Final = "sequences.json"
CONTROL: Final = "control.json"
SUMS: Final = "SHA256SUMS"
SIGNATURE: Final = "SHA256SUMS.sig"
DATA: Final = "data/"
FILES: Final = "files/"
#: Of a day that somebody agreed on.
YEARS: Final = range(2000, 3000)
DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")

Name = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^\w+$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Amount = Annotated[int, Field(ge=0, le=2**63 - 1)]


def require_storable(text: str) -> str:
    """Return a text that PostgreSQL keeps. Raises ValueError."""
    if not storable(text):
        raise ValueError("This cannot be stored.")
    return text


def require_tenant(uuid: UUID) -> UUID:
    """Return a uuid that a tenant may have. Raises ValueError.

    The one of the control plane would give a tenant what is the operators' own.
    """
    if uuid == CONTROL_UUID:
        raise ValueError("This is no tenant's uuid.")
    return uuid


def require_data(state: State) -> State:
    """Return a state in which there is something to export. Raises ValueError."""
    if state not in WITH_SCHEMA | {State.ARCHIVED}:
        raise ValueError("This state has no data.")
    return state


def require_day(at: datetime) -> datetime:
    """Return an instant in UTC that can be read in every zone. Raises ValueError."""
    try:
        at = at.astimezone(UTC)
    except OverflowError:
        raise ValueError("This is no day.") from None
    if at.year not in YEARS:
        raise ValueError("This is no day.")
    return at


Text = Annotated[str, AfterValidator(require_storable)]


class Part(BaseModel):
    """A part of an archive: values only, none but those that are named."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Whose(Part):
    """The tenant that the archive is of, as it was."""

    uuid: Annotated[UUID, AfterValidator(require_tenant)]
    slug: Text = Field(max_length=32)
    name: Text = Field(max_length=80)
    locale: Text = Field(max_length=16)
    timezone: Text = Field(max_length=64)
    plan: Text = Field(max_length=32)


class TablePart(Part):
    """A table: its columns in order, and what its entry holds."""

    name: Name
    columns: tuple[Name, ...]
    policy: Literal["data", "credential", "ephemeral"]
    rows: Amount
    bytes: Amount
    sha256: Digest

    @property
    def entry(self) -> str:
        return f"{DATA}{self.name}.copy"


class FilePart(Part):
    """A stored file, by its name without the tenant's prefix."""

    name: str = Field(min_length=1, max_length=1024)
    bytes: Amount
    sha256: Digest

    @property
    def entry(self) -> str:
        return f"{FILES}{self.name}"


class OtherPart(Part):
    """An entry about neither rows nor files."""

    name: Literal["sequences.json", "control.json"]
    bytes: Amount
    sha256: Digest

    @property
    def entry(self) -> str:
        return self.name


class Manifest(Part):
    """All that is in an archive."""

    format: Literal["tenantry"]
    version: Literal[1]
    product: str = Field(max_length=64)
    tenant: Whose
    schema_rev: str = Field(max_length=16)
    migrations: tuple[tuple[str, str], ...]
    postgresql: Amount
    snapshot_at: datetime
    #: Which kinds of rows were taken along.
    policy: Keep
    anonymised: bool
    #: Whether the files that rows name were taken along.
    with_files: bool
    tables: tuple[TablePart, ...]
    files: tuple[FilePart, ...]
    others: tuple[OtherPart, ...]
    #: What lay in the storage and no row named; it is not in the archive.
    unreferenced: tuple[str, ...]

    @property
    def parts(self) -> tuple[TablePart | FilePart | OtherPart, ...]:
        return (*self.tables, *self.files, *self.others)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


class SequencePart(Part):
    """Where a sequence stands."""

    last: Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
    is_called: bool


class DomainPart(Part):
    """A host name that led to the tenant."""

    domain: str = Field(max_length=253)
    kind: Literal["platform", "custom"]
    is_primary: bool


class QuotaPart(Part):
    """A quota that was agreed for the tenant alone."""

    resource: Text = Field(max_length=32)
    limit: Amount
    hard: bool


class FeaturePart(Part):
    """The same of a feature."""

    code: Text = Field(max_length=64)
    value: Any


class ControlPart(Part):
    """What the control plane knew of the tenant; no operators, no events."""

    domains: tuple[DomainPart, ...]
    quotas: tuple[QuotaPart, ...]
    features: tuple[FeaturePart, ...]
    #: Files of before say nothing of either.
    state: Annotated[State, AfterValidator(require_data)] = State.ACTIVE
    trial_ends_at: Annotated[AwareDatetime, AfterValidator(require_day)] | None = None
