from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0008_life_cycle_plans_and_ledger")]

    operations = [
        migrations.AddField(
            model_name="schematemplate",
            name="parts",
            field=models.JSONField(default=dict),
        ),
    ]
