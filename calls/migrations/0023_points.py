"""Each text lies at one point, however many say it."""

import django.db.models.deletion
import pgvector.django
import uuid_utils.compat
from django.db import migrations, models

# A row of it that says the text lends its id.
FILL = """
INSERT INTO calls_point (id, created_at, workspace_id, model, digest, vector)
SELECT DISTINCT ON (workspace_id, model, digest) id, now(), workspace_id, model, digest, vector
FROM calls_embedding ORDER BY workspace_id, model, digest
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_names_for_people"),
        ("calls", "0022_indexes_of_privacy"),
    ]

    operations = [
        migrations.CreateModel(
            name="Point",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("model", models.CharField(max_length=60)),
                ("digest", models.CharField(max_length=16)),
                ("vector", pgvector.django.HalfVectorField(dimensions=256)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "model", "digest"), name="one_point_per_text"
                    )
                ],
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
