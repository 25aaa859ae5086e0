import asyncio
import re

import pytest
from channels.testing import HttpCommunicator, WebsocketCommunicator

from base.trace import TraceMiddleware, bind_trace, continued, current_trace_id, new_trace

GIVEN = "4bf92f3577b34da6a3ce929d0e0e4736"


async def echo(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": current_trace_id()})
        return
    assert scope["trace_id"] == current_trace_id()
    inside = await asyncio.create_task(trace_of_a_task())
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-mine", b"1")]})
    await send({"type": "http.response.body", "body": inside.encode()})


async def trace_of_a_task():
    return current_trace_id()


async def get(*headers, path="/"):
    return await HttpCommunicator(TraceMiddleware(echo), "GET", path, headers=list(headers)).get_response()


async def test_every_answer_names_the_trace_of_its_work():
    response = await get()

    headers = dict(response["headers"])
    assert re.fullmatch(rb"[0-9a-f]{32}", headers[b"x-trace-id"])
    assert headers[b"x-trace-id"] == response["body"]
    assert headers[b"x-mine"] == b"1"


async def test_two_requests_are_two_traces():
    assert (await get())["body"] != (await get())["body"]


async def test_a_program_may_go_on_with_its_own_trace():
    header = (b"traceparent", f"00-{GIVEN}-00f067aa0ba902b7-01".encode())

    assert (await get(header, path="/api/v1/calls"))["body"].decode() == GIVEN


@pytest.mark.parametrize("path", ["/", "/webhooks/retell/1", "/voice/retell/key/call", "/apis"])
async def test_a_stranger_files_nothing_under_a_trace_of_theirs(path):
    header = (b"traceparent", f"00-{GIVEN}-00f067aa0ba902b7-01".encode())

    assert (await get(header, path=path))["body"].decode() != GIVEN


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"00",
        b"\xff\x00",
        f"ff-{GIVEN}-00f067aa0ba902b7-01".encode(),
        f"00-{'0' * 32}-00f067aa0ba902b7-01".encode(),
        f"00-{GIVEN}-{'0' * 16}-01".encode(),
        f"00-{GIVEN.upper()}-00f067aa0ba902b7-01".encode(),
        f"00-{GIVEN}-00f067aa0ba902b7-01\r\nx: y".encode(),
        b"0" * 70_000,
    ],
)
def test_a_malformed_traceparent_is_ignored(junk):
    assert continued({"path": "/api/v1/calls", "headers": [(b"traceparent", junk)]}) == ""


async def test_a_socket_has_a_trace_too():
    socket = WebsocketCommunicator(TraceMiddleware(echo), "/")
    await socket.send_input({"type": "websocket.connect"})
    accepted = await socket.receive_output()

    assert dict(accepted["headers"])[b"x-trace-id"].decode() == await socket.receive_from()


def test_bound_work_keeps_its_trace_and_gives_it_back():
    outside = current_trace_id()
    with bind_trace(GIVEN):
        assert current_trace_id() == GIVEN

    assert current_trace_id() == outside


def test_unbound_work_gets_one_and_keeps_it():
    assert current_trace_id() == current_trace_id()
    assert re.fullmatch(r"[0-9a-f]{32}", new_trace())
