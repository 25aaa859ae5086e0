"""A collector of traces: takes OTLP over HTTP as OpenTelemetry's own does, and keeps what came."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from base import tracing


@dataclass
class Told:
    """A span as it came."""

    name: str
    kind: int
    trace_id: str
    id: str
    parent: str
    attributes: dict
    events: list[tuple[str, dict]]
    links: list[tuple[str, str]]
    failed: bool
    seconds: float
    process: dict
    words: bytes = field(repr=False)  # all of it, as it went over the wire


class Collector:
    def __init__(self) -> None:
        self.url = ""
        self.spans: list[Told] = []
        self.answers = 200

    def named(self, name: str) -> list[Told]:
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> Told:
        [span] = self.named(name)
        return span

    def wait_for(self, *names: str, seconds: float = 30) -> None:
        """Until a span of each name is over and here."""
        until = time.monotonic() + seconds
        while missing := set(names) - {span.name for span in self.spans}:
            assert time.monotonic() < until, f"{missing} did not come; there are {self.spans}"
            time.sleep(0.02)

    def take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            process = _plain(resource.resource.attributes)
            for scope in resource.scope_spans:
                self.spans += [_told(span, process) for span in scope.spans]


def _told(span, process: dict) -> Told:
    return Told(
        name=span.name,
        kind=span.kind,
        trace_id=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes=_plain(span.attributes),
        events=[(event.name, _plain(event.attributes)) for event in span.events],
        links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
        failed=span.status.code == 2,
        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        process=process,
        words=span.SerializeToString(),
    )


def _plain(attributes) -> dict:
    return {one.key: _value(one.value) for one in attributes}


def _value(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector at an address of its own."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path != "/v1/traces" or self.headers["content-type"] != "application/x-protobuf":
                self.send_error(400)
                return
            if collector.answers == 200:
                collector.take(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(collector.answers)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    serving.start()
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        serving.join(timeout=5)


@contextmanager
def recording(collector: Collector) -> Iterator[None]:
    """This process tells the collector of its spans, soon; at the end, all that are over are there."""
    os.environ["OTEL_BSP_SCHEDULE_DELAY"] = "50"
    tracing.start(collector.url, "tests")
    del os.environ["OTEL_BSP_SCHEDULE_DELAY"]
    try:
        yield
    finally:
        tracing.stop(30)
