"""What calls come to, by hour."""

import django.db.models.deletion
import pgvector.django.vector
import uuid_utils.compat
from django.db import migrations, models

# What there is already is added up by the timetable, in pieces.
MARK_THE_PAST = """
INSERT INTO calls_tallymark (id, created_at, workspace_id, hour, changed_at, is_sealed)
SELECT gen_random_uuid(), now(), workspace_id, hour, hour, false FROM (
    SELECT DISTINCT workspace_id, date_trunc('hour', started_at, 'UTC') AS hour FROM calls_call
    WHERE ended_at IS NOT NULL AND platform <> 'playground'
) past
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_names_for_people'),
        ('agents', '0007_tests_that_check_nothing'),
        ('calls', '0014_indexes_of_history'),
    ]

    operations = [
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('hour', models.DateTimeField()),
                ('hours', models.PositiveSmallIntegerField(default=1)),
                ('platform', models.CharField(max_length=20)),
                ('channel', models.CharField(max_length=6)),
                ('calls', models.PositiveIntegerField()),
                ('completed', models.PositiveIntegerField()),
                ('caller_hung_up', models.PositiveIntegerField()),
                ('agent_hung_up', models.PositiveIntegerField()),
                ('transferred', models.PositiveIntegerField()),
                ('not_connected', models.PositiveIntegerField()),
                ('failed', models.PositiveIntegerField()),
                ('contained', models.PositiveIntegerField()),
                ('escalated', models.PositiveIntegerField()),
                ('positive', models.PositiveIntegerField()),
                ('neutral', models.PositiveIntegerField()),
                ('negative', models.PositiveIntegerField()),
                ('moods', models.PositiveIntegerField()),
                ('mood_at_start', models.FloatField()),
                ('mood_at_end', models.FloatField()),
                ('duration_ms', models.BigIntegerField()),
                ('answers', models.PositiveIntegerField()),
                ('spread', pgvector.django.vector.VectorField(dimensions=70)),
                ('cost_usd', models.DecimalField(decimal_places=6, max_digits=14)),
                ('tool_calls', models.PositiveIntegerField()),
                ('tool_failures', models.PositiveIntegerField()),
                ('agent', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='agents.agent')),
                ('version', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='agents.agentversion')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['workspace', 'hours', 'hour'], name='tallies_by_hours')],
            },
        ),
        migrations.CreateModel(
            name='TallyMark',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('hour', models.DateTimeField()),
                ('changed_at', models.DateTimeField(null=True)),
                ('is_sealed', models.BooleanField(default=False)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('changed_at__isnull', False)), fields=['changed_at'], name='tallies_to_make')],
                'constraints': [models.UniqueConstraint(models.F('workspace'), models.F('hour'), name='one_mark_per_hour')],
            },
        ),
        migrations.CreateModel(
            name='TallyPart',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('hour', models.DateTimeField()),
                ('hours', models.PositiveSmallIntegerField(default=1)),
                ('platform', models.CharField(max_length=20)),
                ('channel', models.CharField(max_length=6)),
                ('kind', models.CharField(choices=[('platform', 'Platform'), ('model', 'Model'), ('embedding', 'Embedding'), ('tool', 'Tool')], max_length=9)),
                ('name', models.CharField(max_length=120)),
                ('n', models.PositiveIntegerField()),
                ('failed', models.PositiveIntegerField(default=0)),
                ('usd', models.DecimalField(decimal_places=8, default=0, max_digits=16)),
                ('agent', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='agents.agent')),
                ('version', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='agents.agentversion')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['workspace', 'hours', 'hour'], name='tally_parts_by_hours')],
            },
        ),
        migrations.RunSQL(MARK_THE_PAST, migrations.RunSQL.noop),
    ]
