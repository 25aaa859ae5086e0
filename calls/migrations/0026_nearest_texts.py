"""The index of what lies nearest, built with a wider look around each point; the one before serves meanwhile."""

import importlib

import pgvector.django
from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations

BuildIndex = importlib.import_module("calls.migrations.0007_indexes_of_calls").BuildIndex
with_room = importlib.import_module("calls.migrations.0017_spelling")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("calls", "0025_reading_zone"),
    ]

    operations = [
        migrations.RunPython(with_room.have_room, migrations.RunPython.noop),
        BuildIndex(
            model_name="point",
            index=pgvector.django.HnswIndex(
                fields=["vector"],
                opclasses=["halfvec_cosine_ops"],
                m=32,
                ef_construction=400,
                name="nearest_texts",
            ),
        ),
        migrations.RunPython(with_room.be_as_before, migrations.RunPython.noop),
        RemoveIndexConcurrently(model_name="point", name="nearest_points"),
    ]
