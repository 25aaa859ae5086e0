"""What the frame around every page needs to know."""

from typing import Any

from django.http import HttpRequest

from accounts.models import Membership, Role
from accounts.permissions import Permission
from base.theme import theme_of


def shell(request: HttpRequest) -> dict:
    """theme, and for somebody signed in: viewer, workspace, role, whether they manage it, and the workspaces
    they can switch to."""
    context: dict[str, Any] = {"theme": theme_of(request)}
    viewer = getattr(request, "viewer", None)
    if viewer and viewer.user_id:
        memberships = Membership.objects.filter(user_id=viewer.user_id).select_related("workspace")
        context |= {
            "viewer": viewer,
            "workspace": request.workspace,
            "role_name": Role(viewer.role).label,
            "manages": viewer.may(Permission.MANAGE_WORKSPACE),
            "workspaces": [membership.workspace for membership in memberships.order_by("id")],
        }
    return context
