from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("calls", "0008_slow_work_is_tried_again")]

    operations = [migrations.AddField("call", "alerts", models.JSONField(default=list))]
