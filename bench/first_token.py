"""How much later the first token comes through the router than through the bare vendor SDK.

A model server in a process of its own answers at once; the two are asked in turns, so that whatever else the
machine does meets both alike. Needs a migrated database (DATABASE_URL); leaves it as it was.

    python -m bench.first_token
"""

import asyncio
import multiprocessing
import os
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("PRIVATE_HOSTS", "127.0.0.1")  # where its vendors are
django.setup()

from anthropic import AsyncAnthropic  # noqa: E402
from channels.db import database_sync_to_async  # noqa: E402
from openai import AsyncOpenAI  # noqa: E402

from accounts.models import Workspace  # noqa: E402
from agents.llm import router  # noqa: E402
from agents.llm.events import TextDelta  # noqa: E402
from agents.llm.request import Message, Request  # noqa: E402
from agents.models import Budget, LanguageModel, Provider  # noqa: E402
from bench.targets import Target  # noqa: E402
from tests.agents.vendors import Counts, Say, Stop, Vendors  # noqa: E402

TARGET_MS = 5.0
# As models are asked at least; as one whose first token may come too late to wait for it alone; and with an
# amount held in Redis before.
KINDS = ("openai", "anthropic", "openai, hedged", "openai, with a budget")
ROUNDS, WARM_UP = 200, 20
ANSWER = [Say("One moment, "), *[Say("please. ")] * 10, Stop(), Counts(fresh=200, out=24)]
PROMPT = "You are Juno, who knows all about power cuts. Be brief. " * 20
QUESTION = "Is the power out in Larkfield Road?"

FirstToken = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Added:
    """Milliseconds to the first token: bare, routed, and by how much later it came in the same round."""

    kind: str
    bare_ms: float
    routed_ms: float
    added_ms: float
    added_p95_ms: float

    def __str__(self) -> str:
        return (
            f"{self.kind:16} bare {self.bare_ms:6.2f} ms   routed {self.routed_ms:6.2f} ms   "
            f"added {self.added_ms:5.2f} ms (p95 {self.added_p95_ms:.2f})"
        )

    @property
    def target(self) -> Target:
        what = f"added time to first token over the bare SDK call, {self.kind}"
        return Target(what, self.added_ms, TARGET_MS, "ms")


async def measure(name: str, url: str, rounds: int = ROUNDS) -> Added:
    kind = name.split(",")[0]
    workspace = await _make(kind, url, hedged="hedged" in name, budget="budget" in name)
    bare, routed = _bare(kind, url), _routed(workspace)
    times: list[tuple[float, float]] = []
    try:
        for turn in range(WARM_UP + rounds):
            if turn % 2:
                pair = (await bare(), await routed())
            else:
                pair = (await routed(), await bare())[::-1]
            times.append(pair)
    finally:
        await router.close()
        await database_sync_to_async(workspace.delete, thread_sensitive=False)()
    times = times[WARM_UP:]
    added = sorted(routed - bare for bare, routed in times)
    return Added(
        name,
        statistics.median(bare for bare, _ in times),
        statistics.median(routed for _, routed in times),
        statistics.median(added),
        added[int(len(added) * 0.95)],
    )


def _bare(kind: str, url: str) -> FirstToken:
    said = [{"role": "user", "content": QUESTION}]
    if kind == "openai":
        openai = AsyncOpenAI(api_key="sk", base_url=f"{url}/v1", max_retries=0)
        messages = [{"role": "system", "content": PROMPT}, *said]
        options = {"stream_options": {"include_usage": True}, "max_tokens": 1_024}

        async def words() -> AsyncIterator[str]:
            stream = await openai.chat.completions.create(
                model="m", messages=messages, stream=True, **options
            )
            async for chunk in stream:
                if chunk.choices and chunk.choices[0].delta.content:
                    yield chunk.choices[0].delta.content
    else:
        anthropic = AsyncAnthropic(api_key="sk", base_url=url, max_retries=0)

        async def words() -> AsyncIterator[str]:
            stream = await anthropic.messages.create(
                model="m", system=PROMPT, messages=said, max_tokens=1_024, stream=True
            )
            async for event in stream:
                if event.type == "content_block_delta":
                    yield event.delta.text

    return lambda: _timed(words())


def _routed(workspace: Workspace) -> FirstToken:
    request = Request(
        workspace_id=workspace.pk, feature="voice", system=PROMPT, messages=[Message("user", QUESTION)]
    )

    async def words() -> AsyncIterator[str]:
        async with aclosing(router.stream(request)) as answer:
            async for event in answer:
                if isinstance(event, TextDelta):
                    yield event.text

    return lambda: _timed(words())


async def _timed(words: AsyncIterator[str]) -> float:
    """Milliseconds to the first word. Reads to the end, so that the connection can be used again."""
    began = perf_counter()
    first = 0.0
    async for _ in words:
        first = first or (perf_counter() - began) * 1_000
    return first


async def _make(kind: str, url: str, *, hedged: bool, budget: bool) -> Workspace:
    def make() -> Workspace:
        workspace = Workspace.objects.create(name="Bench")
        provider = Provider.objects.create(
            workspace=workspace,
            name=kind,
            kind=kind,
            base_url=f"{url}/v1" if kind == "openai" else url,
            api_key="sk",
        )
        prices = {"price_in": 1, "price_out": 5}
        model = {"name": "m", "tier": "fast", "hedge_ms": 5_000 if hedged else None} | prices
        LanguageModel.objects.create(workspace=workspace, provider=provider, **model)
        if budget:
            Budget.objects.create(workspace=workspace, period="day", hard_usd=1_000)
        return workspace

    return await database_sync_to_async(make, thread_sensitive=False)()


@contextmanager
def vendors():
    """The address of a model server in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection) -> None:
    async def serve() -> None:
        async with Vendors() as server:
            server.play("m", *ANSWER)
            pipe.send(server.url)
            await asyncio.Event().wait()

    asyncio.run(serve())


def run() -> list[Added]:
    """Both vendors' figures."""
    with vendors() as url:
        return [asyncio.run(measure(name, url)) for name in KINDS]


if __name__ == "__main__":
    figures = run()
    for figure in figures:
        print(figure)
    for line in Target.table(figure.target for figure in figures):
        print(line)
