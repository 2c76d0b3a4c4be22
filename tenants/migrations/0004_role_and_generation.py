"""Give each tenant its own database role, its generation and its place for files.

Adds columns to one small table of the control plane and fills them; the roles
themselves are made by the next `migrate` of each tenant.
"""

from django.db import migrations, models

import tenants.models.tenant


def fill(apps, schema_editor):
    tenant = apps.get_model("tenants", "Tenant")
    for row in tenant.objects.filter(db_role=None):
        row.db_role = tenants.models.tenant.new_role_name()
        row.storage_prefix = str(row.uuid)
        row.save(update_fields=["db_role", "storage_prefix"])


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0003_operator_events_append_only"),
    ]

    operations = [
        migrations.AddField(
            "tenant", "db_role", models.CharField(max_length=63, null=True)
        ),
        migrations.AddField(
            "tenant", "storage_prefix", models.CharField(max_length=63, null=True)
        ),
        migrations.AddField(
            "tenant", "generation", models.PositiveIntegerField(default=1, editable=False)
        ),
        migrations.AddField(
            "tenant", "cache_epoch", models.PositiveIntegerField(default=1, editable=False)
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            "tenant",
            "db_role",
            models.CharField(
                max_length=63,
                unique=True,
                default=tenants.models.tenant.new_role_name,
                editable=False,
            ),
        ),
        migrations.AlterField(
            "tenant",
            "storage_prefix",
            models.CharField(
                max_length=63, unique=True, blank=True, editable=False
            ),
        ),
        migrations.AddConstraint(
            "tenant",
            models.CheckConstraint(
                condition=models.Q(db_role__regex=r"^r_[a-z2-7]{12}$"),
                name="tenant_role_opaque",
            ),
        ),
    ]
