"""What becomes of a request when a model fails, in every way in which models do, with both vendors' SDKs.

Each line of the table is asked of the simulator's model servers over real HTTP. The model that fails has one
retry; behind it in the chain is one that works.
"""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from agents.llm import backoff
from agents.llm.events import Failed, Finish, TextDelta, Usage
from agents.llm.request import Message
from simulator import World

# Who gives the answer in the end: the model that works, the one that failed at first, or nobody, though
# half of an answer may have been heard.
FALLBACK, ITSELF, HALF, NOBODY = "the next model", "itself", "half", "nobody"
# What an attempt that failed costs.
FREE, GUESSED, COUNTED = "nothing", "by our own count", "by the vendor's count"

WHOLE = {"timeout_ms": 8_000}
SOON = {"timeout_ms": 500}  # nothing comes
LATER = {"timeout_ms": 2_500}  # something comes before, on a slow machine too


@dataclass(frozen=True)
class Line:
    fault: str
    answered: str
    error: str  # our type, in the record and, where nobody answers, in the stream
    asked: int  # how often the model that fails is asked
    costs: str
    retryable: bool = True
    finish: str = "error"
    fields: dict = None


TABLE = [
    #    fault        who answers  error type        asked costs
    Line("429",       FALLBACK, "rate_limited",   1, FREE),  # it asks for more patience than a caller has
    Line("429-bare",  FALLBACK, "rate_limited",   2, FREE),
    Line("quota",     FALLBACK, "rate_limited",   1, FREE),
    Line("529",       FALLBACK, "overloaded",     1, FREE),
    Line("500",       FALLBACK, "internal",       2, FREE),
    Line("401",       FALLBACK, "auth",           1, FREE),
    Line("404",       FALLBACK, "internal",       1, FREE),
    Line("hang",      FALLBACK, "timeout",        2, GUESSED, fields=SOON),
    Line("empty",     FALLBACK, "internal",       2, COUNTED),
    Line("window",    ITSELF,   "context_length", 2, FREE),  # with less to read
    Line("context",   NOBODY,   "context_length", 2, FREE,    retryable=False),
    Line("refusal",   NOBODY,   "content_filter", 1, COUNTED, retryable=False, finish="content_filter"),
    Line("cut",       HALF,     "connection",     1, GUESSED),
    Line("truncate",  HALF,     "connection",     1, GUESSED),
    Line("malformed", HALF,     "connection",     1, GUESSED),
    Line("stall",     HALF,     "timeout",        1, GUESSED, fields=LATER),
]  # fmt: skip
HISTORY = [
    Message(role, f"{text} " * 40)
    for text in ("The bill is wrong, I think.", "I see two charges here.", "One of them is not mine.")
    for role in ("user", "assistant")
]
CALLER = Message("user", "Hello, I think I was charged twice for my last bill.")


@pytest.fixture
async def world():
    async with World(seed=1, speed=40) as world:
        yield world


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
@pytest.mark.parametrize("line", TABLE, ids=[line.fault for line in TABLE])
async def test_what_becomes_of_a_request_when_a_model_fails(
    line: Line, kind, world, vendors, add_model, ask, recorded, monkeypatch
):
    monkeypatch.setattr(backoff, "PATIENCE_SECONDS", 60.0)  # for a slow machine
    url = world.openai_url.removesuffix("/v1") if kind == "openai" else world.anthropic_url
    failing = f"sim-fast:{line.fault}"
    await add_model(failing, kind=kind, url=url, retries=1, **(line.fields or WHOLE))
    await add_model("sim-standard", kind=kind, url=url)

    events = await ask(messages=[*HISTORY, CALLER])
    rows = await recorded()

    # Who answers, and what is said where nobody does.
    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    if line.answered in (FALLBACK, ITSELF):
        assert said
        assert (type(events[-2]), type(events[-1])) == (Usage, Finish)
        assert events[0].model == ("sim-standard" if line.answered == FALLBACK else failing)
        assert events[0].fallback == (1 if line.answered == FALLBACK else 0)
    else:
        assert bool(said) == (line.answered == HALF)
        assert isinstance(events[-1], Failed)
        assert (events[-1].type, events[-1].retryable) == (line.error, line.retryable)
        assert {event.model for event in events if hasattr(event, "model")} <= {failing}

    # Every attempt is a row, and every request to the vendor was an attempt of ours.
    tried = [row for row in rows if row.error_type]
    good = [row for row in rows if not row.error_type]
    failures = line.asked - (line.answered == ITSELF)
    assert [(row.model, row.attempt) for row in tried] == [(failing, n + 1) for n in range(failures)]
    assert {(row.error_type, row.finish) for row in tried} == {(line.error, line.finish)}
    assert sum(counts.requests for counts in world.stats.models.values()) == len(rows)
    if line.answered == FALLBACK:
        [answer] = good
        assert (answer.model, answer.fallback_from) == ("sim-standard", failing)
    elif line.answered == ITSELF:
        [answer] = good
        assert (answer.model, answer.fallback_from, answer.attempt) == (failing, "", line.asked)
    else:
        assert not good

    # The spend.
    for row in tried:
        assert (row.cost_usd > 0) == (line.costs != FREE)
        assert row.estimated == (line.costs == GUESSED)
    for row in good:
        assert (row.finish, row.estimated) == ("stop", False)
        million = Decimal(1_000_000)
        assert row.cost_usd == (row.tokens_in * 2 + row.tokens_out * 10) / million > 0
