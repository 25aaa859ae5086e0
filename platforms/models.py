"""A workspace's account at a voice platform."""

from django.db import models

from accounts.models import Workspace
from base.fields import EncryptedTextField
from base.models import Row, WorkspaceQuerySet


class Connection(Row):
    class Platform(models.TextChoices):
        RETELL = "retell", "Retell"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="connections")
    platform = models.CharField(max_length=20, choices=Platform)
    name = models.CharField(max_length=80)
    base_url = models.URLField(blank=True)  # the platform's REST API; empty means the vendor's own
    api_key = EncryptedTextField(blank=True)
    webhook_secret = EncryptedTextField(blank=True)
    # Whether we made it. One that the platform made is never shown again, to anybody.
    webhook_secret_is_ours = models.BooleanField(default=True)
    # Still accepted while a rotation is under way.
    previous_webhook_secret = EncryptedTextField(blank=True)
    previous_webhook_secret_is_ours = models.BooleanField(default=True)
    rotated_at = models.DateTimeField(null=True)  # when the rotation under way began; null: none is

    objects = WorkspaceQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.get_platform_display()})"
