"""Requests to addresses that somebody typed: none reaches a machine of our own that nobody allowed."""

import asyncio
from collections.abc import AsyncIterator
from socket import IPPROTO_TCP

import httpcore
import httpcore2
import httpx
import httpx2
import pytest

from base import outward

HOME = "127.0.0.1"
PRIVATE = [
    "0x7f.1",
    "2130706433",
    "127.1",
    "127.0.0.1",
    "0.0.0.0",
    "localhost",
    "[::1]",
    "[::]",
    "[::ffff:10.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::a00:1]",
    "[64:ff9b:1::808:808]",
    "[2002:a00:1::]",
    "[fd00::1]",
    "[fe80::1]",
    "[ff02::1]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.100.100.200",
    "169.254.169.254",
    "192.0.0.192",
    "168.63.129.16",
    "224.0.0.1",
    "255.255.255.255",
]


class Server:
    """Answers every request on a socket of its own; `leads_to` sends whoever asks elsewhere."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.leads_to = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                self.asked.append(head.lower())
                start = f"302 Found\r\nlocation: {self.leads_to}" if self.leads_to else "200 OK"
                writer.write(f"HTTP/1.1 {start}\r\ncontent-length: 2\r\n\r\nhi".encode())
        except asyncio.IncompleteReadError:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    async with await asyncio.start_server(server.serve, HOME, 0) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server


def client(*answers: list[str], limits=None, **options) -> httpx.AsyncClient:
    """With `answers`, names lead to those in turn; the last is repeated. Without, the DNS is asked."""
    left = list(answers)

    async def resolve(host: str, port: int) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    made = outward.transport(limits=limits, **({"resolve": resolve} if answers else {}))
    return httpx.AsyncClient(transport=made, timeout=5, **options)


async def refused(asking) -> str:
    with pytest.raises(httpx.ConnectError) as failure:
        await asking
    return outward.refused(failure.value)


@pytest.fixture
def nothing_allowed(settings) -> None:
    settings.PRIVATE_HOSTS = []


@pytest.mark.parametrize("host", PRIVATE)
async def test_it_connects_to_no_machine_of_our_own_however_it_is_spelt(nothing_allowed, host):
    async with client() as http:
        assert await refused(http.get(f"http://{host}/")) == host.strip("[]")


@pytest.mark.parametrize("host", PRIVATE)
async def test_no_redirect_leads_there(settings, server, host):
    settings.PRIVATE_HOSTS = [f"{HOME}:{server.port}"]
    server.leads_to = f"http://{host}/latest/meta-data/"
    async with client(follow_redirects=True) as http:
        assert await refused(http.get(f"http://{HOME}:{server.port}/")) == host.strip("[]")
    assert len(server.asked) == 1


async def test_it_connects_to_the_address_that_it_checked(settings, server):
    """A name that is outside when it is looked at, and ours a moment later, is not looked at twice."""
    settings.PRIVATE_HOSTS = [f"{HOME}:{server.port}"]
    async with client([HOME], ["10.0.0.1"]) as http:
        url = f"http://rebound.example:{server.port}/"
        assert (await http.get(url)).text == "hi"
        assert (await http.get(url)).text == "hi"  # over the connection that is open
        assert f"host: rebound.example:{server.port}" in server.asked[0]
    options = {"limits": httpx.Limits(max_keepalive_connections=0)}
    async with client([HOME], ["10.0.0.1"], **options) as http:
        assert (await http.get(url)).text == "hi"
        assert await refused(http.get(url)) == "rebound.example"  # another connection is another look


async def test_a_name_with_one_address_of_ours_is_refused_whole(nothing_allowed):
    async with client(["8.8.8.8", "10.0.0.1"]) as http:
        assert await refused(http.get("http://mixed.example/")) == "mixed.example"


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.0/8", "ours.example", "OURS.example:{port}"])
async def test_what_is_allowed_is_asked(settings, server, allowed):
    settings.PRIVATE_HOSTS = [allowed.format(port=server.port)]
    async with client([HOME]) as http:
        assert (await http.get(f"http://ours.example:{server.port}/")).text == "hi"


async def test_what_is_allowed_to_one_is_not_asked_by_others(nothing_allowed, server):
    url = f"http://{HOME}:{server.port}/"
    async with httpx.AsyncClient(transport=outward.transport(also=[f"{HOME}:{server.port}"])) as http:
        assert (await http.get(url)).text == "hi"
    async with client() as http:
        assert await refused(http.get(url)) == HOME


@pytest.mark.parametrize("allowed", ["ours.example:1", "127.0.0.1:1", "ours", "10.0.0.0/8"])
async def test_and_nothing_beside_it(settings, server, allowed):
    settings.PRIVATE_HOSTS = [allowed]
    async with client([HOME]) as http:
        assert await refused(http.get(f"http://ours.example:{server.port}/")) == "ours.example"
    assert server.asked == []


async def test_of_several_addresses_the_one_that_answers_is_taken(settings, server):
    settings.PRIVATE_HOSTS = ["127.0.0.0/8", "::1/128"]
    async with client(["::1", HOME]) as http:  # nobody listens at the first
        assert (await http.get(f"http://both.example:{server.port}/")).text == "hi"


async def test_what_is_nowhere_is_not_a_matter_of_permission(nothing_allowed):
    async with client([]) as http:
        assert await refused(http.get("http://nobody.example/")) == ""
    async with client() as http:
        assert await refused(http.get("http://nobody.invalid/")) == ""


async def test_the_clients_of_vendors_sdks_are_held_to_the_same(nothing_allowed):
    async with httpx2.AsyncClient(transport=outward.transport(httpx2, httpcore2)) as http:
        with pytest.raises(httpx2.ConnectError) as failure:
            await http.get("http://2130706433/")
    assert outward.refused(failure.value) == "2130706433"


async def test_options_of_a_socket_reach_it(settings, server):
    """They pass by the way that is guarded, so they would be lost there."""
    settings.PRIVATE_HOSTS = [HOME]
    network = outward.Checked(httpcore, outward.ask_dns, ())
    stream = await network.connect_tcp(HOME, server.port, timeout=5, socket_options=[(IPPROTO_TCP, 1, 0)])
    assert stream.get_extra_info("socket").getsockopt(IPPROTO_TCP, 1) == 0
    await stream.aclose()
