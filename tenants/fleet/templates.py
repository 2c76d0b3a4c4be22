"""The compiled template: migrate an empty schema once, and replay what came of it.

A release that only adds migrations is compiled from the template before it, so that
only the new ones run.

    templates.compile_template()       # at deployment; a second time does nothing
    templates.build(info, template)    # a tenant's schema, in one transaction

A replay is several times faster than the migrations, and takes as long among ten
thousand tenants as among ten.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from psycopg import Cursor

from kernel import clock
from tenants.context import TenantInfo, use, use_control
from tenants.errors import TemplateRefused
from tenants.fleet import numbering, revisions, scripts, seeds
from tenants.fleet.owning import owned, run_migrations
from tenants.fleet.unborn import scratch
from tenants.models import SchemaTemplate

#: How many templates of former revisions stay, for the import of older exports.
KEPT: Final = 10


def find() -> SchemaTemplate | None:
    """Return the template of the running code, None where it was not compiled yet."""
    with use_control():
        return SchemaTemplate.objects.filter(pk=revisions.of_code()).first()


def compile_template() -> SchemaTemplate:
    """Return the template of the running code, made now where it is missing.

    Raises TemplateRefused where a migration left something that no template carries.
    """
    known = find()
    if known is not None:
        return known
    before = former()
    numbers_before = numbers_of(before) if before else {}
    with scratch() as tenant:
        with use(tenant):
            if before and is_beginning(before):
                replay(before.statements)
            migrate()
        with use_control():
            script = checked(scripts.read([tenant.schema_name])[tenant.schema_name])
        with use(tenant):
            numbers = numbering.renumber(numbers_before)
            last = {table: of_table["last"] for table, of_table in numbers.items()}
            rows = list(seeds.written(script, last))
            migrations = sorted(MigrationRecorder(connection).applied_migrations())
    with use_control():
        return kept(script, rows, migrations, numbers)


def former() -> SchemaTemplate | None:
    """Return the last template of other code."""
    with use_control():
        others = SchemaTemplate.objects.exclude(pk=revisions.of_code())
        return others.order_by("-compiled_at").first()


def is_beginning(template: SchemaTemplate) -> bool:
    """Tell whether the code still has all that a template was made of, unchanged."""
    return bool(template.parts) and (
        template.parts.items() <= revisions.parts_of_code().items()
    )


def numbers_of(template: SchemaTemplate) -> numbering.Numbers:
    """Return how the rows of a template are numbered.

    One that was compiled before numbers were kept is made once more and looked at.
    """
    known: numbering.Numbers = template.numbers
    if known:
        return known
    with scratch() as tenant, use(tenant):
        replay(template.statements)
        return numbering.present()


def migrate() -> None:
    """Run the migrations that the entered schema lacks."""
    run_migrations()


def checked(script: scripts.Script) -> scripts.Script:
    """Return a script that can be replayed. Raises TemplateRefused."""
    for line in script:
        if line.place == scripts.UNKNOWN:
            raise TemplateRefused(f"A template carries no {line.text}: {line.name}.")
    return script


@transaction.atomic
def kept(
    script: scripts.Script,
    rows: Sequence[str],
    migrations: Sequence[Any],
    numbers: numbering.Numbers | None = None,
) -> SchemaTemplate:
    """Save the template of the running code, and let go of the oldest."""
    made, _is_new = SchemaTemplate.objects.update_or_create(
        revision=revisions.of_code(),
        defaults={
            "script": script,
            "seeds": rows,
            "migrations": migrations,
            "numbers": numbers or {},
            "parts": revisions.parts_of_code(),
            "compiled_at": clock.now(),
        },
    )
    newest = list(SchemaTemplate.objects.values_list("pk", flat=True)[:KEPT])
    SchemaTemplate.objects.exclude(pk__in=newest).delete()
    return made


def build(tenant: TenantInfo, template: SchemaTemplate) -> None:
    """Make a tenant's schema and role, whole or not at all.

    One that has tables already is left as it is.
    """
    with owned(tenant):
        replay(template.statements)


@transaction.atomic
def replay(statements: Sequence[str]) -> None:
    """Run the statements in the entered schema, unless it has tables already."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('django_migrations') IS NULL")
        is_empty = cursor.fetchone()[0]
    if is_empty:
        # None of the answers tells anything, so none is waited for.
        raw = connection.connection
        with connection.wrap_database_errors, raw.pipeline(), Cursor(raw) as bare:
            for statement in statements:
                bare.execute(statement)
