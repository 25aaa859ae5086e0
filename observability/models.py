"""What browsers told us went wrong. Model calls and deliveries keep their own rows in their own rooms."""

from django.conf import settings
from django.db import models

from accounts.models import Workspace
from base.models import Row, WorkspaceQuerySet


class BrowserReport(Row):
    """Something that went wrong in somebody's browser. Holds no words of a call."""

    class Kind(models.TextChoices):
        ERROR = "error"
        REJECTION = "unhandledrejection"
        CSP = "csp", "Content security policy"
        STALL = "stall"  # a stream without a sign of life
        RECONNECT = "reconnect"  # a stream that dropped and came back; `detail` has how long

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind)
    message = models.CharField(max_length=500, blank=True)
    source = models.CharField(max_length=300, blank=True)  # the script or stream, without its query
    line = models.PositiveIntegerField(null=True)
    column = models.PositiveIntegerField(null=True)
    stack = models.TextField(blank=True)
    page = models.CharField(max_length=300, blank=True)  # path only
    count = models.PositiveIntegerField(default=1)  # the same again from the same page is counted, not kept
    detail = models.JSONField(default=dict)
    user_agent = models.CharField(max_length=300, blank=True)
    version = models.CharField(max_length=40, blank=True)  # of our static files, as the page had them
    # The last trace id the page had seen when it happened, and the one of the report itself.
    last_trace_id = models.CharField(max_length=32, blank=True)
    trace_id = models.CharField(max_length=32, blank=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-id"])]

    def __str__(self) -> str:
        return f"{self.kind}: {self.message[:60]}"
