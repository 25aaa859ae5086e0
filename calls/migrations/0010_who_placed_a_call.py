"""Who made the vectors of a call, and an index to find those that somebody else made.

Calls placed before this was kept have it empty, so they are looked at once more; nobody is paid for texts that
the same model has placed already.
"""

from importlib import import_module

from django.db import migrations, models

BuildIndex = import_module("calls.migrations.0007_indexes_of_calls").BuildIndex


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('calls', '0009_rules_that_fired'),
    ]

    operations = [
        migrations.AddField(
            model_name='call',
            name='embedded_by',
            field=models.CharField(blank=True, default='', max_length=60),
            preserve_default=False,
        ),
        BuildIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('embedded_at__isnull', False)), fields=['embedded_by', 'started_at'], name='calls_embedded_by'),
        ),
    ]
