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
from calls import parts, services
from calls.fold import PLATFORM, SOCKET
from calls.models import Call
from calls.personal import seeing
from calls.services import Opening
from platforms.events import CallEnded, CallStarted, TurnSpoken
from streaming.entries import delta
from streaming.log import Entry, publish
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
        httpx.AsyncClient(timeout=10, trust_env=False, verify=False) as client,
        client.stream("GET", f"http://{address}{path}", headers=headers or {}) as response,
    ):
        return response.status_code


async def watch(address: str, path: str, headers: dict, enough) -> list[dict]:
    """The parts of a stream until `enough(parts)` or its end."""
    parts = []
    async with (
        httpx.AsyncClient(timeout=10, trust_env=False, verify=False) as client,
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


CARD = "4111 1111 1111 1111"


@sync_to_async
def speak(call: Call) -> None:
    """An answer that spells a card out in pieces, as it is under way and then finished."""
    final = {"n": 2, "key": "r1", "role": "agent", "text": f"It is {CARD}, order 12.", "state": "final"}
    pieces = [{"type": "text-start", "id": "r1"}, delta("r1", "It is 4111 11")]
    publish(parts.topic(call), [Entry(piece, group="r1") for piece in pieces])
    publish(parts.topic(call), [Entry(delta("r1", "11 1111 1111, order 12."), group="r1")])
    publish(parts.topic(call), [Entry({"type": "data-turn", "id": "r1", "data": final}, "r1", whole=True)])


def words_of(told: list[dict]) -> tuple[str, str]:
    """What was told of the answer under way, and once it was finished."""
    last = told[-1]["data"]["text"]
    return "".join(part["delta"] for part in told if part["type"] == "text-delta"), last


async def follow_answer(address, call, headers, there: asyncio.Event) -> list[dict]:
    def enough(told: list[dict]) -> bool:
        if told[-1]["type"] == "data-turn" and told[-1]["id"] == "c0":
            there.set()
        return told[-1]["type"] == "data-turn" and told[-1]["id"] == "r1"

    return await watch(address, f"/live/calls/{call.pk}/stream", headers, enough)


@pytest.mark.parametrize(
    ("masked", "under_way", "finished"),
    [
        ({}, "It is •••• •••• •••• ••••, order ••.", f"It is {seeing.LOCK} card number hidden, order 12."),
        ({"cards": "operator"}, f"It is {CARD}, order 12.", f"It is {CARD}, order 12."),
        ({"cards": "operator", "names": "owner"}, "", f"It is {CARD}, order 12."),
    ],
)
async def test_what_is_hidden_from_somebody_is_not_told_live(
    address, house, live_call, masked, under_way, finished
):
    await sync_to_async(seeing.change)(house.workspace.pk, masked, live=True, by=None)
    operator, owner = await session(house, Role.OPERATOR), await session(house, Role.OWNER)

    here = [asyncio.Event(), asyncio.Event()]
    following = [
        asyncio.create_task(follow_answer(address, live_call, who, there))
        for who, there in zip((operator, owner), here, strict=True)
    ]
    async with asyncio.timeout(30):
        await asyncio.gather(*(there.wait() for there in here))
        await speak(live_call)
        masked_told, told = await asyncio.gather(*following)

    assert words_of(masked_told) == (under_way, finished)
    assert words_of(told) == (f"It is {CARD}, order 12.",) * 2


async def test_what_is_being_said_is_told_to_all_who_see_words_unless_a_workspace_hides_it(
    address, house, live_call
):
    there = asyncio.Event()
    headers = await session(house, Role.OPERATOR)
    following = asyncio.create_task(follow_answer(address, live_call, headers, there))

    async with asyncio.timeout(30):
        await there.wait()
        await speak(live_call)
        assert words_of(await following) == (f"It is {CARD}, order 12.",) * 2


async def test_whoever_comes_back_in_the_midst_of_a_turn_is_told_no_more(address, house, live_call):
    await sync_to_async(seeing.change)(house.workspace.pk, {}, live=True, by=None)
    headers = await session(house, Role.OPERATOR)
    await speak(live_call)
    ids: list[str] = []

    async with (
        httpx.AsyncClient(timeout=10, trust_env=False, verify=False) as client,
        client.stream("GET", f"http://{address}/live/calls/{live_call.pk}/stream", headers=headers) as told,
    ):
        async for line in told.aiter_lines():
            ids += [line.removeprefix("id: ")] if line.startswith("id: ") else []
            if '"r1"' in line and "data-turn" in line:
                break
    for position in ids:
        again = {**headers, "last-event-id": position}
        more = await watch(address, f"/live/calls/{live_call.pk}/stream", again, lambda parts: True)
        assert "11 1" not in json.dumps(more)


async def test_a_card_on_the_board_is_masked_too(address, house, live_call):
    await sync_to_async(seeing.change)(house.workspace.pk, {}, live=True, by=None)

    @sync_to_async
    def say(text: str) -> None:
        said = TurnSpoken("c1", live_call.started_at, "caller", text, 900, 1_800, n=2)
        opening = Opening(started_at=live_call.started_at, level="token", agent_id=house.agent.pk)
        services.record_quietly(
            house.workspace.pk, "retell", "call_2", [said], source=SOCKET, opening=opening
        )

    # Longer than a card's line, whose beginning is cut off.
    await say(f"{'Well, ' * 23} it is {CARD}, with 42.")
    headers = await session(house, Role.OPERATOR)

    told = await watch(address, "/live/stream", headers, lambda parts: parts[-1]["type"] == "data-card")
    line = told[-1]["data"]["lines"][-1]["text"]
    assert line.endswith(f"it is {seeing.LOCK} card number hidden, with 42.")
    async with httpx.AsyncClient(timeout=10, trust_env=False, verify=False) as client:
        page = await client.get(f"http://{address}/live/", headers=headers)
    assert "card number hidden, with 42." in page.text
    assert "1111 1111" not in page.text


async def test_too_many_calls_on_one_stream_are_refused(address, house, call):
    headers = await session(house, Role.OPERATOR)
    asked = "&".join([f"call={call.pk}"] * 21)

    assert await status(address, f"/live/stream?{asked}", headers) == 400
    assert await status(address, "/live/stream?call=nonsense", headers) == 404


async def test_whoever_loses_access_loses_the_open_stream(address, house, live_call):
    """Signing out, a revoked token, a membership or an account taken away, another role, something hidden
    that was not: each within 15 s."""
    people = {
        why: await sync_to_async(make_member)(house.workspace, Role.OPERATOR, f"{why}@example.com")
        for why in ("signs out", "leaves", "is barred", "is demoted", "is shown less")
    }
    people["stays"] = await sync_to_async(make_member)(house.workspace, Role.OWNER, "stays@example.com")
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
        seeing.change(house.workspace.pk, {"names": "owner"}, live=True, by=None)
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
