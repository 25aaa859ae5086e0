"""Indexes of what was said about calls afterwards, built while calls are written."""

import importlib

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

BuildIndex = importlib.import_module("calls.migrations.0007_indexes_of_calls").BuildIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("calls", "0013_history_in_full"),
    ]

    operations = [
        BuildIndex(
            model_name="call",
            index=models.Index(condition=models.Q(("kept_at", None)), fields=["started_at"], name="calls_to_keep"),
        ),
        BuildIndex(model_name="call", index=GinIndex(fields=["tags"], name="calls_by_tag")),
        BuildIndex(model_name="call", index=GinIndex(fields=["topics"], name="calls_by_topic")),
        BuildIndex(
            model_name="call",
            index=GinIndex(fields=["fields"], name="calls_by_field", opclasses=["jsonb_path_ops"]),
        ),
    ]
