from django.db import migrations
from estate.building import ten_columns


class Migration(migrations.Migration):
    dependencies = [("estate", "0020")]
    operations = list(ten_columns())
