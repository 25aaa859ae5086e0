"""What records spans and sends them: OpenTelemetry's SDK. Imported only where a collector is set.

Ended spans wait in a queue of 2,048 and go out in batches every five seconds, from a thread; what finds no
room is dropped, and a collector that is away costs nobody anything. OpenTelemetry's own variables hold too
(`OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_TRACES_SAMPLER`, `OTEL_BSP_SCHEDULE_DELAY`, `OTEL_SERVICE_NAME`, …).
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Sequence
from contextvars import Token

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan

from base import meters
from base.trace import current_trace_id
from base.tracing import TRACEPARENT, Attributes, Elsewhere, Kind, Span, innermost

logger = logging.getLogger(__name__)

_KINDS: dict[str, SpanKind] = {kind.name.lower(): kind for kind in SpanKind}
_NOWHERE = Context()
SPANS = meters.counter("spans", "Spans, by what became of them: sent, or failed to be.", "outcome")


def _known(attributes: Attributes) -> dict:
    return {name: value for name, value in attributes.items() if value is not None and value != ""}


class Live:
    """A span that is being recorded, or one elsewhere that others are children of."""

    __slots__ = ("_token", "otel")

    def __init__(self, otel: OtelSpan) -> None:
        self.otel = otel
        self._token: Token[Span] | None = None

    def __enter__(self) -> "Live":
        self._token = innermost.set(self)
        return self

    def __exit__(self, kind, error, traceback) -> None:
        if self._token is not None:
            innermost.reset(self._token)
        if isinstance(error, asyncio.CancelledError):
            self.otel.set_attribute("earshot.cancelled", True)
        elif isinstance(error, Exception):
            self.fail(type(error).__name__)
        self.otel.end()

    def set(self, attributes: Attributes) -> None:
        self.otel.set_attributes(_known(attributes))

    def rename(self, name: str) -> None:
        self.otel.update_name(name)

    def event(self, name: str, attributes: Attributes = {}) -> None:  # noqa: B006  read only
        self.otel.add_event(name, _known(attributes))

    def fail(self, kind: str) -> None:
        self.otel.set_attribute("error.type", kind)
        self.otel.set_status(Status(StatusCode.ERROR))


class Recorder:
    """One per process."""

    def __init__(self, endpoint: str, role: str) -> None:
        self._ids = _Ids()
        resource = Resource.create(
            {
                "service.name": os.environ.get("OTEL_SERVICE_NAME") or "earshot",
                "service.instance.id": f"{role}-{os.getpid()}",
                "earshot.role": role,
            }
        )
        exporter = _Sender(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces"))
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("earshot")

    def span(
        self, name: str, attributes: Attributes, kind: Kind, came_from: Sequence[Elsewhere], span_id: int
    ) -> Live:
        return self._start(name, attributes, kind, came_from, span_id, None)

    def past(
        self,
        name: str,
        seconds: float,
        attributes: Attributes,
        kind: Kind,
        events: Sequence[tuple[float, str, Attributes]],
        error: str,
    ) -> None:
        ended = time.time_ns()
        began = ended - int(seconds * 1e9)
        one = self._start(name, attributes, kind, (), 0, began)
        for after, event, told in events:
            one.otel.add_event(event, _known(told), timestamp=began + int(after * 1e9))
        if error:
            one.fail(error)
        one.otel.end(ended)

    def followed(self, traceparent: str) -> Live:
        match = TRACEPARENT.fullmatch(traceparent)
        assert match, "asked for by base/tracing.py, which has looked"
        flags = TraceFlags(int(match[3], 16) & TraceFlags.SAMPLED)
        meant = SpanContext(int(match[1], 16), int(match[2], 16), is_remote=True, trace_flags=flags)
        return Live(NonRecordingSpan(meant))

    def carrier(self) -> str:
        around = self._around()
        if around is None or around.trace_id != self._ids.bound():
            return ""
        return f"00-{around.trace_id:032x}-{around.span_id:016x}-{around.trace_flags:02x}"

    def stop(self, seconds: float) -> None:
        # In a thread that nobody has to wait for: the SDK itself would wait for half a minute.
        stopping = threading.Thread(target=self._provider.shutdown, name="spans' end", daemon=True)
        stopping.start()
        stopping.join(seconds)
        if stopping.is_alive():
            logger.warning("the last spans could not be sent within %s s", seconds)

    def _start(
        self,
        name: str,
        attributes: Attributes,
        kind: Kind,
        came_from: Sequence[Elsewhere],
        span_id: int,
        began: int | None,
    ) -> Live:
        others = [*map(self._context_of, came_from)]
        if (around := self._around()) is not None:
            others.insert(0, around)
        trace_id = self._ids.bound()
        parent = next((one for one in others if one.trace_id == trace_id), None)
        self._ids.wanted(span_id)
        return Live(
            self._tracer.start_span(
                name,
                context=set_span_in_context(NonRecordingSpan(parent), _NOWHERE) if parent else _NOWHERE,
                kind=_KINDS[kind],
                attributes=_known(attributes),
                links=[Link(one) for one in others if one is not parent],
                start_time=began,
            )
        )

    @staticmethod
    def _around() -> SpanContext | None:
        one = innermost.get()
        return one.otel.get_span_context() if isinstance(one, Live) else None

    def _context_of(self, one: Elsewhere) -> SpanContext:
        trace_id = int(one.trace_id, 16)
        # Whether it was recorded is not kept with it, but was decided by its trace alone: so ask again.
        sampled = self._provider.sampler.should_sample(None, trace_id, "").decision.is_sampled()
        flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
        return SpanContext(trace_id, one.span_id, is_remote=True, trace_flags=flags)


class _Ids(RandomIdGenerator):
    """A trace's first span takes the id that is bound where it begins: what answers and log lines tell."""

    def __init__(self) -> None:
        self._next = threading.local()

    def wanted(self, span_id: int) -> None:
        """The id that this thread's next span is to have. 0: any."""
        self._next.span_id = span_id

    def generate_span_id(self) -> int:
        return getattr(self._next, "span_id", 0) or super().generate_span_id()

    def generate_trace_id(self) -> int:
        return self.bound() or super().generate_trace_id()

    @staticmethod
    def bound() -> int:
        return int(current_trace_id(), 16)


class _Sender(SpanExporter):
    """Says once that the collector is away, and once that it is back; the exporter would with each batch."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._works = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        works = result is SpanExportResult.SUCCESS
        SPANS.labels("sent" if works else "failed").inc(len(spans))
        if works is not self._works:
            self._works = works
            logger.warning(
                "spans are %s", "sent again" if works else "not sent: the collector does not take them"
            )
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)
