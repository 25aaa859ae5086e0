"""A small Channels app for the tests: whoever asks may watch what the address names.

`/stream?topic=a&topic=b` with `person`, `tagged=1` (each object says its topic), `ended=1` (the record says
so), `record=<JSON list of parts>` (the database), `wordless=1` (a filter), `badge=<name>` (loses permission
when Redis has the key `lost:<name>`).
"""

from functools import partial
from urllib.parse import parse_qs

import orjson
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import re_path

from base.static import static_app
from base.trace import TraceMiddleware
from streaming import hub
from streaming.consumers import Admission, EventStreamConsumer, Refused, Topic
from streaming.log import Entry


async def record(parts: list[dict]) -> list[Entry]:
    return [
        Entry(
            part,
            group=part.get("id", ""),
            whole=part["type"].startswith("data-"),
            end=part["type"] == "finish",
        )
        for part in parts
    ]


async def still_allowed(badges) -> set[str]:
    redis = hub.current().log.redis
    return {badge for badge in badges if not badge or not await redis.exists(f"lost:{badge}")}


def without_words(part: dict) -> dict | None:
    return None if part["type"] == "text-delta" else part


class AnyStream(EventStreamConsumer):
    async def admit(self) -> Admission:
        query = parse_qs(self.scope["query_string"].decode())
        if "topic" not in query:
            raise Refused(404, "not_found", "There is no such call.")
        parts = orjson.loads(query["record"][0]) if "record" in query else None
        topics = [
            Topic(
                name,
                tag={"call": name} if "tagged" in query else {},
                snapshot=partial(record, parts) if parts is not None else None,
                filter=without_words if "wordless" in query else None,
                ended="ended" in query,
            )
            for name in query["topic"]
        ]
        badge, person = query.get("badge", [""])[0], query.get("person", [""])[0]
        return Admission(badge, topics, still_allowed, person)


async def page(scope, receive, send) -> None:
    """An empty page under a strict policy, for the browser tests."""
    headers = [
        (b"content-type", b"text/html"),
        (b"content-security-policy", b"default-src 'none'; script-src 'self'; connect-src 'self'"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"<!doctype html><title>stream</title><p>A page"})


application = TraceMiddleware(
    ProtocolTypeRouter(
        {
            "http": URLRouter(
                [
                    re_path(r"^stream$", AnyStream.as_asgi()),
                    re_path(r"^static/", static_app),
                    re_path(r"^page$", page),
                ]
            )
        }
    )
)
