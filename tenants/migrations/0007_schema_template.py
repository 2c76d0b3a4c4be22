"""Add the table of compiled templates; creates a table only."""

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
                    models.CharField(
                        max_length=16, primary_key=True, serialize=False
                    ),
                ),
                ("statements", models.JSONField()),
                ("migrations", models.JSONField()),
                ("compiled_at", models.DateTimeField(default=kernel.clock.now)),
            ],
            options={"ordering": ["-compiled_at"]},
        ),
    ]
