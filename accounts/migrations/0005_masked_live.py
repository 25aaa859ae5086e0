from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_privacy")]
    operations = [
        migrations.AddField(
            model_name="privacy", name="masked_live", field=models.BooleanField(default=False)
        ),
    ]
