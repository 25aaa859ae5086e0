"""What Channels' documentation leads to: a group for each call, `group_send` for each token.

BENCH_LAYER=channels_redis.core.RedisChannelLayer uvicorn bench.peers.stock:application
"""

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
gc.set_threshold(700, 10, 10)  # Python's own: what config/__init__.py sets is ours, and no part of stock

from channels.generic.http import AsyncHttpConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import re_path  # noqa: E402

from bench.speech import CALLS  # noqa: E402
from streaming import sse  # noqa: E402

settings.CHANNEL_LAYERS = {
    "default": {"BACKEND": os.environ["BENCH_LAYER"], "CONFIG": {"hosts": [settings.REDIS_URL]}}
}


class Stock(AsyncHttpConsumer):
    async def http_request(self, message) -> None:
        asked = self.scope["url_route"]["kwargs"]
        calls = range(CALLS) if asked["call"] == "all" else [asked["call"]]
        self.groups = [f"bench-{asked['run']}-{call}" for call in calls]
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


application = ProtocolTypeRouter(
    {"http": URLRouter([re_path(r"^(?P<run>\d+)/(?P<call>\w+)$", Stock.as_asgi())])}
)
