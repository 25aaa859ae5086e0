"""Tells every view who is asking: `request.viewer` and `request.workspace`, both None for a stranger."""

from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts import access
from accounts.models import User, Workspace
from accounts.sessions import WORKSPACE

_SEEN_EVERY = timedelta(minutes=1)


class ViewerMiddleware:
    """Synchronous on purpose: with it Django runs the whole chain on one thread a request, not a hop each."""

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest):
        request.viewer = request.workspace = None
        user = request.user
        token = access.bearer_of(request.headers.get("authorization", ""), request.path)
        if token is not None:
            self.admit_program(request, token)
        elif user.is_authenticated:
            self.admit_person(request, user)
        return self.get_response(request)

    def admit_program(self, request: HttpRequest, token: str) -> None:
        # A token rules out the cookie that may travel along. A browser never adds one by itself, so no CSRF.
        request.user = AnonymousUser()
        request._dont_enforce_csrf_checks = True
        request.viewer = access.viewer_of_token(access.digest(token))
        if request.viewer:
            workspace_id = request.viewer.workspace_id
            # Few operations ask for more of it than its id, which is the viewer's.
            request.workspace = SimpleLazyObject(lambda: Workspace.objects.get(pk=workspace_id))

    def admit_person(self, request: HttpRequest, user: User) -> None:
        places = access.memberships_of(user)
        membership = access.current(places, request.session.get(WORKSPACE))
        request.workspaces = [place.workspace for place in places]
        if membership:
            request.viewer = access.viewer_of_member(user, membership, request.session.session_key or "")
            request.workspace = membership.workspace
        now = timezone.now()
        if user.last_seen_at is None or user.last_seen_at < now - _SEEN_EVERY:
            User.objects.filter(pk=user.pk).update(last_seen_at=now)
