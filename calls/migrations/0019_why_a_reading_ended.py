"""Why a reading ended before its end."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("calls", "0018_erasing_and_retention")]

    operations = [
        migrations.AddField(
            "reading", "reason", models.CharField(blank=True, default="", max_length=200), False
        ),
    ]
