"""An export is made in parts, one behind the other."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("calls", "0019_why_a_reading_ended"),
    ]

    operations = [
        migrations.RemoveField(model_name="export", name="file"),
        migrations.AddField(model_name="export", name="files", field=models.JSONField(default=list)),
        migrations.AddField(model_name="export", name="last_call", field=models.UUIDField(null=True)),
        migrations.AddField(
            model_name="export", name="last_started_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(
            model_name="export", name="zone", field=models.CharField(default="UTC", max_length=80)
        ),
    ]
