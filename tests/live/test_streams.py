"""Who may watch what, over real connections."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import Membership, Role, User, Workspace
from accounts.tokens import create_token, revoke_token
from calls import services
from calls.fold import PLATFORM, SOCKET
from calls.models import Call
from calls.services import Opening
from platforms.events import CallEnded, CallStarted, TurnSpoken
from tests.people import bearer, cookie_of, make_member, make_person


@pytest.fixture
async def call(house) -> Call:
    """A call that has ended and of which the log knows nothing any more."""
    began = timezone.now() - timedelta(minutes=5)
    events = [
        CallStarted(began, "inbound", "+447700900142"),
        TurnSpoken("c0", began, "caller", "Hello?", 0, 800, n=1),
        CallEnded(began + timedelta(seconds=9), "user_hangup", "caller_hung_up"),
    ]

    def record():
        opening = Opening(started_at=began, level="turn", agent_id=house.agent.pk)
        recorded = services.record_quietly(
            house.workspace.pk, "retell", "call_1", events, source=PLATFORM, opening=opening
        )
        return recorded.call

    return await sync_to_async(record)()


@pytest.fixture
async def live_call(house) -> Call:
    began = timezone.now()
    events = [CallStarted(began), TurnSpoken("c0", began, "caller", "A secret.", 0, 800, n=1)]

    def record():
        opening = Opening(started_at=began, level="token", agent_id=house.agent.pk)
        recorded = services.record_quietly(
            house.workspace.pk, "retell", "call_2", events, source=SOCKET, opening=opening
        )
        return recorded.call

    return await sync_to_async(record)()


@sync_to_async
def session(house, role: str) -> dict:
    member = make_member(house.workspace, role)
    name, value = cookie_of(member)
    return {name.decode(): value.decode()}


@sync_to_async
def stranger() -> dict:
    elsewhere = Workspace.objects.create(name="Elsewhere")
    name, value = cookie_of(make_member(elsewhere, Role.OWNER))
    return {name.decode(): value.decode()}


async def status(address: str, path: str, headers: dict | None = None) -> int:
    async with (
        httpx.AsyncClient(timeout=10, trust_env=False) as client,
        client.stream("GET", f"http://{address}{path}", headers=headers or {}) as response,
    ):
        return response.status_code


async def watch(address: str, path: str, headers: dict, enough) -> list[dict]:
    """The parts of a stream until `enough(parts)` or its end."""
    parts = []
    async with (
        httpx.AsyncClient(timeout=10, trust_env=False) as client,
        client.stream("GET", f"http://{address}{path}", headers=headers) as response,
    ):
        assert response.status_code == 200
        async for line in response.aiter_lines():
            if line == "data: [DONE]":
                return parts
            if line.startswith("data:"):
                parts.append(json.loads(line.removeprefix("data:")))
                if enough(parts):
                    return parts
    return parts


async def test_a_stranger_sees_nothing(address, call):
    assert await status(address, f"/live/calls/{call.pk}/stream") == 401
    assert await status(address, "/live/stream") == 401


async def test_another_workspaces_call_does_not_exist(address, call):
    headers = await stranger()

    assert await status(address, f"/live/calls/{call.pk}/stream", headers) == 404
    assert await status(address, f"/live/stream?call={call.pk}", headers) == 404


async def test_a_viewer_sees_no_words(address, house, call):
    headers = await session(house, Role.VIEWER)

    assert await status(address, f"/live/calls/{call.pk}/stream", headers) == 403
    assert await status(address, f"/live/stream?call={call.pk}", headers) == 403


async def test_somebody_without_a_workspace_sees_nothing(address, call):
    name, value = await sync_to_async(lambda: cookie_of(make_person("nobody@example.com")))()

    assert await status(address, "/live/stream", {name.decode(): value.decode()}) == 401


async def test_a_finished_call_is_told_whole_from_its_record(address, house, call):
    headers = await session(house, Role.OPERATOR)

    told = await watch(address, f"/live/calls/{call.pk}/stream", headers, lambda parts: False)

    kinds = [part["type"] for part in told if part["type"] != "data-pulse"]
    assert kinds == ["data-call", "data-turn", "finish"]


async def test_the_board_begins_with_the_calls_that_go_on(address, house, call, live_call):
    headers = await session(house, Role.OPERATOR)

    told = await watch(address, "/live/stream", headers, lambda parts: parts[-1]["type"] == "data-card")

    assert told[-1]["call"] == str(live_call.pk)
    assert told[-1]["data"]["lines"] == [{"role": "caller", "text": "A secret."}]


async def test_the_board_of_a_viewer_has_no_words(address, house, live_call):
    headers = await session(house, Role.VIEWER)

    told = await watch(address, "/live/stream", headers, lambda parts: parts[-1]["type"] == "data-card")

    assert "A secret." not in json.dumps(told)
    assert told[-1]["data"]["status"] == "live"


async def test_a_call_can_be_added_to_the_board(address, house, live_call):
    headers = await session(house, Role.OPERATOR)

    def enough(parts):
        return {"data-card", "data-call"} <= {part["type"] for part in parts}

    told = await watch(address, f"/live/stream?call={live_call.pk}", headers, enough)

    assert all(part["call"] == str(live_call.pk) for part in told if part["type"] != "data-pulse")


async def test_parts_of_the_board_are_marked_beside_calls(address, house, live_call):
    headers = await session(house, Role.OPERATOR)

    def enough(parts):
        return {"data-card", "data-call"} <= {part["type"] for part in parts}

    told = await watch(address, f"/live/stream?call={live_call.pk}", headers, enough)

    assert {part["type"]: part.get("board") for part in told if part["type"] != "data-pulse"} == {
        "data-card": True,
        "data-call": None,
    }


async def test_the_board_can_be_left_out(address, house, live_call):
    headers = await session(house, Role.OPERATOR)

    def enough(parts):
        return "data-call" in [part["type"] for part in parts]

    told = await watch(address, f"/live/stream?board=0&call={live_call.pk}", headers, enough)

    assert "data-card" not in [part["type"] for part in told]
    assert await status(address, "/live/stream?board=0", headers) == 400


async def test_too_many_calls_on_one_stream_are_refused(address, house, call):
    headers = await session(house, Role.OPERATOR)
    asked = "&".join([f"call={call.pk}"] * 21)

    assert await status(address, f"/live/stream?{asked}", headers) == 400
    assert await status(address, "/live/stream?call=nonsense", headers) == 404


async def test_whoever_loses_access_loses_the_open_stream(address, house, live_call):
    """Signing out, a revoked token, a membership or an account taken away, another role: each within 15 s."""
    people = {
        why: await sync_to_async(make_member)(house.workspace, Role.OPERATOR, f"{why}@example.com")
        for why in ("signs out", "leaves", "is barred", "is demoted", "stays")
    }
    cookies = {why: await sync_to_async(cookie_of)(person) for why, person in people.items()}
    token, plain = await sync_to_async(create_token)(house.workspace, "Exports", Role.OPERATOR, None)
    streams = [*cookies.items(), ("is revoked", bearer(plain))]
    opened = {why: asyncio.Event() for why, _ in streams}

    def follow(why: str, header: tuple[bytes, bytes]) -> asyncio.Task:
        headers = {header[0].decode(): header[1].decode()}
        return asyncio.create_task(
            watch(address, f"/live/calls/{live_call.pk}/stream", headers, lambda parts: opened[why].set())
        )

    @sync_to_async
    def lose() -> None:
        Session.objects.filter(session_key=session_key).delete()
        Membership.objects.filter(user=people["leaves"]).delete()
        Membership.objects.filter(user=people["is demoted"]).update(role=Role.VIEWER)
        User.objects.filter(pk=people["is barred"].pk).update(is_active=False)
        revoke_token(token, None)

    session_key = cookies["signs out"][1].decode().partition("=")[2]
    following = {why: follow(why, header) for why, header in streams}
    async with asyncio.timeout(30):
        for event in opened.values():
            await event.wait()
        await lose()
        stays = following.pop("stays")
        await asyncio.gather(*following.values())

    assert not stays.done()
    stays.cancel()
