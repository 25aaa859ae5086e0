"""The index of what lies nearest is of distinct points, built while calls are written."""

import importlib

import pgvector.django
from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models

BuildIndex = importlib.import_module("calls.migrations.0007_indexes_of_calls").BuildIndex
with_room = importlib.import_module("calls.migrations.0017_spelling")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("calls", "0023_points"),
    ]

    operations = [
        migrations.RunPython(with_room.have_room, migrations.RunPython.noop),
        BuildIndex(
            model_name="point",
            index=pgvector.django.HnswIndex(
                fields=["vector"],
                opclasses=["halfvec_cosine_ops"],
                m=32,
                ef_construction=128,
                name="nearest_points",
            ),
        ),
        BuildIndex(
            model_name="embedding",
            index=models.Index(fields=["workspace", "model", "digest", "id"], name="who_said_it"),
        ),
        migrations.RunPython(with_room.be_as_before, migrations.RunPython.noop),
        RemoveIndexConcurrently(model_name="embedding", name="nearest_embeddings"),
    ]
