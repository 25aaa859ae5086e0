"""What people keep of the list of calls: views of it, and copies to take away."""

from django.conf import settings
from django.db import models

from accounts.models import ApiToken, Workspace
from base.models import Row, WorkspaceQuerySet


class SavedView(Row):
    """A list somebody comes back to: what it is narrowed by, and what it shows."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=4_000, blank=True)  # the address's, as calls/filters writes it
    columns = models.JSONField(default=list)  # names, in order; empty: the usual ones
    is_shared = models.BooleanField(default=False)  # with everybody in the workspace
    position = models.PositiveIntegerField(default=0)  # among its owner's

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["position", "created_at"]
        constraints = [
            models.UniqueConstraint("workspace", "owner", "name", name="one_view_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Export(Row):
    """A list as a file. It is made by a task, and kept for a day."""

    class Format(models.TextChoices):
        CSV = "csv"
        JSONL = "jsonl"

    class Status(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        STOPPED = "stopped"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    asked_by_program = models.ForeignKey(ApiToken, on_delete=models.SET_NULL, null=True, related_name="+")
    # What whoever asked may see was decided then; it is asked again before the file is handed out.
    with_words = models.BooleanField(default=False)
    query = models.CharField(max_length=4_000, blank=True)
    zone = models.CharField(max_length=80, default="UTC")  # whose days the query means
    columns = models.JSONField(default=list)
    format = models.CharField(max_length=5, choices=Format)
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    about = models.PositiveIntegerField(default=0)  # how many calls were expected
    done = models.PositiveIntegerField(default=0)
    alive_at = models.DateTimeField(null=True)  # when its task was last heard of
    ended_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)
    # It is made in parts, one behind the other; whoever makes the next goes on behind the last call of these.
    files = models.JSONField(default=list)  # their names in the storage
    last_started_at = models.DateTimeField(null=True)
    last_call = models.UUIDField(null=True)
    size = models.PositiveBigIntegerField(default=0)  # bytes of all of them

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-created_at"], name="exports_by_time")]

    def __str__(self) -> str:
        return f"{self.format} export, {self.status}"
