"""A tool's service is asked as it was set up, again only where that is safe, and read only if it can be."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from agents.registry import ToolFailed
from agents.tooling import service
from agents.tooling.service import Answer, Service

JSON = "content-type: application/json"
CUT = "cut"


@dataclass
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Played:
    """A service: each request is answered by the next of `plays`, the last is repeated.

    A play is a status line with header lines, and a body; or CUT, and the connection is.
    """

    plays: list = field(default_factory=lambda: [("200 OK", b"{}")])
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        except asyncio.IncompleteReadError:
            return
        method, target, _ = head[0].split(" ")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.asked.append(Asked(method, target, headers, body))
        play = self.plays.pop(0) if len(self.plays) > 1 else self.plays[0]
        if play != CUT:
            start, answer = play
            writer.write(f"HTTP/1.1 {start}\r\ncontent-length: {len(answer)}\r\n\r\n".encode() + answer)
        writer.close()


async def _playing() -> AsyncIterator[Played]:
    played = Played()
    async with await asyncio.start_server(played.serve, "127.0.0.1", 0) as server:
        played.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield played


@pytest.fixture
async def played() -> AsyncIterator[Played]:
    async for one in _playing():
        yield one


@pytest.fixture
async def elsewhere() -> AsyncIterator[Played]:
    async for one in _playing():
        yield one


async def ask(url: str, arguments: dict | None = None, **options) -> Answer:
    options = {"seconds": 20.0} | options
    arguments = arguments or {}
    async with service.client() as http:
        return await service.ask(http, Service(url, **options), arguments, {"args": arguments})


async def failure(url: str, arguments: dict | None = None, **options) -> str:
    with pytest.raises(ToolFailed) as failed:
        await ask(url, arguments, **options)
    return str(failed.value)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_arguments_travel_in_the_body(played, method):
    await ask(f"{played.url}/orders/{{id}}", {"id": "7/8"}, method=method, headers={"X-Api-Key": "secret"})

    [asked] = played.asked
    assert (asked.method, asked.target) == (method, "/orders/7%2F8")
    assert json.loads(asked.body) == {"args": {"id": "7/8"}}
    assert (asked.headers["x-api-key"], asked.headers["content-type"]) == ("secret", "application/json")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_or_in_the_address_where_there_is_no_body(played, method):
    await ask(f"{played.url}/orders/{{id}}?lang=en", {"id": 7, "q": "a b"}, method=method)

    [asked] = played.asked
    assert (asked.method, asked.target, asked.body) == (method, "/orders/7?lang=en&q=a%20b", b"")


async def test_nobody_is_asked_with_an_address_that_is_not_whole(played):
    assert await failure(f"{played.url}/{{id}}") == "The tool's address needs id."
    assert played.asked == []


@pytest.mark.parametrize(
    ("headers", "body", "answer"),
    [
        (JSON, b'{"a": 1}', Answer('{"a": 1}', "json")),
        ("x: y", b"[1]", Answer("[1]", "json")),
        (JSON, b"{oh", Answer("{oh", "text")),
        ("content-type: application/problem+json", b"{}", Answer("{}", "json")),
        ("content-type: text/plain; charset=latin-1", "café".encode("latin-1"), Answer("café", "text")),
        ("content-type: text/plain; charset=none-such", "café".encode(), Answer("café", "text")),
        ("content-type: text/plain", b"", Answer("", "text")),
    ],
)
async def test_json_stays_json_and_text_text(played, headers, body, answer):
    played.plays = [(f"200 OK\r\n{headers}", body)]
    assert await ask(played.url) == answer


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ("content-type: image/png", "The tool answered with image/png, which is nothing a model can read."),
        ("content-type: application/octet-stream", "application/octet-stream"),
        ("content-type: <script>", "answered with something, which"),
        ("content-encoding: gzip", "packed its answer"),
    ],
)
async def test_what_no_model_can_read_is_refused_in_words(played, headers, said):
    played.plays = [(f"200 OK\r\n{headers}", b"\x89PNG")]
    assert said in await failure(played.url)


async def test_long_json_is_cut_and_no_longer_json(played):
    played.plays = [(f"200 OK\r\n{JSON}", json.dumps(["x" * 20_000]).encode())]
    answer = await ask(played.url)
    assert (len(answer.text), answer.kind) == (service.MAX_CHARS, "text")


@pytest.mark.parametrize(
    ("method", "first"),
    [
        ("GET", ("503 No", b"")),
        ("GET", ("502 No", b"")),
        ("PUT", ("504 No", b"")),
        ("DELETE", ("429 No", b"")),
        ("GET", CUT),
        ("POST", ("429 No", b"")),
        ("POST", ("503 No\r\nretry-after: 0", b"")),
    ],
)
async def test_it_is_asked_again_where_that_is_safe(played, method, first):
    played.plays = [first, (f"200 OK\r\n{JSON}", b"{}")]

    assert await failure(played.url, method=method)
    assert len(played.asked) == 1

    played.plays = [first, (f"200 OK\r\n{JSON}", b"{}")]
    assert (await ask(played.url, method=method, retries=1)).text == "{}"
    assert len(played.asked) == 3


@pytest.mark.parametrize(
    ("method", "first"),
    [
        ("POST", ("502 No", b"")),
        ("POST", ("503 No", b"")),
        ("PATCH", ("504 No", b"")),
        ("POST", CUT),
        ("GET", ("500 No", b"")),
        ("GET", ("404 No", b"")),
    ],
)
async def test_and_not_where_it_may_have_been_done(played, method, first):
    played.plays = [first, ("200 OK", b"{}")]

    assert await failure(played.url, method=method, retries=3)
    assert len(played.asked) == 1


async def test_nobody_waits_longer_than_the_tool_may_take(played):
    played.plays = [("429 No\r\nretry-after: 60", b"")]

    assert "nor again within the time" in await failure(played.url, retries=2)
    assert len(played.asked) == 1


@pytest.mark.parametrize("status", ["301 M", "302 M", "303 M", "307 M", "308 M"])
async def test_a_redirect_is_followed_without_secrets_to_another_origin(played, elsewhere, status):
    played.plays = [
        (f"{status}\r\nlocation: /here", b""),
        (f"{status}\r\nlocation: {elsewhere.url}/there", b""),
    ]
    elsewhere.plays = [(f"{status}\r\nlocation: {played.url}/back", b""), ("200 OK", b"1")]
    played.plays.append(("200 OK", b"2"))
    headers = {"Authorization": "Bearer secret", "X-Api-Key": "secret", "Accept": "application/json"}

    assert (await ask(f"{played.url}/", method="GET", headers=headers)).text == "2"
    assert [one.target for one in (*played.asked, *elsewhere.asked)] == ["/", "/here", "/back", "/there"]
    assert "secret" in str(played.asked[1].headers)
    assert "secret" not in str(elsewhere.asked[0].headers)
    assert "secret" not in str(played.asked[2].headers)


async def test_what_changes_things_is_led_on_only_where_the_answer_says_so(played):
    played.plays = [("307 M\r\nlocation: /b", b""), ("303 M\r\nlocation: /c", b""), ("200 OK", b"{}")]

    assert (await ask(f"{played.url}/a", {"x": 1})).kind == "json"
    assert [(one.method, one.target) for one in played.asked] == [
        ("POST", "/a"),
        ("POST", "/b"),
        ("GET", "/c"),
    ]
    assert played.asked[1].body == played.asked[0].body != b""
    assert "content-type" not in played.asked[2].headers


async def test_nobody_is_led_round_in_a_circle_nor_to_what_is_no_site(played):
    played.plays = [("302 M\r\nlocation: /again", b"")]
    assert "on and on" in await failure(played.url, method="GET")
    assert len(played.asked) == 1 + service.MOST_REDIRECTS

    played.plays = [("302 M\r\nlocation: file:///etc/passwd", b"")]
    assert "not https" in await failure(played.url, method="GET")


@pytest.mark.parametrize("host", ["2130706433", "[::ffff:10.0.0.1]", "169.254.169.254", "localhost"])
async def test_no_private_network_is_asked_nor_led_to(played, settings, host):
    settings.PRIVATE_HOSTS = [played.url.removeprefix("http://")]
    assert await failure(f"http://{host}/", retries=2) == "The tool's address leads into a private network."

    played.plays = [(f"302 M\r\nlocation: http://{host}/", b"")]
    assert "private network" in await failure(played.url, method="GET", retries=2)
    assert len(played.asked) == 1


async def test_no_cookie_of_one_workspace_is_given_to_another(played):
    played.plays = [("200 OK\r\nset-cookie: session=secret; Path=/", b"{}")]
    async with service.client() as http:
        for _ in range(2):
            await service.ask(http, Service(played.url, 20.0), {}, {})

    assert "cookie" not in played.asked[1].headers
