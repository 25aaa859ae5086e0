"""Pages of origins that the settings name may ask the JSON API: with a token, never with a cookie."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

# Headers of ours that pages of other origins may read.
EXPOSED = ", ".join(
    (
        "X-Trace-Id",
        "Retry-After",
        "X-RateLimit-Limit",
        "X-RateLimit-Remaining",
        "X-Conversation-Id",
        "X-Model-Name",
        "X-Model-Tier",
        "X-Fallback-Chain",
        "X-Vercel-AI-UI-Message-Stream",
    )
)


class CorsMiddleware:
    """Never says `Allow-Credentials`, so a browser that was to send our cookie shows its page no answer."""

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/") or not settings.CORS_ALLOWED_ORIGINS:
            return self.get_response(request)
        allowed = request.headers.get("origin") in settings.CORS_ALLOWED_ORIGINS
        asks_first = request.method == "OPTIONS" and "access-control-request-method" in request.headers
        response = HttpResponse(status=204) if allowed and asks_first else self.get_response(request)
        patch_vary_headers(response, ["Origin"])
        if allowed:
            response["Access-Control-Allow-Origin"] = request.headers["origin"]
            response["Access-Control-Expose-Headers"] = EXPOSED
            if asks_first:
                response["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE"
                response["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Traceparent"
                response["Access-Control-Max-Age"] = "600"
        return response
