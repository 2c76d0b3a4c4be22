"""Two tenants that only their markers tell apart.

Equal keys, names and hashes take away what usually hides a leak: a number that the
other tenant does not have.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any, Final, TypeAlias

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from psycopg import sql

from tenants.context import TenantInfo
from tenants.db.router import labels
from tenants.testing import rows
from tenants.testing.markers import LENGTH

#: Not the tenant's own to write; its rows are the same in all of them.
NOT_MIRRORED: Final = ("django_migrations",)
TEXTS: Final = ("character varying", "text", "jsonb")
TEXT_LISTS: Final = tuple(f"{kind}[]" for kind in TEXTS)

AnyField: TypeAlias = "models.Field[Any, Any]"


def meta(model: type[models.Model]) -> Any:
    """Return what Django knows of a model."""
    return model._meta  # noqa: SLF001 - Django's public name


@dataclass(frozen=True, slots=True)
class Twin:
    """One of the two, and the word that all its own texts hold."""

    tenant: TenantInfo
    marker: str

    @property
    def host(self) -> str:
        return self.tenant.primary_domain

    @property
    def schema(self) -> str:
        return self.tenant.schema_name


@dataclass(frozen=True, slots=True)
class Twins:
    """Both: `a` holds what is tried, `b` is where nothing of it may open."""

    a: Twin
    b: Twin

    def __iter__(self) -> Iterator[Twin]:
        return iter((self.a, self.b))

    def swapped(self) -> "Twins":
        return Twins(self.b, self.a)


# Mirroring


def mirror(source: Twin, target: Twin, *, only: Iterable[str] = ()) -> None:
    """Make the target's rows those of the source: every key, name, hash and secret.

    What the source's rows say of its uuid, slug, name and marker, the target's say of
    its own. `only` narrows it to some tables.
    """
    words = translations(source, target)
    own = rows.columns(source.schema)
    names = list(only) or [name for name in own if name not in NOT_MIRRORED]
    for table in names:
        goes = sql.SQL("DELETE FROM {}").format(sql.Identifier(target.schema, table))
        rows.run(goes)
    for table in names:
        rows.run(copying(table, own[table], source.schema, target.schema, words))
    # A number given out in a transaction rolled back stays given, of migrations too.
    follow_sequences(source.schema, target.schema, only or own)


def translations(source: Twin, target: Twin) -> list[tuple[str, str]]:
    pairs = [(source.marker, target.marker)]
    for name in ("uuid", "slug", "name"):
        old, new = getattr(source.tenant, name), getattr(target.tenant, name)
        pairs.append((str(old), str(new)))
    pairs.append((source.tenant.uuid.hex, target.tenant.uuid.hex))
    return [(old, new) for old, new in pairs if old]


def copying(
    table: str,
    columns: list[rows.Column],
    source: str,
    target: str,
    words: list[tuple[str, str]],
) -> sql.Composed:
    statement = sql.SQL(
        "INSERT INTO {target} ({names}) OVERRIDING SYSTEM VALUE"
        " SELECT {values} FROM {source}"
    )
    return statement.format(
        target=sql.Identifier(target, table),
        names=sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
        values=sql.SQL(", ").join(translated(column, words) for column in columns),
        source=sql.Identifier(source, table),
    )


def translated(column: rows.Column, words: list[tuple[str, str]]) -> sql.Composable:
    """Return the column with the source's words replaced by the target's."""
    name: sql.Composable = sql.Identifier(column.name)
    if column.kind not in TEXTS + TEXT_LISTS:
        return name
    text: sql.Composable = sql.SQL("{}::text").format(name)
    for old, new in words:
        text = sql.SQL("replace({}, {}, {})").format(
            text, sql.Literal(old), sql.Literal(new)
        )
    return sql.SQL("({})::{}").format(text, sql.SQL(column.kind))


def follow_sequences(source: str, target: str, tables: Iterable[str]) -> None:
    """Let the next numbers of the target's tables be those of the source."""
    wanted = set(tables)
    for name, table in rows.sequence_owners(source).items():
        if table not in wanted:
            continue
        statement = sql.SQL(
            "SELECT setval({name}, last_value, is_called) FROM {source}"
        )
        rows.ask(
            statement.format(
                name=sql.Literal(f'"{target}"."{name}"'),
                source=sql.Identifier(source, name),
            )
        )


def differences(one: str, other: str) -> list[str]:
    """Return the tables and sequences of two schemas whose numbers are not equal."""
    tables = rows.primary_keys(one), rows.primary_keys(other)
    numbers = rows.sequences(one), rows.sequences(other)
    return [
        name
        for left, right in (tables, numbers)
        for name in sorted({*left, *right})
        if left.get(name, "none") != right.get(name, "none")
    ]


# Planting


def plant(twin: Twin, kept: Mapping[str, str]) -> None:
    """Write the marker into every text column that can hold it, in all rows.

    `kept` names the columns that stay as they are, as `app.Model.field` patterns, each
    with its reason.
    """
    for model, fields in markable(kept):
        changes = sql.SQL(", ").join(marked(field, twin.marker) for field in fields)
        table = sql.Identifier(twin.schema, meta(model).db_table)
        rows.run(sql.SQL("UPDATE {} SET {}").format(table, changes))


def unmarked(twin: Twin, kept: Mapping[str, str]) -> list[str]:
    """Return the text columns that could hold the marker and hold it in no row."""
    return [
        label(field)
        for model, fields in markable(kept)
        for field in fields
        if not holds(twin, model, field)
    ]


def holds(twin: Twin, model: type[models.Model], field: AnyField) -> bool:
    statement = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {}::text LIKE {})")
    found = rows.ask(
        statement.format(
            sql.Identifier(twin.schema, meta(model).db_table),
            sql.Identifier(str(field.column)),
            sql.Literal(f"%{twin.marker}%"),
        )
    )
    return bool(found[0][0])


def markable(
    kept: Mapping[str, str],
) -> Iterator[tuple[type[models.Model], list[AnyField]]]:
    """Yield the tenants' models with the fields that can hold a marker."""
    for model in tenant_models():
        fields = [
            field
            for field in meta(model).concrete_fields
            if can_hold(field) and not is_kept(field, kept)
        ]
        if fields:
            yield model, fields


def tenant_models() -> list[type[models.Model]]:
    """Return the models that have a table in each tenant's schema."""
    planes = labels("tenant")
    every = apps.get_models(include_auto_created=True)
    return [
        model
        for model in every
        if meta(model).app_label in planes and meta(model).managed
    ]


def can_hold(field: AnyField) -> bool:
    """Tell whether any words may stand in the field."""
    if field.primary_key or field.unique or field.choices or field in unique(field):
        return False
    if isinstance(field, ArrayField):
        return is_text(field.base_field)
    return is_text(field) or isinstance(field, models.JSONField)


def is_text(field: AnyField) -> bool:
    is_words = isinstance(field, models.CharField | models.TextField)
    return is_words and (field.max_length or LENGTH) >= LENGTH


def unique(field: AnyField) -> set[AnyField]:
    """Return the fields of the model that are unique together with others."""
    options = meta(field.model)
    names = {name for together in options.unique_together for name in together}
    for constraint in options.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            names.update(constraint.fields)
    return {field for field in options.concrete_fields if field.name in names}


def is_kept(field: AnyField, kept: Mapping[str, str]) -> bool:
    return any(fnmatch(label(field), pattern) for pattern in kept)


def label(field: AnyField) -> str:
    return f"{meta(field.model).label}.{field.name}"


def marked(field: AnyField, marker: str) -> sql.Composed:
    """Return the assignment that adds the marker to what the column holds."""
    name, word = sql.Identifier(str(field.column)), sql.Literal(marker)
    if isinstance(field, ArrayField):
        # A list of words is a list of addresses more often than not.
        address = sql.Literal(f"{marker}@canary.test")
        return sql.SQL("{0} = array_append({0}, {1})").format(name, address)
    if isinstance(field, models.JSONField):
        return sql.SQL(
            "{0} = coalesce({0}, '{{}}') || jsonb_build_object('canary', {1}::text)"
        ).format(name, word)
    longest = sql.Literal(field.max_length or 1_000_000)
    return sql.SQL(
        "{0} = CASE WHEN length({0}) + {2} < {3}"
        " THEN concat_ws(' ', nullif({0}, ''), {1}) ELSE {1} END"
    ).format(name, word, sql.Literal(len(marker)), longest)
