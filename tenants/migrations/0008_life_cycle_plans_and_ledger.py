"""Add plans with their quotas and features, the ledger of fleet migrations, holds of
slugs, and what the rest of a tenant's life needs to know of it.

Creates tables and adds columns; a slug is unique among tenants that were not purged.
"""

import django.db.models.deletion
import kernel.clock
import tenants.models.plan
import uuid
from django.db import migrations, models


#: A plan or a limit may concern any tenant, and changes rarely.
TOLD = ("plan", "quota", "feature", "tenantquota", "tenantfeature")
FORWARD = [
    f"""
    CREATE TRIGGER tell_of_everything
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tenants_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION tenants_tell_of_everything()
    """
    for table in TOLD
]
BACK = [f"DROP TRIGGER tell_of_everything ON tenants_{table}" for table in TOLD]


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0007_templates_and_warm_schemas"),
    ]

    operations = [
        migrations.CreateModel(
            name="Feature",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.SlugField(max_length=64)),
                ("value", models.JSONField(default=tenants.models.plan.yes)),
            ],
            options={
                "ordering": ["plan", "code"],
            },
        ),
        migrations.CreateModel(
            name="MigrationLedger",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("wave", models.PositiveSmallIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("running", "At work"),
                            ("done", "Done"),
                            ("skipped", "Up to date already"),
                            ("deferred", "Deferred"),
                            ("failed", "Failed"),
                        ],
                        default="pending",
                        max_length=16,
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("replay", "Recorded SQL"),
                            ("python", "Migrations of Django"),
                        ],
                        max_length=8,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("duration_ms", models.PositiveIntegerField(blank=True, null=True)),
                ("migration", models.CharField(blank=True, max_length=255)),
                ("statement_no", models.PositiveIntegerField(blank=True, null=True)),
                ("error_code", models.CharField(blank=True, max_length=64)),
                ("error_text", models.CharField(blank=True, max_length=500)),
                ("fingerprint_after", models.CharField(blank=True, max_length=64)),
                ("at", models.DateTimeField(default=kernel.clock.now)),
            ],
            options={
                "ordering": ["-at"],
            },
        ),
        migrations.CreateModel(
            name="MigrationPlan",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("from_rev", models.CharField(max_length=16)),
                ("to_rev", models.CharField(max_length=16)),
                ("migrations", models.JSONField()),
                ("recorded_sql", models.JSONField(default=list)),
                ("sql_sha256", models.CharField(blank=True, max_length=64)),
                ("replayable", models.BooleanField(default=False)),
                ("obstacle", models.CharField(blank=True, max_length=255)),
                ("fingerprint_before", models.CharField(blank=True, max_length=64)),
                ("fingerprint_after", models.CharField(blank=True, max_length=64)),
                (
                    "created_at",
                    models.DateTimeField(default=kernel.clock.now, editable=False),
                ),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="Plan",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.SlugField(max_length=32, unique=True)),
                ("name", models.CharField(max_length=80)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("trial_days", models.PositiveSmallIntegerField(default=0)),
                (
                    "statement_timeout_ms",
                    models.PositiveIntegerField(blank=True, null=True),
                ),
                ("lock_timeout_ms", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "requests_per_minute",
                    models.PositiveIntegerField(blank=True, null=True),
                ),
                ("max_concurrency", models.PositiveIntegerField(blank=True, null=True)),
            ],
            options={
                "ordering": ["position", "code"],
            },
        ),
        migrations.CreateModel(
            name="Quota",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "resource",
                    models.CharField(
                        choices=[
                            ("seats", "Seats"),
                            ("storage_bytes", "Storage"),
                            ("running_instances", "Running processes"),
                            ("api_tokens", "API tokens"),
                            ("webhooks", "Webhooks"),
                        ],
                        max_length=32,
                    ),
                ),
                ("limit", models.PositiveBigIntegerField()),
                ("hard", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ["plan", "resource"],
            },
        ),
        migrations.CreateModel(
            name="SlugHold",
            fields=[
                (
                    "slug",
                    models.CharField(max_length=32, primary_key=True, serialize=False),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[("renamed", "Renamed"), ("purged", "Purged")],
                        max_length=16,
                    ),
                ),
                ("tenant", models.UUIDField()),
                ("until", models.DateTimeField(db_index=True)),
            ],
            options={
                "ordering": ["slug"],
            },
        ),
        migrations.CreateModel(
            name="TenantFeature",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.SlugField(max_length=64)),
                ("value", models.JSONField(default=tenants.models.plan.yes)),
            ],
            options={
                "ordering": ["tenant", "code"],
            },
        ),
        migrations.CreateModel(
            name="TenantQuota",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "resource",
                    models.CharField(
                        choices=[
                            ("seats", "Seats"),
                            ("storage_bytes", "Storage"),
                            ("running_instances", "Running processes"),
                            ("api_tokens", "API tokens"),
                            ("webhooks", "Webhooks"),
                        ],
                        max_length=32,
                    ),
                ),
                ("limit", models.PositiveBigIntegerField()),
                ("hard", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ["tenant", "resource"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="tenant",
            name="tenant_state_known",
        ),
        migrations.AddField(
            model_name="domain",
            name="check_due",
            field=models.DateTimeField(blank=True, db_index=True, null=True),
        ),
        migrations.AddField(
            model_name="domain",
            name="claimed_at",
            field=models.DateTimeField(default=kernel.clock.now, editable=False),
        ),
        migrations.AddField(
            model_name="domain",
            name="failed_checks",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="domain",
            name="failing_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="domain",
            name="lapsed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="domain",
            name="last_checked_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="domain",
            name="released_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="domain",
            name="verification_token",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="operatorevent",
            name="ip_hash",
            field=models.BinaryField(blank=True, max_length=32, null=True),
        ),
        migrations.AddField(
            model_name="operatorevent",
            name="request_id",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="provisioningrun",
            name="kind",
            field=models.CharField(
                choices=[
                    ("create", "Create"),
                    ("import", "Import"),
                    ("clone", "Clone"),
                    ("purge", "Purge"),
                ],
                default="create",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="provisioningstep",
            name="output",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="tenant",
            name="archive",
            field=models.JSONField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="certificate",
            field=models.JSONField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="is_canary",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="schematemplate",
            name="numbers",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="tenant",
            name="maintenance_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="migration_hold",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="tenant",
            name="purge_after",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="schema_rev",
            field=models.CharField(blank=True, editable=False, max_length=16),
        ),
        migrations.AddField(
            model_name="tenant",
            name="shadow_of",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="shadows",
                to="tenants.tenant",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="state_before",
            field=models.CharField(blank=True, editable=False, max_length=16),
        ),
        migrations.AddField(
            model_name="tenant",
            name="trial_ends_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="tenant",
            name="slug",
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AlterField(
            model_name="tenant",
            name="state",
            field=models.CharField(
                choices=[
                    ("provisioning", "Being set up"),
                    ("failed", "Set-up failed"),
                    ("trial", "On trial"),
                    ("active", "Active"),
                    ("past_due", "Payment overdue"),
                    ("suspended", "Suspended"),
                    ("archived", "Archived"),
                    ("deleting", "Being deleted"),
                    ("purged", "Purged"),
                ],
                default="provisioning",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="migrationledger",
            name="tenant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="ledger",
                to="tenants.tenant",
            ),
        ),
        migrations.AddField(
            model_name="migrationledger",
            name="plan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="entries",
                to="tenants.migrationplan",
            ),
        ),
        migrations.AddField(
            model_name="feature",
            name="plan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="features",
                to="tenants.plan",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="plan",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.plan",
            ),
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "provisioning",
                            "failed",
                            "trial",
                            "active",
                            "past_due",
                            "suspended",
                            "archived",
                            "deleting",
                            "purged",
                        ],
                    )
                ),
                name="tenant_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "purged"), _negated=True),
                fields=("slug",),
                name="tenant_slug_once",
            ),
        ),
        migrations.AddField(
            model_name="quota",
            name="plan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="quotas",
                to="tenants.plan",
            ),
        ),
        migrations.AddField(
            model_name="tenantfeature",
            name="tenant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="own_features",
                to="tenants.tenant",
            ),
        ),
        migrations.AddField(
            model_name="tenantquota",
            name="tenant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="own_quotas",
                to="tenants.tenant",
            ),
        ),
        migrations.AddIndex(
            model_name="migrationledger",
            index=models.Index(
                condition=models.Q(("state__in", ["done", "skipped"]), _negated=True),
                fields=["state"],
                name="migration_ledger_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="migrationledger",
            constraint=models.UniqueConstraint(
                fields=("plan", "tenant"), name="migration_ledger_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="feature",
            constraint=models.UniqueConstraint(
                fields=("plan", "code"), name="feature_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="quota",
            constraint=models.UniqueConstraint(
                fields=("plan", "resource"), name="quota_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="tenantfeature",
            constraint=models.UniqueConstraint(
                fields=("tenant", "code"), name="tenant_feature_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="tenantquota",
            constraint=models.UniqueConstraint(
                fields=("tenant", "resource"), name="tenant_quota_once"
            ),
        ),
        migrations.CreateModel(
            name="Survey",
            fields=[
                (
                    "tenant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="survey",
                        serialize=False,
                        to="tenants.tenant",
                    ),
                ),
                ("table_bytes", models.BigIntegerField(default=0)),
                ("differences", models.PositiveIntegerField(blank=True, null=True)),
                ("last_activity_at", models.DateTimeField(blank=True, null=True)),
                ("surveyed_at", models.DateTimeField()),
            ],
            options={"ordering": ["tenant"]},
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
