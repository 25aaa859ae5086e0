"""What is measured: our consumer as the product runs it, and stock Channels, behind the same routing.

uvicorn bench.apps:application
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from channels.generic.http import AsyncHttpConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import re_path  # noqa: E402

from base.errors import ErrorBoundary  # noqa: E402
from base.trace import TraceMiddleware  # noqa: E402
from streaming import sse  # noqa: E402
from streaming.consumers import Admission, EventStreamConsumer, Topic  # noqa: E402

CALLS = 20


async def everyone(viewers) -> set:
    return set(viewers)


class Product(EventStreamConsumer):
    """Who may watch is not measured here; positions, leases, pulses and rechecks are."""

    async def admit(self) -> Admission:
        call = self.scope["url_route"]["kwargs"]["call"]
        names = [str(n) for n in range(CALLS)] if call == "all" else [call]
        tagged = len(names) > 1
        topics = [Topic(f"bench:{name}", tag={"call": name} if tagged else {}) for name in names]
        return Admission("viewer", topics, everyone, person="bench")


class Stock(AsyncHttpConsumer):
    """What Channels' documentation leads to: a group for each call, `group_send` for each token."""

    async def http_request(self, message) -> None:
        call = self.scope["url_route"]["kwargs"]["call"]
        names = [str(n) for n in range(CALLS)] if call == "all" else [call]
        self.groups = [f"bench-{name}" for name in names]
        self.sent = 0
        for group in self.groups:
            await self.channel_layer.group_add(group, self.channel_name)
        await self.send_headers(headers=sse.HEADERS)
        await self.send_body(sse.pulse(), more_body=True)

    async def token(self, event) -> None:
        self.sent += 1
        await self.send_body(f"id: {self.sent}\ndata: {event['data']}\n\n".encode(), more_body=True)

    async def disconnect(self) -> None:
        for group in self.groups:
            await self.channel_layer.group_discard(group, self.channel_name)


routes = [
    re_path(r"^product/(?P<call>\w+)$", Product.as_asgi()),
    re_path(r"^stock/(?P<call>\w+)$", Stock.as_asgi()),
]
application = TraceMiddleware(ErrorBoundary(ProtocolTypeRouter({"http": URLRouter(routes)})))
