"""What is left of calls that were removed: nothing but that they must not come back."""

from django.conf import settings
from django.db import models

from accounts.models import Workspace
from base.fields import EncryptedTextField
from base.models import Row, WorkspaceQuerySet


class Tombstone(Row):
    """A call that was removed for good. Whatever is told of it later is dropped."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)  # keyed, of its platform and its id there, hex

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("workspace", "digest", name="one_tombstone_per_call")]

    def __str__(self) -> str:
        return f"tombstone {self.digest[:8]}"


class Erasure(Row):
    """One caller who is to be forgotten, and how far that has come. Their number goes when it is done."""

    class Status(models.TextChoices):
        WAITING = "waiting"  # for a worker, or for a call of theirs that still goes on
        RUNNING = "running"
        DONE = "done"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    caller = EncryptedTextField(blank=True, default="")  # digits; empty once it is done
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    about = models.PositiveIntegerField(default=0)  # calls found
    done = models.PositiveIntegerField(default=0)  # calls erased
    held = models.PositiveIntegerField(default=0)  # calls left, as they are under legal hold
    live = models.PositiveIntegerField(default=0)  # calls that still go on: they are waited for
    counts = models.JSONField(default=dict)  # {what: how many went}
    alive_at = models.DateTimeField(null=True)  # when its task was last heard of
    ended_at = models.DateTimeField(null=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="erasures_by_time"),
            models.Index(fields=["id"], condition=~models.Q(status="done"), name="erasures_under_way"),
        ]

    def __str__(self) -> str:
        return f"erasure, {self.status}"
