import django.db.models.deletion
import kernel.clock
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LeaveRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('holiday', 'Holiday'), ('sick', 'Sick leave'), ('unpaid', 'Unpaid leave'), ('other', 'Other leave')], max_length=7, verbose_name='kind')),
                ('start_date', models.DateField(verbose_name='first day')),
                ('end_date', models.DateField(verbose_name='last day')),
                ('reason', models.CharField(blank=True, max_length=1000, verbose_name='reason')),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('waiting', 'Waiting for approval'), ('approved', 'Approved, to be filed'), ('filed', 'Filed'), ('refused', 'Refused'), ('withdrawn', 'Withdrawn')], default='draft', max_length=9, verbose_name='status')),
                ('history', models.TextField(blank=True, verbose_name='history')),
                ('created_at', models.DateTimeField(default=kernel.clock.now, verbose_name='asked at')),
                ('requester', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leave_requests', to=settings.AUTH_USER_MODEL, verbose_name='requester')),
            ],
            options={
                'verbose_name': 'leave request',
                'verbose_name_plural': 'leave requests',
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['requester', '-id'], name='leave_by_requester')],
                'constraints': [models.CheckConstraint(condition=models.Q(('end_date__gte', models.F('start_date'))), name='leave_ends_after_start'), models.CheckConstraint(condition=models.Q(('kind__in', ('holiday', 'sick', 'unpaid', 'other'))), name='leave_kind_known'), models.CheckConstraint(condition=models.Q(('status__in', ('draft', 'waiting', 'approved', 'filed', 'refused', 'withdrawn'))), name='leave_status_known')],
            },
        ),
    ]
