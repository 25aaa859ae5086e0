"""The readers of a benchmark count what was really read, however it is cut; with and without a C compiler."""

import asyncio
import json

import pytest

from bench import processes

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: here\n\n"
# Three tokens in two frames, then what only looks like one.
SAID = (
    b'id: 1\ndata: {"type":"text-delta","id":"r1","delta":"@00000000000a @00000000000b "}\n\n'
    b'id: 2\ndata: {"type":"text-delta","id":"r1","delta":"@00000000000c "}\n\n'
    b'data: {"type":"data-pulse","data":{"at":"@noon, @0000"}}\n\n'
)


@pytest.fixture(scope="module", params=["native", "python"])
def load(request):
    if request.param == "python":
        yield processes.python("bench.load")
        return
    with processes.native_programs() as programs:
        if "floor" not in programs:
            pytest.skip("no C compiler here")
        yield programs["load"]


async def read_by(load: list[str], answer: list[bytes], readers: int = 3) -> tuple[dict, dict, list[bytes]]:
    """What a load client says of readers who are told `answer`, piece by piece, and what they asked."""
    asked, told = [], asyncio.Semaphore(0)

    async def serve(reader, writer) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        for piece in answer:
            writer.write(piece)
            await writer.drain()
            # On a connection of its own each piece is a read of its own, or nearly always.
            await asyncio.sleep(0.001)
        told.release()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = await asyncio.create_subprocess_exec(
        *load, str(port), str(readers), "/7/%d", "2", "X-Name: value", stdin=-1, stdout=-1
    )
    async with asyncio.timeout(30), server:
        connected = json.loads(await client.stdout.readline())
        for _ in range(readers):
            await told.acquire()
        client.stdin.close()
        result = json.loads(await client.stdout.readline())
        await client.wait()
    return connected, result, asked


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_tokens_and_frames_are_counted_however_they_are_cut(load, size):
    pieces = [SAID[at : at + size] for at in range(0, len(SAID), size)]

    connected, result, asked = await read_by(load, [HEAD, *pieces])

    assert (connected["connected"], connected["refused"]) == (3, 0)
    assert (result["tokens"], result["frames"]) == (9, 6)
    assert {request.split(b" ")[1] for request in asked} == {b"/7/0", b"/7/1"}
    assert all(b"\r\nX-Name: value\r\n" in request for request in asked)


async def test_who_is_refused_is_not_a_reader(load):
    connected, result, _ = await read_by(load, [b"HTTP/1.1 429 Too Many Requests\r\n\r\n"])

    assert connected["refused"] == 3
    assert result["tokens"] == 0
