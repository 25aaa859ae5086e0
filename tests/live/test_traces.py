"""One call, as a collector of traces sees it: from the platform's socket and webhooks to a worker's tasks."""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from asgiref.sync import sync_to_async

from calls.models import Call
from config.celery import app
from config.env import BASE_DIR
from platforms.retell.webhooks import sign
from platforms.services import new_secret
from tests.collector import Collector, Told, collecting, recording
from tests.live.house import GREETING, dialled
from tests.live.processes import database_url, in_a_thread
from webhooks import intake, lines

CALL = "call_7c1e9a40b2d84f5e93a61b0c"
SAID = (
    ("r0", GREETING),
    ("user", "Hi, yeah, I think you've taken my payment twice this month."),
    ("r7", "Could you give me your account number?"),
    ("user", "Sure, one second, I've got the bill here. It's LE 4481 7702."),
)
DOCS = Path(BASE_DIR, "docs/observability.md")
SOCKET = "WS /voice/retell/<str:key>/<str:call_id>"
WEBHOOK = "POST /webhooks/<platform>/<connection>"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@contextlib.contextmanager
def a_worker(collector: Collector) -> Iterator[subprocess.Popen]:
    """The one other process: ended as `up` ends it, so that it has to send what it still has.

    Other tests have left work that is none of ours.
    """
    app.control.purge()
    known = os.environ | {
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    options = ("--concurrency", "1", "--without-gossip", "--without-mingle", "--without-heartbeat")
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "--quiet", "-A", "config", "worker", *options],
        cwd=BASE_DIR,
        env=known,
    )
    try:
        yield worker
        worker.terminate()
        worker.wait(timeout=30)
    finally:
        worker.kill()
        worker.wait(timeout=10)


@pytest.fixture
async def ended(house) -> AsyncIterator[None]:
    yield
    await intake.close()
    await lines.close()


async def deliver(address: str, connection, kind: str) -> httpx.Response:
    body = json.dumps(
        {
            "event": kind,
            "call": {"call_id": CALL, "agent_id": "agent_1", "start_timestamp": 1_700_000_000_000},
        }
    ).encode()
    headers = sign(body, connection.webhook_secret, datetime.now(UTC))
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        url = f"http://{address}/webhooks/retell/{connection.pk}"
        return await client.post(url, content=body, headers=headers)


async def test_one_call_is_traced_across_processes(ended, house, address, world, collector):
    house.connection.webhook_secret = new_secret()
    await sync_to_async(house.connection.save)()
    with recording(collector), a_worker(collector):
        async with dialled(address, house.agent, CALL) as peer:
            await peer.answered(0)
            await peer.ask(1, *SAID)
            answer = await peer.answered(1)
        wait = in_a_thread(collector.wait_for)
        await wait("process live.tasks.settle_call")  # a bell that nobody hears expires
        hook = await deliver(address, house.connection, "call_started")
        await wait("apply webhooks")

    assert hook.status_code == 200
    call = await sync_to_async(Call.objects.get)()
    socket, settled = collector.one(SOCKET), collector.named("process live.tasks.settle_call")[0]

    # The call: what its socket began, in this process and the other, is one trace.
    assert settled.trace_id == socket.trace_id
    assert settled.process["earshot.role"] == "worker"
    assert socket.process["earshot.role"] == "tests"
    assert settled.parent == collector.named("send live.tasks.settle_call")[0].id
    assert socket.attributes["gen_ai.conversation.id"] == str(call.pk)
    replies = collector.named("invoke_agent Odell")
    assert {one.parent for one in replies} == {socket.id}
    [reply] = [one for one in replies if one.attributes["earshot.answer"] == "r1"]
    [tool] = [one for one in collector.spans if one.name.startswith("execute_tool ")]
    chats = collector.named("chat sim-fast")
    assert {tool.parent, *(one.parent for one in chats)} == {reply.id}
    assert [types(one)[-1] for one in chats] == ["finish"] * len(chats)
    assert types(reply)[0] == "start-step"
    assert types(reply)[-1] == "finish-step"
    assert sum(one.attributes["gen_ai.usage.output_tokens"] for one in chats) > 0
    assert {one.attributes["gen_ai.conversation.id"] for one in chats} == {str(call.pk)}

    # The webhook: from its receipt to where it was applied.
    received, applied = collector.one(WEBHOOK), collector.one("apply webhooks")
    assert received.trace_id == hook.headers["x-trace-id"] == applied.trace_id
    kept = collector.one("keep webhook")
    assert (kept.parent, applied.parent) == (received.id, kept.id)
    rounds = [one.id for one in collector.named("process webhooks.tasks.apply_pending")]
    assert [span for _, span in applied.links] in [[one] for one in rounds]
    assert applied.process["earshot.role"] == "worker"

    # Nobody's words, no keys.
    told = b"".join(one.words for one in collector.spans)
    secrets = (house.agent.key, house.connection.webhook_secret, house.connection.api_key, "sk-sim")
    for word in (*(words[:12] for _, words in SAID), answer[:12], "4481", *secrets):
        assert word.encode() not in told
    assert {shape(one) for one in collector.spans} <= documented()


def types(span: Told) -> list[str]:
    return [told["stream.event_type"] for name, told in span.events if name == "stream"]


def shape(span: Told) -> str:
    """Its name as the documentation has it."""
    for attribute, placeholder in (
        ("gen_ai.request.model", "{model}"),
        ("gen_ai.tool.name", "{tool}"),
        ("gen_ai.agent.name", "{agent}"),
    ):
        if value := span.attributes.get(attribute):
            return span.name.replace(value, placeholder)
    if (route := span.attributes.get("http.route")) and span.name != "HTTP":
        return span.name.replace(route, "{route}").replace("POST", "{method}").replace("WS", "{method}")
    return re.sub("(send|process) .*", r"\1 {task}", span.name)


def documented() -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", DOCS.read_text(), re.MULTILINE))
