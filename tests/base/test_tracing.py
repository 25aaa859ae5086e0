"""Spans as a collector gets them, and that nobody pays for them where there is none."""

import asyncio
import logging
import subprocess
import sys
import time

import pytest
from channels.testing import HttpCommunicator

from base import tracing
from base.trace import TraceMiddleware, bind_trace, current_trace_id, new_trace
from base.tracing import NOTHING, Elsewhere, inside, past, span, spanned
from tests.collector import collecting, recording

GIVEN = "4bf92f3577b34da6a3ce929d0e0e4736"
SERVER, CLIENT = 2, 3  # in OTLP's numbers


@pytest.fixture
def collector():
    with collecting() as collector:
        yield collector


def test_nothing_is_recorded_without_a_collector():
    with span("work", {"n": 1}) as one:
        one.set({"m": 2})
        assert one is NOTHING
        assert tracing.current() is NOTHING
    assert tracing.carrier() == ""
    work = asyncio.sleep(0)
    assert inside(work, "more work") is work
    work.close()


def test_nothing_of_opentelemetry_is_imported_without_a_collector():
    """It takes 100 ms and 15 MB of each process."""
    ours = "import sys, config, redis.asyncio; from base import tracing; tracing.start('', 'web')"
    ours += "; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", ours], text=True).split()

    assert "base.tracing" in modules
    assert "opentelemetry" not in modules


def test_spans_are_of_the_bound_trace_and_know_what_is_around_them(collector):
    with recording(collector), bind_trace(GIVEN):
        with span("outer", {"n": 1, "unknown": None, "empty": ""}, "client"), span("inner") as inner:
            inner.event("half-way", {"of": "it"})
        past("before", 2.5, events=[(0.5, "began", {"x": 1})], error="timeout")

    outer, inner, before = map(collector.one, ("outer", "inner", "before"))
    assert {one.trace_id for one in collector.spans} == {GIVEN}
    assert (outer.parent, inner.parent, before.parent) == ("", outer.id, "")
    assert (outer.kind, outer.attributes) == (CLIENT, {"n": 1})
    assert inner.events == [("half-way", {"of": "it"})]
    assert before.seconds == pytest.approx(2.5, abs=0.001)
    assert before.failed
    assert before.attributes == {"error.type": "timeout"}
    assert before.events == [("began", {"x": 1})]
    assert outer.process["service.name"] == "earshot"
    assert outer.process["earshot.role"] == "tests"


async def test_a_failure_is_told_by_name_only(collector):
    async def say():
        raise ValueError("what the caller said")

    async def wait():
        await asyncio.sleep(60)

    with recording(collector):
        with pytest.raises(ValueError, match="said"):
            await inside(say(), "broken")
        waiting = asyncio.ensure_future(inside(wait(), "waiting"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])

    broken, waited = collector.one("broken"), collector.one("waiting")
    assert (broken.failed, broken.attributes) == (True, {"error.type": "ValueError"})
    assert (waited.failed, waited.attributes) == (False, {"earshot.cancelled": True})
    assert b"said" not in broken.words


def test_another_process_goes_on_where_one_stopped(collector):
    with recording(collector):
        with bind_trace(GIVEN), span("ask"):
            carrier = tracing.carrier()
        with bind_trace(GIVEN), tracing.following(carrier), span("do"):
            pass
        with bind_trace(GIVEN), tracing.following("00-junk"), span("alone"):
            pass

    assert collector.one("do").parent == collector.one("ask").id
    assert collector.one("alone").parent == ""


def test_work_for_another_trace_is_linked_to_what_it_was_done_in(collector):
    other = new_trace()
    with recording(collector), bind_trace(GIVEN), span("round"):
        with bind_trace(other), span("one", came_from=[Elsewhere(other, 7)]):
            assert tracing.carrier()[3:35] == other
        with bind_trace(other):
            assert tracing.carrier() == ""  # it would be filed under the wrong trace

    around, one = collector.one("round"), collector.one("one")
    assert (one.trace_id, one.parent) == (other, f"{7:016x}")
    assert one.links == [(GIVEN, around.id)]


class Address:
    """As Channels' routes are."""

    class pattern:
        match = staticmethod(lambda path: path.startswith("voice/"))
        __str__ = lambda self: "voice/<key>"  # noqa: E731

    pattern = pattern()


async def answer(scope, receive, send):
    await send({"type": "http.response.start", "status": 503, "headers": []})
    await send({"type": "http.response.body", "body": current_trace_id().encode()})


async def test_a_request_is_a_span_of_the_trace_that_its_answer_names(collector):
    app = TraceMiddleware(spanned(answer, [Address()]))
    with recording(collector):
        secret = await HttpCommunicator(app, "GET", "/voice/key-secret-1?q=words").get_response()
        header = (b"traceparent", f"00-{GIVEN}-00f067aa0ba902b7-01".encode())
        await HttpCommunicator(app, "QUERY", "/api/v1/calls", headers=[header]).get_response()
        await HttpCommunicator(app, "GET", "/healthz").get_response()

    first, second = collector.spans
    assert (first.name, first.kind, first.failed) == ("GET /voice/<key>", SERVER, True)
    assert first.trace_id == dict(secret["headers"])[b"x-trace-id"].decode()
    assert first.attributes == {
        "http.request.method": "GET",
        "http.route": "/voice/<key>",
        "http.response.status_code": 503,
        "error.type": "503",
    }
    assert b"secret" not in first.words
    assert b"words" not in first.words
    assert (second.name, second.trace_id, second.parent) == ("HTTP", GIVEN, "00f067aa0ba902b7")


def test_a_collector_that_is_away_or_refuses_costs_nobody_anything(collector, caplog):
    caplog.set_level(logging.WARNING)
    collector.answers = 400
    with recording(collector):
        for _ in range(5_000):  # more than there is room for
            with span("lost"):
                pass
    tracing.start("http://127.0.0.1:9", "tests")
    with span("lost, too"):
        pass
    began = time.monotonic()
    tracing.stop(0.2)

    assert time.monotonic() - began < 20
    assert collector.spans == []
    said = [record.message for record in caplog.records if record.name == "base.telemetry"]
    assert said.count("spans are not sent: the collector does not take them") <= 2
    assert said[-1] == "the last spans could not be sent within 0.2 s"
