"""Conversations again and again, as if other people had them: names, dates and numbers are others in each."""

import calendar
import random
import re
from collections.abc import Iterator, Sequence

from bench.corpus import Conversation

_FIRST = (
    "Bel Cor Dan Eri Fal Gor Hal Ira Jor Kel Lor Mir Nor Osk Pel Quin Ros Sel Tor Uma Val Wen Xan Yor Zel"
)
_LAST = "a an ius ond wick sted mere field ton by ough ham ett ison aro"
NAMES = [first + last for first in _FIRST.split() for last in _LAST.split()]
MONTHS = list(calendar.month_name[1:])
DAYS = list(calendar.day_name)
_DIGIT = re.compile(r"\d")
# Not at the beginning of a sentence, where any word has a capital letter.
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}")


def copies(conversations: Sequence[Conversation], count: int) -> Iterator[list[Conversation]]:
    """The conversations as they are, then as other people's: the same ones with every run."""
    yield list(conversations)
    for copy in range(1, count):
        draw = random.Random(copy)
        yield [_another(conversation, copy, draw) for conversation in conversations]


def _another(conversation: Conversation, copy: int, draw: random.Random) -> Conversation:
    names: dict[str, str] = {}

    def named(found: re.Match) -> str:
        for known in (MONTHS, DAYS):
            if found[0] in known:
                return names.setdefault(found[0], draw.choice(known))
        return names.setdefault(found[0], draw.choice(NAMES))

    def twisted(text: str) -> str:
        return _NAME.sub(named, _DIGIT.sub(lambda _: str(draw.randrange(10)), text))

    turns = [(role, twisted(text)) for role, text in conversation.turns]
    return Conversation(f"{conversation.id}-{copy}", turns)
