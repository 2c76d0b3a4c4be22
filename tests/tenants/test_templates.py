"""A schema from the compiled template is the schema that the migrations make."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext

from kernel import clock
from tenants import fleet, provisioning
from tenants.context import TenantInfo, use, use_control
from tenants.errors import TemplateRefused
from tenants.fleet import revisions, scripts, seeds, templates
from tenants.fleet.owning import run_migrations
from tenants.fleet.unborn import scratch
from tenants.models import SchemaTemplate
from tests import twins
from tests.databases import run_there

ORDER = {
    "slug": "newcomer",
    "name": "Newcomer",
    "owner_email": "operator@newcomer.test",
}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def template() -> SchemaTemplate:
    found = fleet.find_template()
    assert found is not None
    return found


@pytest.fixture
def empty() -> Iterator[TenantInfo]:
    """Return an empty schema, entered as its owner."""
    with scratch() as tenant, use(tenant):
        yield tenant


def script_of(tenant: TenantInfo) -> scripts.Script:
    with use_control():
        return scripts.read([tenant.schema_name])[tenant.schema_name]


def schemas() -> set[str]:
    with use_control(), connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^[tw]_'")
        return {name for (name,) in cursor.fetchall()}


def rights_of(tenant: TenantInfo) -> list[tuple[str, ...]]:
    """Return what the tenant's role may do with each relation."""
    with use_control(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, a.privilege_type FROM pg_class c,"
            " aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee"
            " WHERE c.relnamespace = %s::regnamespace AND r.rolname = %s ORDER BY 1, 2",
            [tenant.schema_name, tenant.db_role],
        )
        return list(cursor.fetchall())


def test_tpl5_a_schema_from_the_template_is_the_schema_of_the_migrations(
    template, empty
) -> None:
    run_migrations()
    migrated = script_of(empty)
    with scratch() as other:
        with use(other):
            templates.replay(template.statements)
        replayed = script_of(other)
    assert len(migrated) > 200
    assert replayed == migrated


def test_tpl5_a_tenant_made_by_the_migrations_has_the_same_tables_and_rights() -> None:
    with use_control():
        SchemaTemplate.objects.all().delete()
    provisioning.provision(**ORDER, seed=[])
    migrated = twins.info("newcomer")
    assert script_of(migrated) == script_of(twins.info("acme"))
    assert len(rights_of(migrated)) > 200
    assert rights_of(migrated) == rights_of(twins.info("acme"))


def test_a_tenant_of_the_template_needs_no_migration(acme) -> None:
    before = script_of(acme)
    fleet.migrate_tenant(acme)
    assert script_of(acme) == before


def test_tpl3_content_types_and_permissions_have_the_same_keys_everywhere(
    empty, acme, template
) -> None:
    templates.replay(template.statements)
    found = keys()
    assert len(found) > 100
    for tenant in (acme, twins.info("globex")):
        with use(tenant):
            assert keys() == found


def keys() -> list[tuple[int, str]]:
    kinds = ContentType.objects.values_list("pk", "model").order_by("pk")
    permissions = Permission.objects.values_list("pk", "codename").order_by("pk")
    return [*kinds, *permissions]


def test_the_next_key_after_the_rows_of_the_template_is_free(empty, template) -> None:
    templates.replay(template.statements)
    last = ContentType.objects.order_by("pk").last()
    made = ContentType.objects.create(app_label="more", model="thing")
    assert made.pk == last.pk + 1


def test_the_migrations_of_a_new_tenant_ran_when_it_was_made(empty, template) -> None:
    templates.replay(template.statements)
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(applied), count(*) FROM django_migrations")
        first, count = cursor.fetchone()
    assert first > template.compiled_at
    assert count == len(template.migrations)


def test_tpl2_no_statement_of_the_template_names_a_schema_an_owner_or_a_role(
    template,
) -> None:
    beginnings = {statement.split()[0] for statement in template.statements}
    assert beginnings == {"CREATE", "ALTER", "INSERT", "SELECT"}
    for statement in template.statements:
        assert not re.search(r"\b[twr]_[a-z2-7]{12}\b", statement), statement
        assert "OWNER TO" not in statement


def test_tpl4_only_the_tables_of_the_seed_have_rows(empty, template) -> None:
    templates.replay(template.statements)
    with connection.cursor() as cursor:
        filled = {
            name
            for name in connection.introspection.table_names(cursor)
            if cursor.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone()
        }
    assert filled == set(seeds.SEEDED)


def test_tpl4_a_template_with_rows_of_somebody_is_refused(template, empty) -> None:
    templates.replay(template.statements)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO auth_group (name) VALUES ('Somebody')")
    with pytest.raises(TemplateRefused, match="rows in auth_group"):
        list(seeds.written(script_of(empty)))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("CREATE VIEW seen AS SELECT 1", "relation of the kind v: seen"),
        ("CREATE SEQUENCE numbers", "relation of the kind S: numbers"),
        ("CREATE TYPE mood AS ENUM ('ok')", "type: mood"),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "function: f",
        ),
        (
            (
                "CREATE TABLE a (id int);"
                " CREATE TRIGGER told AFTER INSERT ON a FOR EACH STATEMENT"
                " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
            ),
            "trigger on a: told",
        ),
        (
            "CREATE TABLE a (id int); CREATE TABLE b () INHERITS (a)",
            "child of another table: b",
        ),
        (
            "CREATE TABLE a (id int); CREATE POLICY p ON a",
            "policy on a: p",
        ),
        (
            "CREATE TABLE a (x int, y int); CREATE STATISTICS s ON x, y FROM a",
            "statistics on a: s",
        ),
    ],
)
def test_what_a_template_cannot_carry_is_refused_by_name(
    empty, statement, words
) -> None:
    with connection.cursor() as cursor:
        for one in statement.split("; "):
            cursor.execute(one)
    with pytest.raises(TemplateRefused, match=words):
        templates.checked(script_of(empty))


def test_whatever_a_table_can_hold_comes_back_alike(empty) -> None:
    with connection.cursor() as cursor:
        for statement in (
            (
                "CREATE TABLE many (id smallint GENERATED ALWAYS AS IDENTITY"
                " (START 7 INCREMENT 3), name text COLLATE \"C\" DEFAULT 'it''s; a', "
                "twice int GENERATED ALWAYS AS (id * 2) STORED, tags text[], "
                'amount numeric(9, 2) NOT NULL CHECK (amount > 0), "Odd Name" date, '
                "CONSTRAINT once UNIQUE NULLS NOT DISTINCT (name) DEFERRABLE, "
                "PRIMARY KEY (id)) WITH (fillfactor = 70)"
            ),
            (
                "CREATE TABLE child (of smallint REFERENCES many ON DELETE CASCADE,"
                ' "select" int, EXCLUDE USING btree ("select" WITH =))'
            ),
            "ALTER TABLE many ADD parent smallint",
            (
                "ALTER TABLE many ADD FOREIGN KEY (parent) REFERENCES many DEFERRABLE"
                " INITIALLY DEFERRED"
            ),
            (
                'CREATE UNIQUE INDEX few ON many (lower(name) DESC, "Odd Name")'
                " INCLUDE (amount) WHERE amount > 5"
            ),
            "CREATE INDEX words ON many USING gin (tags)",
            "COMMENT ON TABLE many IS 'all of it'",
            "COMMENT ON COLUMN many.\"Odd Name\" IS 'a ''quoted'' word'",
            "ALTER TABLE many DROP COLUMN twice",
        ):
            cursor.execute(statement)
    script = script_of(empty)
    with scratch() as other:
        with use(other), connection.cursor() as cursor:
            for line in script:
                cursor.execute(line.text.replace("%", "%%"))
        assert script_of(other) == script


def test_tpl_1_a_template_is_compiled_once_for_a_revision(template) -> None:
    before = template.compiled_at
    assert fleet.compile_template().compiled_at == before
    with use_control():
        assert SchemaTemplate.objects.count() == 1


def test_the_templates_of_ten_revisions_are_kept() -> None:
    with use_control():
        for number in range(12):
            SchemaTemplate.objects.create(
                revision=f"old-{number:02}",
                script=[],
                seeds=[],
                migrations=[],
                compiled_at=clock.now(),
            )
        templates.kept((), [], [])
        kept = set(SchemaTemplate.objects.values_list("pk", flat=True))
    assert len(kept) == templates.KEPT
    assert "old-11" in kept
    assert "old-02" not in kept


def test_compiling_leaves_no_schema_behind_even_where_it_fails(
    quickly_compiled, monkeypatch
) -> None:
    before = schemas()
    with use_control():
        SchemaTemplate.objects.all().delete()
    monkeypatch.setattr(seeds, "SEEDED", ("django_migrations",))
    with pytest.raises(TemplateRefused):
        fleet.compile_template()
    assert schemas() == before
    assert fleet.find_template() is None


def test_a_template_that_breaks_half_way_leaves_an_empty_schema(empty) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic():
        templates.replay(["CREATE TABLE a (id int)", "CREATE TABLE b (id nonsense)"])
    assert script_of(empty) == ()


def test_a_schema_that_has_tables_already_is_left_as_it_is(acme, template) -> None:
    before = script_of(acme)
    fleet.build(acme, template)
    assert script_of(acme) == before


def test_making_a_tenant_reads_of_the_catalog_only_what_is_its_own() -> None:
    """The catalog has no index by schema: a list of one reads those of all tenants."""
    with CaptureQueriesContext(connection) as asked:
        provisioning.provision(**ORDER, seed=[])
    texts = [query["sql"] for query in asked]
    assert any("CREATE SCHEMA" in text for text in texts)
    assert [text for text in texts if "pg_tables" in text or "ON ALL" in text] == []


def test_what_differs_between_two_schemas_is_told_by_statement(acme) -> None:
    before = set(script_of(acme))
    run_there(f"DROP INDEX {acme.schema_name}.mail_due")
    run_there(f"ALTER TABLE {acme.schema_name}.auth_group ADD extra int")
    after = set(script_of(acme))
    assert {line.name for line in before - after} == {"mail_due", "auth_group"}
    assert {line.name for line in after - before} == {"auth_group"}


def test_the_revision_follows_the_migrations_the_permissions_and_the_reading(
    monkeypatch,
) -> None:
    present = revisions.of_code()
    assert len(present) == 16
    for name, value in (
        ("migrations", lambda: iter([("more", "")])),
        ("permissions", lambda: iter([("more", "")])),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(revisions, name, value)
            assert revisions.of_code.__wrapped__() != present
    monkeypatch.setattr(scripts, "SCRIPT", "another")
    assert revisions.of_code.__wrapped__() != present
    names = [name for name, _text in revisions.migrations()]
    assert any(name.startswith("workflow.") for name in names)
    assert not any(name.startswith("tenants.") for name in names)


def test_the_scratch_schema_is_of_no_role(empty) -> None:
    with use_control(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace(%s)", [empty.schema_name])
        assert cursor.fetchone()[0] is not None
        cursor.execute("SELECT to_regrole(%s)", [empty.db_role])
        assert cursor.fetchone()[0] is None
