"""Indexes on a table that may be large, built while calls are written to it."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class BuildIndex(AddIndexConcurrently):
    """What is left of one that broke off goes first, so that the migration can simply be run again."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        schema_editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{self.index.name}"')
        super().database_forwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('calls', '0006_the_past_is_not_judged'),
    ]

    operations = [
        BuildIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('channel', 'chat')), fields=['workspace', 'opened_by', '-started_at'], name='chats_of_people'),
        ),
        BuildIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('from_number', ''), _negated=True), fields=['workspace', 'from_number', '-started_at'], name='calls_from'),
        ),
        BuildIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('direction', 'outbound'), models.Q(('to_number', ''), _negated=True)), fields=['workspace', 'to_number', '-started_at'], name='calls_to'),
        ),
        BuildIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('embedded_at', None)), fields=['started_at'], name='calls_to_embed'),
        ),
        BuildIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('judged_at', None)), fields=['started_at'], name='calls_to_judge'),
        ),
    ]
