"""What browsers may do with our pages, beside the content security policy (which is in the settings)."""

from django.http import HttpRequest, HttpResponse

from base import tracing

_OFF = ("camera", "geolocation", "microphone", "payment", "usb", "display-capture", "browsing-topics")
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in _OFF)


class HeadersMiddleware:
    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if match := request.resolver_match:
            tracing.route(request.method or "", match.route)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # Pages and answers hold what callers said: no proxy may keep them.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response
