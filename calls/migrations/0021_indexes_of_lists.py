"""What lists of calls are narrowed and sorted by, built while calls are written."""

import importlib

from django.db import migrations, models

BuildIndex = importlib.import_module("calls.migrations.0007_indexes_of_calls").BuildIndex
Q = models.Q
LENGTH = models.ExpressionWrapper(
    models.F("ended_at") - models.F("started_at"), output_field=models.DurationField()
)
INDEXES = [
    models.Index(
        fields=["workspace", "total_usd", "id"], condition=Q(total_usd__isnull=False), name="calls_by_cost"
    ),
    models.Index(
        fields=["workspace", "reply_p95_ms", "id"],
        condition=Q(reply_p95_ms__isnull=False),
        name="calls_by_latency",
    ),
    models.Index(
        fields=["workspace", "score", "id"], condition=Q(score__isnull=False), name="calls_by_score"
    ),
    models.Index(models.F("workspace"), LENGTH, models.F("id"), name="calls_by_length"),
    models.Index(
        fields=["workspace", "outcome", "-started_at", "-id"],
        condition=~Q(outcome=""),
        name="calls_by_outcome",
    ),
    models.Index(
        fields=["workspace", "sentiment", "-started_at", "-id"],
        condition=~Q(sentiment=""),
        name="calls_by_sentiment",
    ),
    models.Index(
        fields=["workspace", "channel", "-started_at", "-id"],
        condition=~Q(channel="phone"),
        name="calls_by_channel",
    ),
    models.Index(fields=["workspace", "-started_at", "-id"], condition=~Q(alerts=[]), name="calls_escalated"),
    models.Index(fields=["workspace"], condition=~Q(tags=[]), name="calls_tagged"),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("calls", "0020_exports_in_parts"),
    ]

    operations = [BuildIndex(model_name="call", index=index) for index in INDEXES]
