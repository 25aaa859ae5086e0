"""Calls that must not be deleted for now."""

from django.conf import settings
from django.db import models

from accounts.models import Workspace
from base.models import Row, WorkspaceQuerySet
from calls.models.calls import Call


class LegalHold(Row):
    """What retention and erasure leave alone until it is lifted: one call, or all of one caller."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    call = models.ForeignKey(Call, on_delete=models.CASCADE, null=True, related_name="holds")
    caller = models.CharField(max_length=60, blank=True)  # a number, in digits as it is dialled
    reason = models.CharField(max_length=200)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(call=None) ^ models.Q(caller=""), name="hold_on_a_call_or_a_caller"
            )
        ]
        indexes = [
            models.Index(
                fields=["workspace", "caller"], condition=models.Q(lifted_at=None), name="holds_on_callers"
            ),
            models.Index(fields=["call"], condition=models.Q(lifted_at=None), name="holds_on_calls"),
        ]

    def __str__(self) -> str:
        return f"hold on {self.call_id or self.caller}"
