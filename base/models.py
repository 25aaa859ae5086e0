"""What every row has, and the one way to ask for a workspace's rows."""

from typing import Any, Self

from django.db import models

from base.ids import uuid7


class WorkspaceQuerySet(models.QuerySet):
    """Rows that hang off a workspace. Tenancy is in the query: views never filter by workspace themselves."""

    def for_workspace(self, workspace: Any) -> Self:
        """Only rows of `workspace` (a Workspace or its id)."""
        return self.filter(workspace_id=getattr(workspace, "pk", workspace))


class Row(models.Model):
    """A row with a UUIDv7 key and the time it was written."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
