"""The index of what lies nearest, built with the widest look around each point that pgvector has; the one
before serves meanwhile."""

import importlib

import pgvector.django
from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations

BuildIndex = importlib.import_module("calls.migrations.0007_indexes_of_calls").BuildIndex
with_room = importlib.import_module("calls.migrations.0017_spelling")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("calls", "0027_who_asked_for_an_export"),
    ]

    operations = [
        migrations.RunPython(with_room.have_room, migrations.RunPython.noop),
        BuildIndex(
            model_name="point",
            index=pgvector.django.HnswIndex(
                fields=["vector"],
                opclasses=["halfvec_cosine_ops"],
                m=32,
                ef_construction=1000,
                name="nearest_points",
            ),
        ),
        migrations.RunPython(with_room.be_as_before, migrations.RunPython.noop),
        RemoveIndexConcurrently(model_name="point", name="nearest_texts"),
    ]
