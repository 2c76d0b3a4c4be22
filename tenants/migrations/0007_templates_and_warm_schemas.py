"""Add the tables of compiled templates and of schemas that wait; creates tables only."""

import kernel.clock
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0006_dead_letters"),
    ]

    operations = [
        migrations.CreateModel(
            name="SchemaTemplate",
            fields=[
                (
                    "revision",
                    models.CharField(max_length=16, primary_key=True, serialize=False),
                ),
                ("script", models.JSONField()),
                ("seeds", models.JSONField()),
                ("migrations", models.JSONField()),
                ("compiled_at", models.DateTimeField(default=kernel.clock.now)),
            ],
            options={"ordering": ["-compiled_at"]},
        ),
        migrations.CreateModel(
            name="WarmSchema",
            fields=[
                (
                    "schema_name",
                    models.CharField(max_length=63, primary_key=True, serialize=False),
                ),
                ("db_role", models.CharField(max_length=63, unique=True)),
                ("revision", models.CharField(blank=True, max_length=16)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("building", "Building"),
                            ("ready", "Ready"),
                            ("claimed", "Claimed"),
                        ],
                        default="building",
                        max_length=8,
                    ),
                ),
                ("state_since", models.DateTimeField(default=kernel.clock.now)),
            ],
            options={
                "ordering": ["state_since"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(schema_name__regex="^w_[a-z2-7]{12}$"),
                        name="warm_schema_opaque",
                    )
                ],
            },
        ),
    ]
