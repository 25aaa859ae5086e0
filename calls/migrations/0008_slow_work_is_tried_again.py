from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('calls', '0007_indexes_of_calls'),
    ]

    operations = [
        migrations.AddField(
            model_name='call',
            name='embed_after',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='call',
            name='judge_after',
            field=models.DateTimeField(null=True),
        ),
    ]
