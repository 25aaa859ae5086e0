"""A small Channels app for the tests: whoever asks may watch what the address names.

`/stream?topic=a&topic=b` with `person`, `tagged=1` (each object says its topic), `ended=1` (the record says
so), `record=<JSON list of parts>` (the database), `wordless=1` (a filter), `badge=<name>` (loses permission
when Redis has the key `lost:<name>`).

`/shared/<board>?call=a&call=b` is one address for several, as the product has it: the topic `<board>` unless
`board=0`, and calls; 404 for those that Redis has as `gone:<call>`. `/open` lists the open streams, each with
its topics.
"""

from functools import partial
from urllib.parse import parse_qs

import orjson
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import re_path

from base.errors import answer
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


class SharedStream(EventStreamConsumer):
    async def admit(self) -> Admission:
        query = parse_qs(self.scope["query_string"].decode())
        calls, board = query.get("call", []), self.scope["url_route"]["kwargs"]["board"]
        redis = hub.current().log.redis
        if any([await redis.exists(f"gone:{call}") for call in calls]):
            raise Refused(404, "not_found", "There is no such call.")
        boards = [] if "board" in query else [Topic(board, tag={"board": True} if calls else {})]
        topics = [*boards, *(Topic(call, tag={"call": call}) for call in calls)]
        return Admission("", topics, still_allowed)


async def list_open(scope, receive, send) -> None:
    connections = hub.current().connections
    topics = [[topic.name for topic in connection.admission.topics] for connection in connections]
    await answer(send, 200, orjson.dumps(topics))


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
                    re_path(r"^shared/(?P<board>.+)$", SharedStream.as_asgi()),
                    re_path(r"^open$", list_open),
                    re_path(r"^static/", static_app),
                    re_path(r"^page$", page),
                ]
            )
        }
    )
)
