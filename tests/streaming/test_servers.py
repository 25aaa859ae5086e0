"""The start-up check: bytes go straight to a transport only where the server would have written the same."""

import asyncio

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import RequestResponseCycle as H11
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle as HttpTools

from streaming import servers
from streaming.pipes import Pipe, UvicornPipe, pipe_for


class Differs(HttpTools):
    """As a later uvicorn may: with another chunk encoding."""

    async def send(self, message) -> None:
        self.transport.write(b"0x%x\r\n%b\r\n" % (len(message["body"]), message["body"]))


class Silent(HttpToolsProtocol):
    """As a later uvicorn may: it keeps to itself that a transport is full."""

    def pause_writing(self) -> None:
        pass


def nothing() -> None:
    pass


class Waits(HttpTools):
    async def send(self, message) -> None:
        await asyncio.sleep(1)


def test_it_knows_the_uvicorn_it_was_made_for():
    assert servers.writes_as_we_think(HttpTools)


def test_it_keeps_away_from_any_other():
    assert not servers.writes_as_we_think(H11)
    assert not servers.writes_as_we_think(Differs)
    assert not servers.writes_as_we_think(Waits)
    assert not servers.writes_as_we_think(object)


async def test_an_unknown_send_is_stepped():
    async def send(message) -> None:
        pass

    assert type(pipe_for(send, nothing, nothing)) is Pipe


def a_response(protocol_class: type = HttpToolsProtocol):
    """uvicorn's, as it is once its head is out."""
    cycle, protocol = object.__new__(HttpTools), object.__new__(protocol_class)
    cycle.chunked_encoding, cycle.disconnected = True, False
    cycle.transport = type("Any", (), {"write": None})()
    cycle.flow = protocol.flow = FlowControl(cycle.transport)
    cycle.on_response = protocol.on_response_complete
    return cycle, protocol


async def test_a_wrapped_send_is_found_below_its_wrappers():
    cycle, _ = a_response()

    def wrapped(message):
        return cycle.send(message)

    wrapped.__wrapped__ = cycle.send

    assert type(pipe_for(wrapped, nothing, nothing)) is UvicornPipe
    cycle.chunked_encoding = False  # HTTP/1.0: nothing is chunked
    assert type(pipe_for(wrapped, nothing, nothing)) is Pipe


async def test_a_server_that_does_not_say_when_it_is_full_is_stepped():
    cycle, _ = a_response(Silent)

    assert type(pipe_for(cycle.send, nothing, nothing)) is Pipe


async def test_a_full_transport_is_told_of_once_and_again_when_it_has_drained():
    cycle, protocol = a_response()
    told: list[str] = []
    pipe = pipe_for(cycle.send, lambda: told.append("drained"), lambda: told.append("full"))

    protocol.pause_writing()
    assert told == []  # whoever writes may be in the middle of it
    await asyncio.sleep(0)
    assert told == ["full"]
    assert pipe.waits()
    protocol.resume_writing()
    await asyncio.sleep(0)

    assert told == ["full", "drained"]
    assert not pipe.waits()


async def test_whoever_has_left_is_not_told():
    cycle, protocol = a_response()
    told: list[str] = []
    pipe = pipe_for(cycle.send, nothing, lambda: told.append("full"))

    pipe.close()
    protocol.pause_writing()  # by the next answer on this connection
    await asyncio.sleep(0)

    assert told == []
