"""Find the place of a conversation in the stories: what would a good agent say now?"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from simulator.stories import STORIES
from simulator.stories.story import VARIANTS, Line, Story, render

# A suffix or a likeness shorter than this says too little about where we are.
TELLING = 10
LIKENESS = 0.55
CALLING_OUT = ("hello are you still there", "hola sigue ahi")
NUDGE = re.compile(
    r"\b(silen(t|ce)|quiet|not responded|no response|(has not|hasn t) (spoken|said)|said nothing|reminder)\b"
)
REMINDERS = {"en-GB": "Are you still there? Take your time.", "es-ES": "¿Sigue ahí? No hay prisa."}
HOLD_ON = {"en-GB": "Please hold the line.", "es-ES": "No cuelgue, por favor."}
STILL_HERE = {"en-GB": "Yes, I'm here, sorry about that. ", "es-ES": "Sí, aquí estoy, disculpe. "}
ASIDES = (
    "Of course. Could you tell me a little more, so that I can look into the right thing?",
    "Thanks for telling me. Could I take your account number, and I'll have a look?",
    "I see. Is this about a bill, a power cut, a move, or your tariff?",
    "Right, I've noted that. What would be the most helpful thing for me to do next?",
)


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a conversation, whatever vendor's words it came in. Role: user, assistant, tool."""

    role: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool the agent wants to use."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    call: Call | None = None


def plain(text: str) -> str:
    """Letters and digits only, without case and accents: what two writings of a sentence share."""
    bare = unicodedata.normalize("NFKD", text.lower())
    bare = "".join(character for character in bare if not unicodedata.combining(character))
    return " ".join(re.findall(r"[a-z0-9]+", bare))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a caller's words stand in a story. `variants`: those in which they are said so."""

    story: Story
    number: int
    variants: frozenset[int]

    @property
    def line(self) -> Line:
        return self.story.lines[self.number]


class Script:
    """All stories by what their callers say."""

    def __init__(self, stories: Iterable[Story]) -> None:
        found: dict[str, dict[tuple[str, int], set[int]]] = defaultdict(lambda: defaultdict(set))
        by_name = {story.name: story for story in stories}
        for story in by_name.values():
            for variant in range(VARIANTS):
                facts = story.facts(variant)
                for number, line in enumerate(story.lines):
                    found[plain(render(line.says, facts))][story.name, number].add(variant)
        self._places = {
            text: [
                Place(by_name[name], number, frozenset(variants))
                for (name, number), variants in places.items()
            ]
            for text, places in found.items()
        }
        self._words = {text: frozenset(text.split()) for text in self._places}

    def reply(self, messages: Sequence[Said], tools: Collection[str] = ()) -> Reply:
        """What a good agent says next, using only the tools it was given (names with dots)."""
        here = self._locate(messages)
        if here is None:
            return self._aside(messages)
        at, place, variant, calling_out = here
        facts = place.story.facts(variant)
        line, language = place.line, place.story.language
        since = messages[at + 1 :]
        if not calling_out and self._is_reminder(messages, at):
            return Reply(render(line.reminder, facts) or REMINDERS[language])
        usable = [use for use in line.tools if use.name in tools]
        used = sum(message.role == "tool" for message in since)
        if used < len(usable):
            use = usable[used]
            spoken = "" if used or calling_out else render(line.before, facts)
            return Reply(spoken, Call(use.name, render(use.arguments, facts)))
        if used > len(usable):
            return Reply(HOLD_ON[language])
        opening = STILL_HERE[language] if calling_out else ""
        then = Call(line.then, {}) if line.then in tools else None
        return Reply(opening + render(line.answer, facts), then)

    def story_of(self, messages: Sequence[Said]) -> tuple[Story, dict[str, Any]] | None:
        """The story a conversation tells, and its facts; None if it tells none of ours."""
        here = self._locate(messages)
        return (here[1].story, here[1].story.facts(here[2])) if here else None

    def following(self, messages: Sequence[Said]) -> str:
        """What the caller says next in the story that a conversation tells; empty if it tells none, or is over."""
        here = self._locate(messages)
        lines = here[1].story.lines[here[1].number + 1 :] if here else ()
        return render(lines[0].says, here[1].story.facts(here[2])) if here and lines else ""

    def _locate(self, messages: Sequence[Said]) -> tuple[int, Place, int, bool] | None:
        """(index of the message, its place, the variant, whether the caller has called out since)."""
        known: dict[str, set[int]] = {}
        newest: tuple[int, list[Place]] | None = None
        calling_out = False
        for index in range(len(messages) - 1, -1, -1):
            if messages[index].role != "user":
                continue
            text, called = _without_calling_out(plain(messages[index].text))
            if newest is None:
                calling_out = calling_out or called
            places = self._find(text, exactly=newest is not None)
            if newest is None and places:
                newest = index, places
            for place in places:
                known.setdefault(place.story.name, set(range(VARIANTS))).intersection_update(place.variants)
        if newest is None:
            return None
        index, places = newest
        # The same words may open two stories: the one whose other lines were heard too.
        place = max(places, key=lambda place: len(known[place.story.name]) > 0)
        variants = known[place.story.name] or place.variants
        return index, place, min(variants), calling_out

    def _find(self, text: str, *, exactly: bool) -> list[Place]:
        if text in self._places:
            return self._places[text]
        ends = [key for key in self._places if len(key) >= TELLING and text.endswith(" " + key)]
        if ends:
            return self._places[max(ends, key=len)]
        if exactly:
            return []
        words = frozenset(text.split())
        alike = {key: len(words & own) / len(words | own) for key, own in self._words.items() if words & own}
        best = max(alike, key=lambda key: alike[key], default="")
        return self._places[best] if best and alike[best] >= LIKENESS else []

    def _is_reminder(self, messages: Sequence[Said], at: int) -> bool:
        """The caller has said nothing since the agent's last word, or we are told so in as many words."""
        last = messages[-1]
        if last.role == "assistant":
            return True
        return last.role == "user" and len(messages) - 1 > at and bool(NUDGE.search(plain(last.text)))

    def _aside(self, messages: Sequence[Said]) -> Reply:
        users = [
            message.text
            for message in messages
            if message.role == "user" and not NUDGE.search(plain(message.text))
        ]
        if not users:
            return Reply("Hello, you're through to Larkfield Energy. How can I help?")
        return Reply(ASIDES[(len(users) - 1) % len(ASIDES)])


@cache
def script() -> Script:
    """Of all that the simulator tells. It never changes, and takes a moment to write."""
    return Script(STORIES.values())


def _without_calling_out(text: str) -> tuple[str, bool]:
    for call in CALLING_OUT:
        if text.endswith(call):
            return text.removesuffix(call).strip(), True
    return text, False
