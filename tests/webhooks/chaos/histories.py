"""Webhooks of many made-up calls, as Retell would post them. The same seed gives the same bytes."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

KNOWN_AGENT, UNKNOWN_AGENT = "agent_of_the_storm", "agent_nobody_linked"
FIRST_MS = int(datetime(2026, 11, 20, 9, 0, tzinfo=UTC).timestamp() * 1000)
CALLER = (
    "I was charged twice.",
    "Yes, exactly.",
    "Könnten Sie das prüfen?",
    "In May, I think.",
    "Thank you 🙏",
)
AGENT = (
    "How can I help?",
    "Let me look at that.",
    "I see two charges of £42.",
    "One is refunded.",
    "Goodbye.",
)
SHARE_REPEATED = 0.3


@dataclass(frozen=True, slots=True)
class Post:
    call_id: str
    body: bytes


def histories(seed: int, calls: int, posts: int) -> list[list[Post]]:
    """What is posted about each call, in order, once each: the share of `posts` that is no repeat."""
    rng = random.Random(seed)
    left = round(posts * (1 - SHARE_REPEATED))
    told = []
    for number in range(calls):
        share = left if number == calls - 1 else max(4, left // (calls - number) + rng.randint(-4, 4))
        history = list(_history(rng, number, share))
        left -= len(history)
        told.append(history)
    return told


def shuffled(seed: int, told: list[list[Post]], posts: int) -> list[Post]:
    """All of it in any order, with repeats until there are `posts`."""
    rng = random.Random(seed)
    once = [post for history in told for post in history]
    mixed = once + rng.choices(once, k=posts - len(once))
    rng.shuffle(mixed)
    return mixed


def _history(rng: random.Random, number: int, share: int) -> Iterator[Post]:
    last = number % 10
    if last == 3 and share < 40:
        yield from _never_connected(number)
    elif last == 6:
        yield from _chat(rng, number, share)
    else:
        yield from _call(rng, number, share, handed_over=last == 8)


def _call(rng: random.Random, number: int, share: int, *, handed_over: bool) -> Iterator[Post]:
    """The start, the words as they grow, the end, the analysis, and now and then another one."""
    call = _about(number) | {"direction": rng.choice(["inbound", "outbound"])}
    again = number % 3 == 0
    steps = ("transfer_started", "transfer_bridged", "transfer_ended") if handed_over else ()
    updates = share - 3 - again - len(steps)
    entries = _entries(rng, updates)
    yield _post("call_started", call=call | {"call_status": "ongoing"})
    for length in range(1, updates + 1):
        so_far = call | {"call_status": "ongoing", "transcript_with_tool_calls": entries[:length]}
        yield _post("transcript_updated", call=so_far)
    for step in steps:
        yield _post(step, call=call, transfer_destination={"number": "+14155550166"})
    seconds = len(entries) * 2 + 3
    ended = call | {
        "call_status": "ended",
        "end_timestamp": call["start_timestamp"] + seconds * 1000,
        "duration_ms": seconds * 1000,
        "disconnection_reason": "call_transfer"
        if handed_over
        else rng.choice(["user_hangup", "agent_hangup"]),
        "transcript_with_tool_calls": entries,
    }
    yield _post("call_ended", call=ended)
    for run in range(1 + again):
        yield _post("call_analyzed", call=ended | _analysis("call", run))


def _never_connected(number: int) -> Iterator[Post]:
    call = _about(number) | {"direction": "outbound", "call_status": "not_connected", "duration_ms": 0}
    call |= {"end_timestamp": call["start_timestamp"] + 20_000, "disconnection_reason": "dial_no_answer"}
    yield _post("call_ended", call=call)
    yield _post("call_analyzed", call=call | {"call_analysis": {"call_successful": False}})


def _chat(rng: random.Random, number: int, share: int) -> Iterator[Post]:
    began = FIRST_MS + number * 1_000
    chat = {
        "chat_id": f"chat_{number}",
        "agent_id": KNOWN_AGENT,
        "chat_type": "api_chat",
        "start_timestamp": began,
    }
    messages = [
        {
            "role": "user" if place % 2 == 0 else "agent",
            "content": f"{rng.choice(CALLER if place % 2 == 0 else AGENT)} ({place})",
            "message_id": f"msg_{number}_{place}",
            "created_timestamp": began + 500 + place * 1_500,
        }
        for place in range(share - 3)
    ]
    yield _post("chat_started", chat=chat | {"chat_status": "ongoing"})
    for length in range(1, len(messages) + 1):
        yield _post("transcript_updated", chat=chat | {"message_with_tool_calls": messages[:length]})
    ended = chat | {
        "chat_status": "ended",
        "message_with_tool_calls": messages,
        "end_timestamp": began + len(messages) * 1_500 + 2_000,
    }
    yield _post("chat_ended", chat=ended)
    yield _post("chat_analyzed", chat=ended | _analysis("chat", 0))


def _about(number: int) -> dict:
    return {
        "call_id": f"call_{number}",
        "call_type": "web_call" if number % 10 == 5 else "phone_call",
        "agent_id": UNKNOWN_AGENT if number % 10 == 1 else KNOWN_AGENT,
        "from_number": f"+1415555{number:04d}",
        "to_number": "+14155550190",
        "start_timestamp": FIRST_MS + number * 1_000,
    }


def _analysis(what: str, run: int) -> dict:
    return {
        f"{what}_cost": {"combined_cost": 7.063},
        f"{what}_analysis": {
            f"{what}_summary": f"Charged twice, one refunded; run {run}.",
            f"{what}_successful": True,
            "user_sentiment": "Positive",
        },
    }


def _entries(rng: random.Random, count: int) -> list[dict]:
    """A transcript of so many entries: words of both sides, now and then a tool and what it answered."""
    entries: list[dict] = []
    answers = 0
    while len(entries) < count:
        at = len(entries) * 2.0
        if len(entries) % 7 == 4 and count - len(entries) >= 2:
            tool = f"tool_{len(entries)}"
            arguments = json.dumps({"month": "May"})
            entries += [
                {
                    "role": "tool_call_invocation",
                    "tool_call_id": tool,
                    "name": "find",
                    "arguments": arguments,
                },
                {"role": "tool_call_result", "tool_call_id": tool, "content": '{"found": 2}'},
            ]
        elif len(entries) % 2:
            entries.append(_said("user", rng.choice(CALLER), at))
        else:
            entries.append(_said("agent", rng.choice(AGENT), at) | {"metadata": {"response_id": answers}})
            answers += 1
    return entries


def _said(role: str, text: str, at: float) -> dict:
    words = [
        {"word": word, "start": at + place * 0.2, "end": at + place * 0.2 + 0.15}
        for place, word in enumerate(text.split())
    ]
    return {"role": role, "content": text, "words": words}


def _post(kind: str, **told) -> Post:
    about = told.get("call") or told["chat"]
    return Post(about.get("call_id") or about["chat_id"], json.dumps({"event": kind, **told}).encode())
