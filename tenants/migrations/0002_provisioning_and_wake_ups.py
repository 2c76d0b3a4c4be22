"""Add what provisioning, waking up and signing up remember; creates tables only."""


import django.db.models.deletion
import django.db.models.functions.comparison
import kernel.clock
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0001_tenant_and_domain'),
    ]

    operations = [
        migrations.CreateModel(
            name='Chore',
            fields=[
                ('name', models.CharField(max_length=32, primary_key=True, serialize=False)),
                ('next_due', models.DateTimeField(default=kernel.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='OperatorEvent',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(db_index=True, default=kernel.clock.now, editable=False)),
                ('actor', models.CharField(max_length=150)),
                ('tenant', models.UUIDField(blank=True, db_index=True, null=True)),
                ('action', models.CharField(max_length=64)),
                ('args', models.JSONField(blank=True, default=dict)),
                ('result', models.CharField(blank=True, max_length=255)),
            ],
            options={
                'ordering': ['-at'],
            },
        ),
        migrations.CreateModel(
            name='ProvisioningRun',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('tenant_uuid', models.UUIDField(editable=False)),
                ('slug', models.CharField(max_length=32)),
                ('state', models.CharField(choices=[('running', 'Running'), ('done', 'Done'), ('compensating', 'Being undone'), ('failed', 'Failed and undone')], default='running', max_length=16)),
                ('order', models.JSONField(default=dict)),
                ('idempotency_key', models.CharField(blank=True, max_length=128, null=True, unique=True)),
                ('resume_at', models.DateTimeField(default=kernel.clock.now)),
                ('started_at', models.DateTimeField(default=kernel.clock.now)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('tenant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='runs', to='tenants.tenant')),
            ],
            options={
                'ordering': ['-started_at'],
            },
        ),
        migrations.CreateModel(
            name='ProvisioningStep',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('ordinal', models.PositiveSmallIntegerField()),
                ('name', models.CharField(max_length=32)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'At work'), ('done', 'Done'), ('failed', 'Failed'), ('undone', 'Undone')], default='waiting', max_length=16)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('error_code', models.CharField(blank=True, max_length=64)),
                ('error_text', models.CharField(blank=True, max_length=500)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='tenants.provisioningrun')),
            ],
            options={
                'ordering': ['ordinal'],
            },
        ),
        migrations.CreateModel(
            name='RateCounter',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('subject', models.BinaryField(max_length=32)),
                ('window_start', models.DateTimeField(db_index=True)),
                ('count', models.PositiveIntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('subject', 'window_start'), name='rate_counter_once')],
            },
        ),
        migrations.CreateModel(
            name='SignupRequest',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254)),
                ('name', models.CharField(max_length=80)),
                ('slug', models.CharField(max_length=32)),
                ('locale', models.CharField(default='en', max_length=16)),
                ('secret_hash', models.BinaryField(max_length=32)),
                ('code_salt', models.BinaryField(max_length=16)),
                ('code_hash', models.BinaryField(max_length=32)),
                ('attempts_left', models.PositiveSmallIntegerField(default=3)),
                ('expires_at', models.DateTimeField()),
                ('verified_at', models.DateTimeField(blank=True, null=True)),
                ('consumed_at', models.DateTimeField(blank=True, null=True)),
                ('client_hash', models.BinaryField(max_length=32)),
                ('created_at', models.DateTimeField(db_index=True, default=kernel.clock.now)),
                ('run', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='signups', to='tenants.provisioningrun')),
            ],
            options={
                'ordering': ['-created_at'],
            },
        ),
        migrations.CreateModel(
            name='WakeUp',
            fields=[
                ('tenant', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='wake_up', serialize=False, to='tenants.tenant')),
                ('next_due', models.DateTimeField(blank=True, null=True)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('run_no', models.BigIntegerField(default=0)),
                ('enabled', models.BooleanField(default=False)),
                ('wake_at', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce('lease_until', 'next_due'), output_field=models.DateTimeField(null=True))),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('enabled', True)), fields=['wake_at'], name='wake_up_due')],
            },
        ),
        migrations.AddIndex(
            model_name='provisioningrun',
            index=models.Index(condition=models.Q(('state__in', ['running', 'compensating'])), fields=['resume_at'], name='provisioning_run_open'),
        ),
        migrations.AddConstraint(
            model_name='provisioningrun',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['running', 'compensating'])), fields=('tenant_uuid',), name='provisioning_run_one_open'),
        ),
        migrations.AddConstraint(
            model_name='provisioningstep',
            constraint=models.UniqueConstraint(fields=('run', 'name'), name='provisioning_step_once'),
        ),
    ]
