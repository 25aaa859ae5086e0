"""The test app of the churn: calls and boards with a record, kept where nothing is broken."""

from functools import partial
from urllib.parse import parse_qs

import orjson
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import re_path

from base.trace import TraceMiddleware
from streaming import hub
from streaming.consumers import Admission, EventStreamConsumer, Topic
from tests.streaming.churn.record import Record

record = Record(settings.REDIS_URL)


async def everyone(viewers) -> set[str]:
    return set(viewers)


class KeptStream(EventStreamConsumer):
    async def admit(self) -> Admission:
        query = parse_qs(self.scope["query_string"].decode())
        names = query["topic"]
        topics = [
            Topic(
                name,
                tag={"call": name} if len(names) > 1 else {},
                snapshot=partial(record.entries, name),
                ended=await record.ended(name),
            )
            for name in names
        ]
        return Admission("", topics, everyone, query["person"][0])


async def held(scope, receive, send) -> None:
    """What this process holds for its readers."""
    here = hub.current()
    feeds = {feed for name in here.sources for feed, _ in here.sources[name].feeds}
    counts = {"connections": len(here.connections), "feeds": len(feeds), "topics": len(here.sources)}
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(counts)})


application = TraceMiddleware(
    ProtocolTypeRouter(
        {"http": URLRouter([re_path(r"^stream$", KeptStream.as_asgi()), re_path(r"^held$", held)])}
    )
)
