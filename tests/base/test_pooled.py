"""Over our transport a client hears what it would over its own: answers as they come, errors in its words."""

import asyncio
from collections.abc import AsyncIterator

import httpcore
import httpcore2
import httpx
import httpx2
import pytest

from base.pooled import Pooled

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"
PLAYS = {
    "/whole": [HEAD + b"ab", b"cd"],
    "/cut": [HEAD + b"ab", None],  # None: it hangs up
    "/nonsense": [b"Hello?\r\n\r\n"],
    "/silent": [],
    "/stuck": [HEAD + b"ab"],
}


@pytest.fixture
async def address() -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                for part in PLAYS[head.split()[1].decode()]:
                    if part is None:
                        return
                    writer.write(part)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


@pytest.fixture(params=[(httpx, httpcore), (httpx2, httpcore2)], ids=["httpx", "httpx2"])
def library(request):
    return request.param[0]


@pytest.fixture
async def client(request, library) -> AsyncIterator[httpx.AsyncClient]:
    _, core = request.node.callspec.params["library"]
    pool = core.AsyncConnectionPool(max_connections=1)
    async with library.AsyncClient(transport=Pooled(library, core, pool), trust_env=False) as client:
        yield client


async def test_an_answer_is_whole_and_the_next_comes_over_the_same_connection(client, address):
    async with client.stream("GET", f"{address}/whole") as answer:
        parts = [part async for part in answer.aiter_raw()]
        before = answer.extensions["network_stream"].get_extra_info("client_addr")
    again = await client.get(f"{address}/whole")

    assert (b"".join(parts), again.text, again.status_code) == (b"abcd", "abcd", 200)
    assert again.extensions["network_stream"].get_extra_info("client_addr") == before


async def test_whoever_leaves_in_the_middle_gives_the_connection_back(client, address):
    async with client.stream("GET", f"{address}/stuck"):
        pass

    assert (await client.get(f"{address}/whole")).text == "abcd"  # there may be one connection only


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("cut", "RemoteProtocolError"),
        ("nonsense", "RemoteProtocolError"),
        ("silent", "ReadTimeout"),
        ("stuck", "ReadTimeout"),
    ],
)
async def test_what_goes_wrong_is_said_in_the_clients_words(client, library, address, path, error):
    with pytest.raises(getattr(library, error)) as said:
        await client.get(f"{address}/{path}", timeout=library.Timeout(10, read=0.2))

    assert said.value.request.url.path == f"/{path}"


async def test_a_closed_door_is_a_connect_error(client, library):
    with pytest.raises(library.ConnectError):
        await client.get("http://127.0.0.1:1/")


async def test_a_pool_that_is_used_up_is_a_pool_timeout(client, library, address):
    async with client.stream("GET", f"{address}/stuck"):
        with pytest.raises(library.PoolTimeout):
            await client.get(f"{address}/whole", timeout=library.Timeout(10, pool=0.1))
