"""A small Channels app for the tests: whoever asks may watch what the address names.

`/stream?topic=a&topic=b` with `person`, `tagged=1` (each object says its topic), `ended=1` (the record says so),
`record=<JSON list of parts>` (what the database would say), `loses=<file>` (permission is lost when it exists).
"""

import os
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

import orjson
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import re_path

from base.trace import TraceMiddleware
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


async def still_allowed(viewers) -> set:
    return {viewer for viewer in viewers if not viewer or not Path(viewer).exists()}


def without_words(part: dict) -> dict | None:
    return None if part["type"] == "text-delta" else part


class AnyStream(EventStreamConsumer):
    async def admit(self) -> Admission:
        query = {key: values for key, values in parse_qs(self.scope["query_string"].decode()).items()}
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
        return Admission(
            query.get("loses", [""])[0], topics, still_allowed, person=query.get("person", [""])[0]
        )


application = TraceMiddleware(
    ProtocolTypeRouter({"http": URLRouter([re_path(r"^stream$", AnyStream.as_asgi())])})
)
