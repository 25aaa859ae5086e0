"""Who may chat, and what is refused before it costs anything."""

import asyncio
import json
import threading
from contextlib import AsyncExitStack

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from accounts.access import viewers_of_tokens
from accounts.models import ApiToken, Workspace
from accounts.tokens import create_token, digest
from agents.models import Agent, LanguageModel
from agents.services import publish
from calls.models import Call
from live.chat import readers
from tests.agents.vendors import HANG, HELLO, Say
from tests.people import cookie_of, make_member

FOREIGN = "https://help.larkfield.example"


@pytest.fixture
async def elsewhere(house) -> dict:
    """What another workspace has: its token, and an agent."""

    def make() -> dict:
        workspace = Workspace.objects.create(name="Somebody else's")
        agent = Agent.objects.create(workspace=workspace, name="Juno")
        publish(agent, prompt="You answer.")
        return {"token": create_token(workspace, "theirs", "owner", None)[1], "agent": agent}

    return await sync_to_async(make)()


def by(token: str) -> dict:
    return {"headers": {"authorization": f"Bearer {token}"}}


async def token_of(house, role: str) -> str:
    return (await sync_to_async(create_token)(house.workspace, role, role, None))[1]


async def nothing_happened(model) -> bool:
    return not model.requests and not await Call.objects.aexists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"id": "a/b"}, "id"),
        ({"trigger": "submit"}, "trigger"),
        ({"messages": []}, "messages"),
        ({"messages": ..., "messageId": "msg_1", "trigger": "regenerate-message"}, "messages"),
        ({"agentId": ...}, "agentId"),
        ({"text": "x" * 32_001}, "messages.0.parts"),
    ],
)
async def test_a_request_that_makes_no_sense_says_what_is_wrong(chatter, model, fields, field):
    refused = await chatter.refused(**fields)

    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (400, "invalid_request")
    assert [fault["field"] for fault in error["details"]] == [field]
    assert error["trace_id"] == refused.headers["x-trace-id"]
    assert await nothing_happened(model)


async def test_more_than_a_request_may_have_is_refused(chatter, model):
    body = json.dumps(chatter.body(padding="x" * 2_700_000))

    refused = await chatter.client.post("/api/chat", content=body)

    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "too_large")


async def test_an_agent_that_is_not_ours_or_not_there_is_not_found(chatter, model, elsewhere):
    unknown = "00000000-0000-7000-8000-000000000000"
    for agent in (unknown, str(elsewhere["agent"].pk)):
        refused = await chatter.refused(agentId=agent)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")
    assert await nothing_happened(model)


async def test_an_agent_of_which_nothing_is_published_cannot_be_talked_to(chatter, model):
    draft = await Agent.objects.acreate(workspace=chatter.house.workspace, name="Draft")

    assert (await chatter.refused(agentId=str(draft.pk))).status_code == 404


async def test_a_chat_stays_with_its_agent(chatter, model):
    await chatter.ask("Hello?", "u1")

    def another():
        agent = Agent.objects.create(workspace=chatter.house.workspace, name="Juno")
        publish(agent, prompt="You answer.")
        return agent

    other = await sync_to_async(another)()
    assert (await chatter.refused("And?", "u2", agentId=str(other.pk))).status_code == 400
    assert (await chatter.ask("And?", "u2", agentId=...)).text == "Hello."


async def test_a_chat_of_another_workspace_is_not_there(chatter, model, elsewhere):
    await chatter.ask("A secret.", "u1")
    theirs = by(elsewhere["token"])

    assert (await chatter.client.get("/api/chat/chat-1/stream", **theirs)).status_code == 404
    assert (await chatter.client.post("/api/chat/chat-1/stop", **theirs)).status_code == 404
    # The same name there is another chat.
    body = chatter.body("Hello?", "u1", agentId=str(elsewhere["agent"].pk))
    await chatter.client.post("/api/chat", json=body, **theirs)
    assert await Call.objects.acount() <= 2
    assert [turn.text async for turn in (await Call.objects.order_by("id").afirst()).turns.all()] == [
        "A secret.",
        "Hello.",
    ]


@pytest.mark.parametrize("path", ["nowhere", "..", "a b", "x" * 200, "%00"])
async def test_a_chat_that_is_not_there(chatter, path):
    for response in (
        await chatter.client.get(f"/api/chat/{path}/stream"),
        await chatter.client.post(f"/api/chat/{path}/stop"),
    ):
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("operator", 200), ("admin", 200)])
async def test_who_may_chat(chatter, model, role, status):
    token = await token_of(chatter.house, role)

    response = await chatter.client.post("/api/chat", json=chatter.body(), **by(token))

    assert response.status_code == status


async def test_strangers_may_not(chatter, model):
    for token in ("es_wrong", "es_" + "x" * 43):
        response = await chatter.client.post("/api/chat", json=chatter.body(), **by(token))
        assert (response.status_code, response.json()["error"]["code"]) == (401, "unauthenticated")
    assert await nothing_happened(model)


def headers(session: str) -> dict:
    return {"x-csrftoken": "a" * 32, "cookie": f"{session}; csrftoken={'a' * 32}"}


async def test_who_begins_a_chat_at_the_same_moment_as_another_does_not_read_it(chatter, model):
    def people():
        return [cookie_of(make_member(chatter.house.workspace, role)) for role in ("operator", "admin")]

    sessions = [value.decode() for _, value in await sync_to_async(people)()]
    chatter.client.headers.pop("authorization")
    asking = [
        chatter.client.post("/api/chat", json=chatter.body(), headers=headers(session))
        for session in sessions
    ]

    answers = await asyncio.gather(*asking)

    assert sorted(answer.status_code for answer in answers) == [200, 403]


async def test_a_persons_chat_is_theirs(chatter, model):
    def people():
        return [cookie_of(make_member(chatter.house.workspace, role)) for role in ("operator", "admin")]

    mine, others = [value.decode() for _, value in await sync_to_async(people)()]
    chatter.client.headers.pop("authorization")

    program = {"authorization": f"Bearer {chatter.house.token}"}
    began = await chatter.client.post("/api/chat", json=chatter.body(), headers=headers(mine))
    for whose in (headers(others), program):
        for method, path, body in (
            ("POST", "/api/chat", chatter.body("And?", "u2")),
            ("GET", "/api/chat/chat-1/stream", None),
            ("POST", "/api/chat/chat-1/stop", None),
        ):
            other = await chatter.client.request(method, path, json=body, headers=whose)
            assert (other.status_code, other.json()["error"]["code"]) == (403, "forbidden"), path
    stopped = await chatter.client.post("/api/chat/chat-1/stop", headers=headers(mine))

    assert (began.status_code, stopped.status_code) == (200, 200)
    assert (await Call.objects.aget()).opened_by_id is not None


async def test_a_cookie_alone_is_not_enough(chatter, model):
    session = await sync_to_async(lambda: cookie_of(make_member(chatter.house.workspace, "operator")))()
    chatter.client.headers.pop("authorization")

    refused = await chatter.client.post(
        "/api/chat", json=chatter.body(), headers={"cookie": session[1].decode()}
    )

    assert refused.status_code == 403
    assert await nothing_happened(model)


async def test_too_many_messages_are_refused_until_some_time_has_passed(chatter, model, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"enterprise": 1}
    await chatter.ask()

    refused = await chatter.refused("And?", "u2")

    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limited")
    assert refused.headers["x-ratelimit-limit"] == "1"
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert 1 <= int(refused.headers["retry-after"]) <= 60


async def test_nobody_has_more_answers_open_than_streams_at_all(chatter, model, settings):
    settings.STREAM_LIMIT_PER_USER = 1
    model.plays["m"] = [[Say("One"), HANG]]
    async with chatter.asking() as answer:
        await answer.read(until=lambda told: told.text)
        for refused in (await chatter.client.get("/api/chat/chat-1/stream"), await chatter.refused(id="2")):
            assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_streams")
            assert refused.headers["retry-after"] == "10"
        await chatter.stop()
        await answer.read()

    assert len(model.requests) == await Call.objects.acount() == 1
    # Neither what ended nor what was refused counts any more.
    assert (await chatter.refused("Other words.", "u1")).status_code == 409
    model.plays["m"] = [HELLO]
    assert (await chatter.ask("And?", "u2")).text == "Hello."


async def test_whose_token_is_withdrawn_reads_no_further(house, chatter, model):
    _, token = await sync_to_async(create_token)(house.workspace, "theirs", "operator", None)
    (viewer,) = (await sync_to_async(viewers_of_tokens)([digest(token)])).values()

    async def told():
        for n in range(3):
            yield b"%d" % n
            await sync_to_async(ApiToken.objects.filter(pk=viewer.token_id).delete)()

    lease = await readers.take(viewer)
    read = [chunk async for chunk in readers.read(told(), viewer, lease, every=0)]

    assert read == [b"0", b"1"]


async def test_without_any_model_nothing_is_begun(chatter, model):
    await LanguageModel.objects.aupdate(enabled=False)

    refused = await chatter.refused()

    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "all_models_unavailable")
    assert await nothing_happened(model)


async def test_pages_of_other_origins_may_ask_and_read_our_headers(chatter, model, settings):
    settings.CORS_ALLOWED_ORIGINS = [FOREIGN]
    asks = {"origin": FOREIGN, "access-control-request-method": "POST"}

    before = await chatter.client.options("/api/chat", headers=asks)
    answer = await chatter.client.post("/api/chat", json=chatter.body(), headers={"origin": FOREIGN})

    assert (before.status_code, before.headers["access-control-allow-origin"]) == (204, FOREIGN)
    assert answer.headers["access-control-allow-origin"] == FOREIGN
    exposed = answer.headers["access-control-expose-headers"]
    assert {"X-Conversation-Id", "X-Model-Name", "X-RateLimit-Remaining"} <= set(exposed.split(", "))


async def test_other_methods_are_refused_in_our_shape(chatter):
    for method, path in (("GET", "/api/chat"), ("POST", "/api/chat/c/stream"), ("GET", "/api/chat/c/stop")):
        response = await chatter.client.request(method, path)
        assert (response.status_code, response.json()["error"]["code"]) == (405, "method_not_allowed")


async def test_the_pages_of_calls_show_a_chat(chatter, model):
    await chatter.ask("Why is my bill so high?", "u1")
    call = await Call.objects.aget()

    def look() -> list[str]:
        client = Client()
        client.force_login(make_member(chatter.house.workspace, "operator"))
        return [
            client.get(path).content.decode()
            for path in ("/", f"/calls/{call.pk}/", "/calls/", f"/calls/{call.pk}/replay")
        ]

    board, page, history, replay = await sync_to_async(look)()
    for shown in (board, page, history):
        assert "Chat visitor" in shown
    assert "Why is my bill so high?" in page
    assert "Voice" not in page.split("Running on")[1]
    assert "Hello." in "".join(part.get("delta", "") for _, part in json.loads(replay)["events"])


def threads() -> int:
    """Of requests, each of which has one of its own."""
    return sum(thread.name.startswith("ThreadPoolExecutor-") for thread in threading.enumerate())


async def test_an_open_answer_holds_no_connection_to_the_database_and_no_thread(chatter, model):
    """There are sixteen connections for a process, and an answer may take minutes."""
    model.plays["m"] = [[Say("One"), HANG]]
    await LanguageModel.objects.aupdate(timeout_ms=120_000)
    before = threads()
    async with AsyncExitStack() as open_answers:
        answers = []
        for number in range(18):
            answers.append(await open_answers.enter_async_context(chatter.asking(id=f"chat-{number}")))
            await answers[-1].read(until=lambda told: told.text)

        shown = await chatter.client.get("/api/v1/agents")
        async with asyncio.timeout(20):
            while threads() - before > 2:  # noqa: ASYNC110  they end by themselves
                await asyncio.sleep(0.02)
        for number in range(18):
            await chatter.stop(f"chat-{number}")

    assert shown.status_code == 200
