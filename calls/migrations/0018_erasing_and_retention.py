import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import base.fields


def row(*fields):
    key = models.UUIDField(
        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
    )
    workspace = models.ForeignKey(
        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
    )
    return [
        ("id", key),
        ("created_at", models.DateTimeField(auto_now_add=True)),
        *fields,
        ("workspace", workspace),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_privacy"),
        ("calls", "0017_spelling"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("call", "words_removed_at", models.DateTimeField(null=True)),
        migrations.AddField("call", "numbers_removed_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="Tombstone",
            fields=row(("digest", models.CharField(max_length=64))),
            options={
                "constraints": [
                    models.UniqueConstraint("workspace", "digest", name="one_tombstone_per_call")
                ]
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=row(
                ("caller", base.fields.EncryptedTextField(blank=True, default="")),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("running", "Running"), ("done", "Done")],
                        default="waiting",
                        max_length=7,
                    ),
                ),
                ("about", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                ("held", models.PositiveIntegerField(default=0)),
                ("live", models.PositiveIntegerField(default=0)),
                ("counts", models.JSONField(default=dict)),
                ("alive_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ),
            options={
                "indexes": [
                    models.Index(fields=["workspace", "-created_at"], name="erasures_by_time"),
                    models.Index(
                        fields=["id"],
                        condition=models.Q(("status", "done"), _negated=True),
                        name="erasures_under_way",
                    ),
                ]
            },
        ),
    ]
