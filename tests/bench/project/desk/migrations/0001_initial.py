import django.db.models.deletion
from django.db import migrations, models

ID = models.BigAutoField(
    auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
)


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            "Team",
            [("id", ID), ("name", models.CharField(max_length=80, unique=True))],
        ),
        migrations.CreateModel(
            "Person",
            [
                ("id", ID.clone()),
                ("name", models.CharField(max_length=80, unique=True)),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="desk.team"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            "Task",
            [
                ("id", ID.clone()),
                ("title", models.CharField(max_length=80)),
                ("is_open", models.BooleanField()),
                ("hours", models.PositiveIntegerField()),
                ("due_on", models.DateField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="desk.person"
                    ),
                ),
            ],
        ),
    ]
