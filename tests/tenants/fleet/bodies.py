"""Migrations that tests give to an app."""

TEN = """
operations = [
    migrations.AddField("leaverequest", f"extra_{n}", models.IntegerField(null=True))
    for n in range(10)
]
"""
ONE = """
operations = [
    migrations.AddField("leaverequest", "extra", models.IntegerField(null=True))
]
"""
TABLE = """
operations = [
    migrations.CreateModel("Holiday", [
        ("id", models.BigAutoField(primary_key=True)),
        ("day", models.DateField(db_index=True)),
        ("request", models.ForeignKey("leave.leaverequest", models.CASCADE)),
    ])
]
"""
PYTHON = """
def fill(apps, editor):
    kinds = apps.get_model("auth", "Group").objects
    with editor.connection.cursor() as cursor:
        for n in range(kinds.count()):
            cursor.execute(f"ALTER TABLE leave_leaverequest ADD differs_{n} int")

operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
"""
TWO_ROWS_AT_MOST = """
operations = [
    migrations.AddField("leaverequest", "extra", models.IntegerField(null=True)),
    migrations.AddConstraint("leaverequest", models.CheckConstraint(
        condition=models.Q(reason__in=["", "none"]), name="leave_no_reason")),
]
"""
DATA = """
def fill(apps, editor):
    groups = apps.get_model("auth", "Group").objects
    for group in groups.all():
        group.name = f"one of {groups.count()}: {group.pk}"
        group.save()

operations = [
    migrations.AddField("leaverequest", "extra", models.IntegerField(null=True)),
    migrations.RunPython(fill, migrations.RunPython.noop),
]
"""
INDEX = """
atomic = False
operations = [
    AddIndexConcurrently("leaverequest", models.Index(
        fields=["reason"], name="leave_by_reason"))
]
"""
ALONE = """
atomic = False
operations = [
    migrations.RunSQL("SET work_mem = '8MB'"),
    migrations.AddField("leaverequest", "extra", models.IntegerField(null=True)),
]
"""
PLAIN_INDEX = """
operations = [
    migrations.AddIndex("leaverequest", models.Index(
        fields=["reason"], name="leave_by_reason"))
]
"""
UNIQUE = """
operations = [
    migrations.AddConstraint("leaverequest", models.UniqueConstraint(
        fields=["reason"], name="leave_reason_once"))
]
"""
