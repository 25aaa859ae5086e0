"""The receiver behind a real server and socket: what only shows there."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from config.listening import listen
from config.server import Server, server_config
from tests.webhooks.posting import address_of, close, signed
from tests.webhooks.told import body_of
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)
STARTED = body_of("call_started", call={"call_id": "call_1"})
MIB = 1024 * 1024


class Line:
    """A connection, spoken to in bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self) -> tuple[int, bytes]:
        """The next answer's status and body."""
        async with asyncio.timeout(30):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
            return int(head[9:12]), await self.reader.readexactly(int(length))


def head(connection, body: bytes, *more: str) -> bytes:
    lines = [f"POST {address_of(connection)} HTTP/1.1", "Host: 127.0.0.1", *more]
    lines += [f"{name.decode()}: {value.decode()}" for name, value in signed(connection, body)]
    return "\r\n".join([*lines, "", ""]).encode()


def served(talk: Callable) -> None:
    """Serve as `manage.py serve` does while `talk(call)` lasts; `call()` opens a connection."""

    async def main() -> None:
        listening: socket.socket = listen("127.0.0.1", 0)
        config = server_config()
        config.lifespan = "off"
        server = Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        lines: list[Line] = []

        async def call() -> Line:
            line = Line(*await asyncio.open_connection(*listening.getsockname()))
            lines.append(line)
            return line

        try:
            await talk(call)
        finally:
            for line in lines:
                line.writer.close()
            server.should_exit = True
            await serving
            await close()

    asyncio.run(main())


def test_a_connection_serves_one_delivery_after_the_other(connection):
    async def talk(call) -> None:
        line = await call()
        for _ in range(3):
            line.writer.write(head(connection, STARTED, f"Content-Length: {len(STARTED)}") + STARTED)
            assert (await line.answer())[0] == 200

    served(talk)
    assert Delivery.objects.get().repeats == 2


def test_an_answer_is_one_piece(connection):
    async def talk(call) -> None:
        line = await call()
        line.writer.write(head(connection, STARTED, f"Content-Length: {len(STARTED)}") + STARTED)
        async with asyncio.timeout(30):
            answer = await line.reader.read(2000)
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b'{"status":"accepted"}')

    served(talk)


def test_whoever_waits_to_be_told_to_go_on_is_told(connection):
    async def talk(call) -> None:
        line = await call()
        more = (f"Content-Length: {len(STARTED)}", "Expect: 100-continue")
        line.writer.write(head(connection, STARTED, *more))
        async with asyncio.timeout(30):
            assert await line.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.writer.write(STARTED)
        assert (await line.answer())[0] == 200

    served(talk)


def test_whoever_asks_for_a_socket_there_is_told_and_cut_off(connection):
    async def talk(call) -> None:
        line = await call()
        line.writer.write(head(connection, STARTED, "Connection: upgrade", "Upgrade: websocket"))
        async with asyncio.timeout(30):
            assert (await line.reader.read(2000)).startswith(b"HTTP/1.1 4")

    served(talk)


def test_whoever_sends_too_much_hears_of_it_and_may_go_on(connection):
    large = b"x" * (3 * MIB)

    async def talk(call) -> None:
        line = await call()
        for request in (
            head(connection, large, f"Content-Length: {len(large)}") + large,
            head(connection, large, "Transfer-Encoding: chunked")
            + b"".join(b"%x\r\n%b\r\n" % (MIB, large[:MIB]) for _ in range(3))
            + b"0\r\n\r\n",
        ):
            line.writer.write(request)
            status, body = await line.answer()
            assert (status, b"too_large" in body) == (413, True)
            async with asyncio.timeout(30):
                await line.writer.drain()
        line.writer.write(head(connection, STARTED, f"Content-Length: {len(STARTED)}") + STARTED)
        assert (await line.answer())[0] == 200

    served(talk)


def test_a_chunked_body_is_taken(connection):
    async def talk(call) -> None:
        line = await call()
        line.writer.write(head(connection, STARTED, "Transfer-Encoding: chunked"))
        line.writer.write(b"%x\r\n%b\r\n" % (len(STARTED), STARTED))
        line.writer.write(b"0\r\n\r\n")
        assert (await line.answer())[0] == 200

    served(talk)


def test_whoever_hangs_up_in_the_middle_leaves_nothing(connection):
    async def talk(call) -> None:
        leaving = await call()
        leaving.writer.write(head(connection, STARTED, f"Content-Length: {len(STARTED)}") + STARTED[:9])
        await leaving.writer.drain()
        leaving.writer.close()
        await leaving.writer.wait_closed()
        staying = await call()
        staying.writer.write(head(connection, STARTED + b" ", f"Content-Length: {len(STARTED) + 1}"))
        staying.writer.write(STARTED + b" ")
        assert (await staying.answer())[0] == 200

    served(talk)
    assert bytes(Delivery.objects.get().body) == STARTED + b" "


def test_a_head_is_answered_without_a_body(connection):
    async def talk(call) -> None:
        line = await call()
        line.writer.write(f"HEAD {address_of(connection)} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        async with asyncio.timeout(30):
            answer = await line.reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 405")
        assert b"allow: POST" in answer
        line.writer.write(head(connection, STARTED, f"Content-Length: {len(STARTED)}") + STARTED)
        assert (await line.answer())[0] == 200

    served(talk)


def test_many_at_once_are_kept_together(connection):
    bodies = [body_of("call_started", call={"call_id": f"call_{number}"}) for number in range(200)]

    async def talk(call) -> None:
        async def one(body: bytes) -> int:
            line = await call()
            line.writer.write(head(connection, body, f"Content-Length: {len(body)}") + body)
            return (await line.answer())[0]

        assert await asyncio.gather(*(one(body) for body in bodies)) == [200] * 200

    served(talk)
    assert Delivery.objects.count() == 200
