"""Who may open a view."""

from collections.abc import Callable
from functools import wraps

from asgiref.sync import iscoroutinefunction
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.permissions import Permission, least_role
from base.errors import json_error, wants_json


def requires(permission: Permission) -> Callable:
    """Open the view (sync or async) only to those whose role includes `permission`.

    A stranger signs in first and then arrives where they were going; a member without it gets the 403 page,
    which says which role has it. Programs get 401 and 403 in the JSON shape.
    """

    def decorate(view: Callable) -> Callable:
        if iscoroutinefunction(view):

            @wraps(view)
            async def guarded(request: HttpRequest, *args, **kwargs):
                return refusal(request, permission) or await view(request, *args, **kwargs)

        else:

            @wraps(view)
            def guarded(request: HttpRequest, *args, **kwargs):
                return refusal(request, permission) or view(request, *args, **kwargs)

        guarded.permission = permission
        return guarded

    return decorate


def refusal(request: HttpRequest, permission: Permission) -> HttpResponse | None:
    """The answer for somebody who may not, or None. Raises PermissionDenied for the 403 page."""
    if request.viewer is None:
        if request.user.is_authenticated:
            raise PermissionDenied("You aren’t a member of any workspace. Ask an admin to add you.")
        if wants_json(request):
            return json_error(401)
        return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
    if not request.viewer.may(permission):
        raise PermissionDenied(f"You need the {least_role(permission).label} role.")
    return None
