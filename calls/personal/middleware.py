"""What is shown in answer to a request is masked for whoever asks."""

from functools import cache, partial

from django.http import HttpRequest

from accounts.permissions import Permission
from calls.personal import seeing


class MaskMiddleware:
    """Synchronous, as all of the chain is. Nothing is looked up until there are words to show."""

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest):
        viewer = request.viewer  # put there by accounts.middleware
        if viewer is None or not viewer.may(Permission.SEE_WORDS):
            return self.get_response(request)
        # Made out once: a page asks for each of its texts.
        with seeing.through(cache(partial(seeing.mask_for, viewer.workspace_id, viewer.role))):
            return self.get_response(request)
