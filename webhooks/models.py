"""What platforms told us: every proven delivery as it came, and a trace of those that proved nothing."""

from django.db import models

from accounts.models import Workspace
from base.models import Row, WorkspaceQuerySet
from calls.models import Call
from platforms.models import Connection


class Delivery(Row):
    """One proven webhook. The row is the queue of record: written before the platform is answered.

    `created_at` is when it came first. A platform's retry repeats the body, so the body's hash makes it the
    same delivery; `repeats` counts them.
    """

    class Status(models.TextChoices):
        PENDING = "pending"  # to be applied; with attempts, it has failed and is tried again
        APPLIED = "applied"
        IGNORED = "ignored"  # kept, and says nothing: an event we have no use for, a test
        DEAD = "dead"  # a dead letter: `error` says why, and a replay tries again

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    # No index of its own: `deliveries_by_kind` and the unique key both begin with it.
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    platform = models.CharField(max_length=20)
    kind = models.CharField(max_length=60, blank=True)  # the platform's own name of the event
    platform_call_id = models.CharField(max_length=100, blank=True)
    call = models.ForeignKey(Call, on_delete=models.SET_NULL, null=True, related_name="deliveries")
    digest = models.CharField(max_length=64)  # SHA-256 of the body, hex
    body = models.BinaryField(null=True)  # as received; null once erased
    size = models.PositiveIntegerField()  # bytes of the body
    headers = models.JSONField(default=dict)  # name → value, redacted
    signed_at = models.DateTimeField(null=True)  # by the platform's clock
    trace_id = models.CharField(max_length=32, blank=True)
    repeats = models.PositiveIntegerField(default=0)
    repeated_at = models.DateTimeField(null=True)

    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)  # not to be tried before; null: at once
    claimed_until = models.DateTimeField(null=True)  # a worker has it; free again after this
    applied_at = models.DateTimeField(null=True)  # or settled in another way
    processing_ms = models.PositiveIntegerField(null=True)  # what applying took, of the last attempt
    error = models.CharField(max_length=300, blank=True)  # why the last attempt failed; no words of a call
    replays = models.PositiveSmallIntegerField(default=0)
    replayed_at = models.DateTimeField(null=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("connection", "digest", name="one_delivery_per_body")]
        indexes = [
            models.Index(fields=["workspace", "-id"]),
            models.Index(fields=["connection", "kind", "id"], name="deliveries_by_kind"),
            models.Index(fields=["workspace", "platform_call_id"], name="deliveries_by_call"),
            models.Index(
                fields=["connection", "platform_call_id"],
                condition=models.Q(status="pending"),
                name="pending_by_call",
            ),
            models.Index(fields=["due_at"], condition=models.Q(status="pending"), name="pending_by_time"),
            models.Index(
                fields=["workspace", "-id"],
                condition=models.Q(status="dead") | models.Q(status="pending", attempts__gt=0),
                name="failing_deliveries",
            ),
            models.Index(
                fields=["workspace", "-id"], condition=models.Q(status="ignored"), name="ignored_deliveries"
            ),
        ]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.platform} {self.kind} {self.pk}"


class Unproven(Row):
    """What came to a connection's address without proof: how often, and the last headers. Never a body."""

    KEPT = 20

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="unproven")
    count = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()
    # Newest first: {"at": ISO, "reason", "trace_id", "headers": {name: value, redacted}}.
    recent = models.JSONField(default=list)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "unproven attempts"

    def __str__(self) -> str:
        return f"{self.count} at {self.connection}"
