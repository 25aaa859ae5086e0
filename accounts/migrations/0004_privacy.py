import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models

import base.fields


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_names_for_people")]

    operations = [
        migrations.CreateModel(
            name="Privacy",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("retention", models.JSONField(default=dict)),
                ("masked", models.JSONField(default=dict)),
                ("key", base.fields.EncryptedTextField(blank=True, default="")),
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="privacy",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={"verbose_name_plural": "privacy"},
        ),
    ]
