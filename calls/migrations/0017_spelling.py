"""Points in half of the memory, and the words that misspelt ones were meant to be."""

import importlib

import django.contrib.postgres.indexes
import django.db.models.deletion
import pgvector.django
import uuid_utils.compat
from django.db import migrations, models

BuildIndex = importlib.import_module("calls.migrations.0007_indexes_of_calls").BuildIndex
have_the_past_kept = importlib.import_module("calls.migrations.0012_words_of_calls").have_the_past_kept


def have_room(apps, schema_editor):
    """The index of points is built many times faster where it has room; it takes no more than it needs.

    By one process: several share all of that room from the beginning, and a container has 64 MB to share.
    """
    schema_editor.execute("SET maintenance_work_mem = '1GB'")
    schema_editor.execute("SET max_parallel_maintenance_workers = 0")


def be_as_before(apps, schema_editor):
    schema_editor.execute("RESET maintenance_work_mem")
    schema_editor.execute("RESET max_parallel_maintenance_workers")


class Migration(migrations.Migration):
    atomic = (
        False  # the index is built while calls are written, and no call is held longer than its piece takes
    )

    dependencies = [
        ("accounts", "0003_names_for_people"),
        ("calls", "0016_notes_that_stay"),
    ]

    operations = [
        migrations.CreateModel(
            name="Word",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("text", models.CharField(max_length=30)),
                ("sound", models.CharField(max_length=30)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["text"], name="words_spelt_alike", opclasses=["gin_trgm_ops"]
                    ),
                    models.Index(fields=["workspace", "sound"], name="words_that_sound_alike"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "text"), name="one_row_per_word")
                ],
            },
        ),
        migrations.RemoveIndex(model_name="embedding", name="nearest_embeddings"),
        migrations.AlterField(
            model_name="embedding",
            name="vector",
            field=pgvector.django.HalfVectorField(dimensions=256),
        ),
        migrations.RunPython(have_room, migrations.RunPython.noop),
        BuildIndex(
            model_name="embedding",
            index=pgvector.django.HnswIndex(
                fields=["vector"], name="nearest_embeddings", opclasses=["halfvec_cosine_ops"]
            ),
        ),
        migrations.RunPython(be_as_before, migrations.RunPython.noop),
        migrations.RunPython(have_the_past_kept, migrations.RunPython.noop),
    ]
