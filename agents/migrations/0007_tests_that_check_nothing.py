from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("agents", "0006_tests_of_agents")]

    operations = [
        migrations.AlterField(
            model_name="agenttestresult",
            name="verdict",
            field=models.CharField(
                choices=[
                    ("waiting", "Waiting"),
                    ("running", "Running"),
                    ("passed", "Passed"),
                    ("failed", "Failed"),
                    ("error", "Error"),
                    ("unchecked", "Unchecked"),
                ],
                default="waiting",
                max_length=9,
            ),
        ),
        migrations.AddIndex(
            model_name="agenttestresult",
            index=models.Index(
                models.F("id"), condition=Q(verdict__in=("waiting", "running")), name="results_under_way"
            ),
        ),
        migrations.AddIndex(
            model_name="agenttestrun",
            index=models.Index(
                models.F("id"), condition=Q(status__in=("waiting", "running")), name="runs_under_way"
            ),
        ),
    ]
