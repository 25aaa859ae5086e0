"""A short call as everybody concerned tells of it, for tests of how the facts become one record."""

from datetime import UTC, datetime, timedelta

from calls.fold import PLATFORM, SOCKET, WATCH, Fact
from platforms.events import (
    CallAnalyzed,
    CallEnded,
    CallEvent,
    CallStarted,
    ToolAnswered,
    ToolCalled,
    TurnHeard,
    TurnSpoken,
    Word,
)

BEGAN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def at(ms: int) -> datetime:
    return BEGAN + timedelta(milliseconds=ms)


def spoken(turn: str, text: str, start_ms: int, end_ms: int, n: int | None = None, **more) -> TurnSpoken:
    role = "caller" if turn.startswith("c") else "agent"
    return TurnSpoken(turn, at(end_ms), role, text, start_ms, end_ms, n=n, **more)


ON_THE_SOCKET: list[CallEvent] = [
    CallStarted(BEGAN),
    spoken(
        "r0",
        "Larkfield Energy, how can I help?",
        0,
        300,
        n=1,
        stream=((0, "Larkfield Energy, how can I help?"),),
    ),
    spoken("c0", "I was charged", 2_000, 2_900, n=2),
    # The caller went on after the answer had been asked for.
    spoken("c0", "I was charged twice.", 2_000, 3_400, n=2),
    spoken("r2", "Let me look. I see two charges of £42.", 3_500, 5_200, n=3, reply_ms=210, model="sim-fast"),
    ToolCalled("x1", at(3_900), "billing.find_charges", {"month": "May"}, 3_900, n=4),
    ToolAnswered("x1", at(4_400), True, '{"charges": 2}', 4_400),
    TurnHeard("r2", at(6_000), "Let me look. I see two"),
    spoken("c1", "Yes exactly", 5_900, 6_400, n=5),
    spoken("r3", "I have refunded one.", 6_500, 7_300, n=6, error="interrupted"),
    CallEnded(at(9_000)),
]

# Half a second ahead of our clock, tidied, and with words nobody on our side heard.
BY_THE_PLATFORM: list[CallEvent] = [
    CallStarted(at(-500), "inbound", "+447700900142", "+442079460000", "agent_1"),
    spoken("r0", "Larkfield Energy, how can I help?", 400, 2_100, n=1),
    spoken("c0", "I was charged twice.", 2_500, 3_900, n=2, words=(Word("I", 2_500, 2_600),)),
    spoken("r2", "Let me look. I see two charges", 4_600, 6_300, n=3),
    ToolCalled("x1", at(6_300), "billing.find_charges", {"month": "May"}, 6_300, n=4),
    ToolAnswered("x1", at(6_300), True, '{"charges": 2}', 6_300),
    spoken("c1", "Yes, exactly.", 6_400, 6_900, n=5),
    spoken("c2", "Bye.", 8_800, 9_100, n=6),
    CallEnded(at(9_200), "user_hangup", "caller_hung_up"),
    CallEnded(at(9_900), "error_unknown", "failed"),
    CallAnalyzed(at(9_200), cost_usd="0.0706"),
    CallAnalyzed(at(9_300), summary="Charged twice, one refunded.", sentiment="positive", successful=True),
]

BY_THE_WATCH: list[CallEvent] = [
    CallEnded(at(54_000), "connection_lost", "failed"),
    spoken("r3", "I have ref", 6_500, 7_000, n=6, error="interrupted"),
]

ALL = [
    *(Fact(SOCKET, event) for event in ON_THE_SOCKET),
    *(Fact(PLATFORM, event) for event in BY_THE_PLATFORM),
    *(Fact(WATCH, event) for event in BY_THE_WATCH),
]
