import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("calls", "0015_tallies")]

    operations = [
        migrations.AddField("note", "deleted_at", models.DateTimeField(null=True)),
        migrations.AlterField(
            "note",
            "turn",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="calls.turn"
            ),
        ),
    ]
