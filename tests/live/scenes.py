"""Calls as the simulator's stories tell them, with pauses, failures and silences thrown in by a seed: their
facts by time, without the time it takes to speak them."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from calls.fold import SOCKET, WEBHOOK
from platforms.events import CallEnded, CallEvent, CallStarted, ToolAnswered, ToolCalled, TurnSpoken
from simulator.stories import HOSTED, STORIES, VARIANTS, render

BEGAN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
WORD_MS = 300


@dataclass(frozen=True, slots=True)
class Scene:
    """`events`: (when it is known, in ms since the call began; the fact), by time."""

    name: str
    source: str
    events: list[tuple[int, CallEvent]]
    costs: list[tuple[int, str]]  # of models: when, USD
    end_ms: int


def scenes(count: int, seed: int = 1) -> list[Scene]:
    chance = random.Random(seed)
    stories = [*STORIES.values(), *HOSTED.values()]
    return [_scene(n, stories[n % len(stories)], chance) for n in range(count)]


def at(ms: int) -> datetime:
    return BEGAN + timedelta(milliseconds=ms)


def _scene(n: int, story, chance: random.Random) -> Scene:
    facts = story.facts(chance.randrange(VARIANTS))
    events: list[tuple[int, CallEvent]] = [(0, CallStarted(BEGAN))]
    costs: list[tuple[int, str]] = []
    now, number, tools = 0, 0, 0

    def say(key: str, template: str) -> None:
        nonlocal now, number
        number += 1
        text = render(template, facts)
        start, now = now, now + WORD_MS * len(text.split())
        role = "caller" if key.startswith("c") else "agent"
        if role == "caller" and chance.random() < 0.2:
            # Taken for finished, and then they went on.
            words = text.split()
            half = len(words) // 2 + 1
            cut = start + WORD_MS * half
            early = TurnSpoken(key, at(cut), role, " ".join(words[:half]), start, cut, n=number)
            events.append((cut, early))
        # A model is quicker than the voice that says it.
        end = now if role == "caller" else start + (now - start) // 4
        stream = () if role == "caller" else ((start, text),)
        told = TurnSpoken(key, at(end), role, text, start, end, n=number, stream=stream)
        events.append((end, told))

    say("r0", "Larkfield Energy, how can I help?")
    for index, line in enumerate(story.lines):
        now += chance.choice((300, 700, 1_500, 9_000))
        say(f"c{index}", line.says)
        if chance.random() < 0.1:
            say(f"c{index}-again", line.says)
        for use in line.tools:
            tools, number = tools + 1, number + 1
            key, start, now = f"x{tools}", now, now + chance.choice((400, 2_000, 11_000))
            asked = ToolCalled(key, at(start), use.name, dict(render(use.arguments, facts)), start, n=number)
            ok = use.status == 200 and chance.random() > 0.2
            events.append((start, asked))
            events.append((now, ToolAnswered(key, at(now), ok, "{}", now)))
        now += 400
        say(f"r{index + 1}", line.answer)
        costs.append((now, f"0.{chance.randrange(1, 9)}"))
    now += chance.choice((500, 12_000))
    events.append((now, CallEnded(at(now))))
    events.sort(key=lambda one: one[0])
    source = WEBHOOK if story.hosted else SOCKET
    return Scene(f"call_{n}", source, events, costs, now)
