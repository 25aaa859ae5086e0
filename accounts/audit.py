"""The log of who did what. Rows are only ever added; the database refuses to change or remove one."""

from uuid import UUID

from accounts.models import AuditEntry, User, Workspace
from base.trace import current_trace_id


def note(
    action: str,
    *,
    workspace: Workspace | UUID | None,
    actor: User | UUID | None,
    target: str = "",
    detail: dict | None = None,
) -> AuditEntry:
    """Write down one act in the caller's transaction, so that neither exists without the other.

    `action` is "session.login", `target` is "call:<id>". `detail` holds ids and settings, never a name,
    a number or anybody's words: erasing a person must not need to touch this log.
    """
    return AuditEntry.objects.create(
        workspace_id=getattr(workspace, "pk", workspace),
        actor_id=getattr(actor, "pk", actor),
        action=action,
        target=target,
        detail=detail or {},
        trace_id=current_trace_id(),
    )
