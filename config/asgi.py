"""What the web process serves: streams, sockets and static files beside Django, the rest through it."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django = get_asgi_application()  # first: it readies the models that the rooms below import

from base.errors import ErrorBoundary, refuse_socket  # noqa: E402
from base.static import static_app  # noqa: E402
from base.trace import TraceMiddleware  # noqa: E402
from base.tracing import spanned  # noqa: E402
from config.lifespan import lifespan  # noqa: E402
from live import routing as live  # noqa: E402
from observability.probes import probes  # noqa: E402
from webhooks.receiver import receiving  # noqa: E402

# Rooms add their streams and sockets here; tests/access walks both lists.
http_routes: list = [*live.http_routes]
socket_routes: list = [*live.socket_routes]


def forwarded(app):
    """Who is calling, by the word of a proxy we trust. A webhook proves itself, so nobody asks there."""
    return ProxyHeadersMiddleware(app, os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1"))


rooms = ProtocolTypeRouter(
    {
        "http": receiving(
            forwarded(
                URLRouter(
                    [
                        *http_routes,
                        re_path(r"^static/", static_app),
                        re_path(r"^(?:healthz|readyz|metrics)/?$", probes),
                        re_path(r"", django),
                    ]
                )
            )
        ),
        "websocket": URLRouter([*socket_routes, re_path(r"", refuse_socket)]),
        "lifespan": lifespan,
    }
)
application = TraceMiddleware(spanned(ErrorBoundary(rooms), [*http_routes, *socket_routes]))
