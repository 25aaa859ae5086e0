"""What a call sounded like."""

from django.db import models

from accounts.models import Workspace
from base.fields import EncryptedTextField
from base.models import Row, WorkspaceQuerySet
from calls.models.calls import Call


class Recording(Row):
    """Its sound, fetched once from the platform and kept with us (calls/recordings)."""

    class Status(models.TextChoices):
        WAITING = "waiting"  # told of, not fetched yet
        KEPT = "kept"
        MISSING = "missing"  # it could not be had: `reason` says why
        REMOVED = "removed"  # by retention, or because somebody asked: `reason` says why

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    call = models.OneToOneField(Call, on_delete=models.CASCADE, related_name="recording")
    # The platform's address of it: whoever has that can listen. Empty once it is fetched.
    source = EncryptedTextField(blank=True, default="")
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    reason = models.CharField(max_length=200, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    fetch_after = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    file = models.FileField(max_length=200, blank=True)
    content_type = models.CharField(max_length=60, blank=True)
    size = models.PositiveBigIntegerField(default=0)  # bytes
    duration_ms = models.PositiveIntegerField(null=True)
    # Of two, the first is the caller's and the second the agent's.
    channels = models.PositiveSmallIntegerField(default=0)
    offset_ms = models.IntegerField(default=0)  # of its beginning, since the call began
    # Loudest in each piece of the time, 0 to 255, a list for each channel; a piece is `peak_ms` long.
    peaks = models.JSONField(default=list)
    peak_ms = models.PositiveIntegerField(default=0)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["fetch_after"], condition=models.Q(status="waiting"), name="recordings_to_fetch"
            ),
            models.Index(
                fields=["workspace", "fetched_at"],
                condition=models.Q(status="kept"),
                name="recordings_kept",
            ),
        ]

    def __str__(self) -> str:
        return f"recording of {self.call_id}, {self.status}"
