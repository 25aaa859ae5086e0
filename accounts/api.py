"""Who may ask the JSON API for what: a program with its token, or a person with their session."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from ninja.security import HttpBearer
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from accounts.access import Viewer
from accounts.permissions import Permission, least_role


class Token(HttpBearer):
    """`Authorization: Bearer es_…`, which accounts.middleware has looked up by now."""

    openapi_description = "An API token, made in Settings, API tokens."

    def __init__(self, permission: Permission) -> None:
        super().__init__()
        self.permission = permission

    def __call__(self, request: HttpRequest) -> Viewer | None:
        viewer = request.viewer
        return _admitted(viewer, self.permission) if viewer and viewer.token_id else None

    def authenticate(self, request: HttpRequest, token: str) -> Viewer | None:
        return self(request)


class Session(AuthBase):
    """The cookie of somebody who signed in. Anything but reading also needs the page's `X-CSRFToken`."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME
    openapi_description = "Somebody signed in. POST also needs `X-CSRFToken`."

    def __init__(self, permission: Permission) -> None:
        super().__init__()
        self.permission = permission

    def __call__(self, request: HttpRequest) -> Viewer | None:
        if not request.user.is_authenticated:
            return None
        if request.viewer is None:
            raise PermissionDenied("You aren’t a member of any workspace. Ask an admin to add you.")
        if check_csrf(request):
            raise PermissionDenied("The X-CSRFToken header is missing or out of date.")
        return _admitted(request.viewer, self.permission)


def access(permission: Permission) -> list[AuthBase]:
    """For `auth=` of an operation: 401 for a stranger, 403 for a role without `permission`."""
    return [Token(permission), Session(permission)]


def _admitted(viewer: Viewer, permission: Permission) -> Viewer:
    if not viewer.may(permission):
        raise PermissionDenied(f"This needs the {least_role(permission).label} role.")
    return viewer
