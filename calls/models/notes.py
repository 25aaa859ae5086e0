"""What people say about calls among themselves."""

from django.conf import settings
from django.db import models

from accounts.models import Workspace
from base.models import Row, WorkspaceQuerySet
from calls.models.calls import Call, Turn


class Note(Row):
    """A remark about a call or a turn of it. What answers a note is its thread."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="notes")
    # Null: it is about the call. A turn may turn out to be part of another: what was said of it stays.
    turn = models.ForeignKey(Turn, on_delete=models.SET_NULL, null=True, related_name="+")
    answers = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="thread")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # Those whom it mentions stand in it by id, "@[019a…]" (calls/notes/people.py).
    text = models.TextField(max_length=4_000)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)  # its text is gone; it stands for those that answer it
    resolved_at = models.DateTimeField(null=True)  # of the first of a thread
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["workspace", "-created_at"], name="notes_by_time")]

    def __str__(self) -> str:
        return f"note on {self.call_id}"


class Review(Row):
    """A call that somebody should listen to, and what came of it."""

    class Reason(models.TextChoices):
        PERSON = "person"  # somebody put it there
        SAMPLE = "sample"  # drawn for a scorecard
        SCORE = "score"  # its score is low

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="reviews")
    reason = models.CharField(max_length=6, choices=Reason, default=Reason.PERSON)
    comment = models.CharField(max_length=400, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    verdict = models.CharField(max_length=400, blank=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["call"], condition=models.Q(done_at=None), name="one_open_review_per_call"
            )
        ]
        indexes = [
            models.Index(
                fields=["workspace", "created_at"], condition=models.Q(done_at=None), name="reviews_open"
            ),
            models.Index(fields=["workspace", "-done_at"], name="reviews_done"),
        ]

    def __str__(self) -> str:
        return f"review of {self.call_id}"
