"""What the frame around every page needs to know."""

from typing import Any

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from accounts.access import Viewer
from accounts.models import Role
from accounts.permissions import Permission
from base.theme import theme_of


def shell(request: HttpRequest) -> dict:
    """theme, and for somebody signed in: viewer, viewer_key, workspace, role, whether they manage it, may
    chat, search what was said and edit agents, and the workspaces they can switch to."""
    context: dict[str, Any] = {"theme": theme_of(request)}
    viewer = getattr(request, "viewer", None)
    if viewer and viewer.user_id:
        context |= {
            "viewer": viewer,
            "viewer_key": _key_of(viewer),
            "workspace": request.workspace,
            "role_name": Role(viewer.role).label,
            "manages": viewer.may(Permission.MANAGE_WORKSPACE),
            "may_chat": viewer.may(Permission.CHAT),
            "may_search": viewer.may(Permission.SEE_WORDS),
            "may_edit_agents": viewer.may(Permission.EDIT_AGENTS),
            "workspaces": request.workspaces,
        }
    return context


def _key_of(viewer: Viewer) -> str:
    """Tabs with the same key may share a connection. It changes with the session and with the workspace."""
    return salted_hmac("viewer", f"{viewer.session_key} {viewer.workspace_id}").hexdigest()[:20]
