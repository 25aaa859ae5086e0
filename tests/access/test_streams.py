"""Every stream, socket and probe, and what platforms post, as everybody who might try; see rules.py."""

import asyncio
import re
from dataclasses import dataclass

from asgiref.testing import ApplicationCommunicator  # channels' own keeps database connections open

from accounts.permissions import Permission, role_may
from config import asgi
from streaming import hub
from tests.access.conftest import PLACEHOLDER, WORDS, Place, Visitor, shown_wrongly
from tests.access.rule import Rule
from tests.access.rules import PROBES, SOCKETS, STREAMS
from tests.webhooks import posting

# --- Streams -------------------------------------------------------------------------------------------


def test_every_stream_has_a_rule():
    assert {str(route.pattern) for route in asgi.http_routes} == {stream.split("?")[0] for stream in STREAMS}


@dataclass
class Stream:
    visitor: Visitor
    address: str
    status: int = 0
    trace: bytes = b""
    shown: str = ""


async def listen(visitor: Visitor, address: str, place: Place) -> Stream:
    """Open a stream and read what it holds by now: to its end, or to the first pulse after the snapshot."""
    heard = Stream(visitor, address)
    path, _, query = place.fill(address).partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/{path}",
        "query_string": query.encode(),
        "headers": list(visitor.headers),
    }
    browser = ApplicationCommunicator(asgi.application, scope)
    await browser.send_input({"type": "http.request", "body": b"", "more_body": False})
    start = await browser.receive_output(timeout=15)
    heard.status, heard.trace = start["status"], dict(start["headers"]).get(b"x-trace-id", b"")
    more = True
    while more and heard.shown.count('"data-pulse"') < 2:
        message = await browser.receive_output(timeout=15)
        heard.shown += message.get("body", b"").decode()
        more = message.get("more_body", False)
    await browser.send_input({"type": "http.disconnect"})
    await browser.wait(timeout=15)
    return heard


def stream_status(rule: Rule, visitor: Visitor, address: str) -> int:
    if not visitor.known or not (visitor.role or visitor.elsewhere):
        return 401
    if visitor.elsewhere and PLACEHOLDER.search(address):
        return 404
    return 200 if visitor.elsewhere or visitor.may(rule) else 403


def test_every_stream_opens_to_those_who_may_and_to_nobody_else(place, visitors):
    async def everybody_listens():
        try:
            return await asyncio.gather(
                *(listen(visitor, address, place) for visitor in visitors for address in STREAMS)
            )
        finally:
            await hub.current().close()

    wrong = []
    for heard in asyncio.run(everybody_listens()):
        right = stream_status(STREAMS[heard.address], heard.visitor, heard.address)
        problem = shown_wrongly(heard.visitor, heard.shown)
        if heard.visitor.role and role_may(heard.visitor.role, Permission.SEE_WORDS):
            problem = "" if WORDS.search(heard.shown) else "no words"
        if heard.status != right or problem or not re.fullmatch(rb"[0-9a-f]{32}", heard.trace):
            wrong.append(f"{heard.visitor.name}, /{heard.address}: {heard.status}, not {right} {problem}")
        if heard.status != 200 and '"error"' not in heard.shown:
            wrong.append(f"{heard.visitor.name}, /{heard.address}: not our error: {heard.shown[:80]}")
    assert not wrong, "\n".join(wrong)


# --- Probes --------------------------------------------------------------------------------------------


def test_probes_answer_everybody_alike_and_tell_nothing_of_a_workspace(place, visitors):
    for visitor in visitors:
        for address, statuses in PROBES.items():
            heard = asyncio.run(listen(visitor, address, place))
            assert (heard.status in statuses, shown_wrongly(visitor, heard.shown)) == (True, ""), visitor.name


# --- What platforms post -------------------------------------------------------------------------------


def test_a_platforms_address_asks_everybody_for_the_same_proof(place, visitors):
    """It is no route of Django's or Channels': neither session nor token means anything there."""
    address = place.fill("/webhooks/retell/<connection_id>")

    async def everybody_posts() -> list[tuple[str, int, int]]:
        try:
            return [
                (
                    visitor.name,
                    (await posting.ask(address, "POST", visitor.headers, [b"{}"])).status,
                    (await posting.ask(address, "GET", visitor.headers)).status,
                )
                for visitor in visitors
            ]
        finally:
            await posting.close()

    assert asyncio.run(everybody_posts()) == [(visitor.name, 401, 405) for visitor in visitors]


# --- Sockets -------------------------------------------------------------------------------------------


def test_every_socket_has_a_rule():
    assert {str(route.pattern) for route in asgi.socket_routes} == set(SOCKETS)


async def knock(path: str, headers=()) -> dict:
    scope = {
        "type": "websocket",
        "path": path,
        "query_string": b"",
        "headers": list(headers),
        "subprotocols": [],
    }
    socket = ApplicationCommunicator(asgi.application, scope)
    await socket.send_input({"type": "websocket.connect"})
    answer = await socket.receive_output(timeout=15)
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait(timeout=15)
    return answer


def test_no_socket_opens_without_its_key(place, visitors):
    wrong = []
    for visitor in visitors:
        for address in [*SOCKETS.values(), "nowhere", "live/stream", "voice/retell/%00/\x00"]:
            answer = asyncio.run(knock("/" + address, visitor.headers))
            if answer["type"] != "websocket.close":
                wrong.append(f"{visitor.name}, /{address}: {answer['type']}")
    assert not wrong, "\n".join(wrong)
