"""FLT-3: a migration that old code would not survive is refused, with what to do."""

import pytest
from django.core.checks import Tags, run_checks
from django.db import connection

from tenants.fleet import lint

ADD = "operations = [migrations.AddField('leaverequest', 'extra', {})]"
ALTER = "operations = [migrations.AlterField('leaverequest', '{}', {})]"
SQL = "operations = [migrations.RunSQL({!r})]"
CONTRACT = "contract = True\nunused_since = '1.2'\n"

REFUSED = {
    "removed": ("operations = [migrations.RemoveField('leaverequest', 'history')]", 1),
    "deleted": ("operations = [migrations.DeleteModel('leaverequest')]", 1),
    "renamed": (
        "operations = [migrations.RenameField('leaverequest', 'history', 'past')]",
        1,
    ),
    "model_renamed": (
        "operations = [migrations.RenameModel('leaverequest', 'absence')]",
        1,
    ),
    "not_null": (ADD.format("models.IntegerField(default=0)"), 1),
    "narrower": (ALTER.format("reason", "models.CharField(max_length=10)"), 1),
    "another_type": (ALTER.format("history", "models.IntegerField(null=True)"), 1),
    "identity": (ALTER.format("id", "models.AutoField(primary_key=True)"), 1),
    "check": (ADD.format("models.PositiveIntegerField(null=True)"), 1),
    "several": (SQL.format("UPDATE a SET b = 1; UPDATE a SET c = 1"), 1),
    "constraint_renamed": (SQL.format("ALTER TABLE a RENAME CONSTRAINT b TO c"), 1),
    "constraints": (
        SQL.format(
            "ALTER TABLE a ADD CONSTRAINT b CHECK (x > 0),"
            " ADD CONSTRAINT c CHECK (y > 0)"
        ),
        1,
    ),
    "trigger": (
        SQL.format("CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION f()"),
        1,
    ),
    "no_release": ("contract = True\noperations = []", 1),
}
ALLOWED = {
    "null": ADD.format("models.IntegerField(null=True)"),
    "database_default": ADD.format("models.IntegerField(db_default=0)"),
    "wider": ALTER.format("reason", "models.CharField(max_length=2000)"),
    "text": ALTER.format("history", "models.TextField(blank=True, help_text='x')"),
    "contract": CONTRACT
    + "operations = [migrations.RemoveField('leaverequest', 'history')]",
    "new_table": (
        "operations = [migrations.CreateModel('Day', ["
        "('id', models.BigAutoField(primary_key=True)),"
        " ('count', models.PositiveIntegerField())]),"
        " migrations.AddField('day', 'more', models.IntegerField(default=0))]"
    ),
    "control": (
        "operations = [migrations.RunSQL('CREATE VIEW v AS SELECT 1',"
        " hints={'plane': 'control'})]"
    ),
}

pytestmark = pytest.mark.django_db


def test_flt3_the_migrations_of_the_tenants_apps_break_no_rule() -> None:
    assert lint.findings() == []


@pytest.mark.parametrize("name", REFUSED)
def test_flt3_what_old_code_does_not_survive_is_refused(moves, name) -> None:
    body, number = REFUSED[name]
    moves(**{name: body})
    found = lint.findings()
    assert [one.migration for one in found] == [f"leave.0002_{name}"] * number
    assert found[0].rule in {"FLT-3", "11.2", "DB-10", "contract"}


@pytest.mark.parametrize("name", ALLOWED)
def test_flt3_what_only_adds_is_fine(moves, name) -> None:
    moves(**{name: ALLOWED[name]})
    assert [str(one) for one in lint.findings()] == []


def test_the_check_before_a_deployment_says_so(moves) -> None:
    moves(removed=REFUSED["removed"][0])
    found = run_checks(tags=[Tags.database], databases=[connection.alias])
    (error,) = [one for one in found if one.id == "tenants.E010"]
    assert "contract = True" in error.msg
