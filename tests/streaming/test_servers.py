"""The start-up check: bytes go straight to a transport only where the server would have written the same."""

import asyncio

from uvicorn.protocols.http.h11_impl import RequestResponseCycle as H11
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle as HttpTools

from streaming import servers
from streaming.pipes import Pipe, UvicornPipe, pipe_for


class Differs(HttpTools):
    """As a later uvicorn may: with another chunk encoding."""

    async def send(self, message) -> None:
        self.transport.write(b"0x%x\r\n%b\r\n" % (len(message["body"]), message["body"]))


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

    assert type(pipe_for(send, lambda: None)) is Pipe


async def test_a_wrapped_send_is_found_below_its_wrappers():
    cycle = object.__new__(HttpTools)
    cycle.chunked_encoding, cycle.disconnected = True, False
    cycle.flow = cycle.transport = type("Any", (), {"write": None, "write_paused": False})()

    def wrapped(message):
        return cycle.send(message)

    wrapped.__wrapped__ = cycle.send

    assert type(pipe_for(wrapped, lambda: None)) is UvicornPipe
    cycle.chunked_encoding = False  # HTTP/1.0: nothing is chunked
    assert type(pipe_for(wrapped, lambda: None)) is Pipe
