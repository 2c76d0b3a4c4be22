"""Add the table of tasks that were refused; creates a table only."""

import kernel.clock
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0005_tell_of_changes"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeadLetter",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("task_id", models.CharField(max_length=255, unique=True)),
                ("task", models.CharField(max_length=255)),
                ("tenant", models.UUIDField(blank=True, null=True)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("nameless", "Names no tenant"),
                            ("unknown", "Unknown tenant"),
                            ("stopped", "Tenant stopped; sent again on resume"),
                            ("stale", "Sent before the tenant was reset"),
                        ],
                        max_length=16,
                    ),
                ),
                ("detail", models.CharField(max_length=255)),
                ("message", models.TextField()),
                (
                    "refused_at",
                    models.DateTimeField(db_index=True, default=kernel.clock.now),
                ),
            ],
            options={
                "verbose_name": "refused task",
                "verbose_name_plural": "refused tasks",
                "ordering": ["-refused_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("reason", "stopped")),
                        fields=["tenant", "refused_at"],
                        name="dead_letter_waiting",
                    )
                ],
            },
        ),
    ]
