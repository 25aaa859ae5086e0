"""What goes on, as it is shown to somebody from whom something is hidden: parts of calls, and cards.

Each part is masked for itself and nothing is kept between two of them: whoever comes back in the midst of a
turn is told exactly what follows, by any process. A finished turn is masked as the record is. Digits of one
under way could become anything, so they are dots until it is finished; where something is hidden that has no
digits, none of its words are told before.
"""

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from calls.personal.finding import DETECTORS
from calls.personal.seeing import Mask

DOT = "\N{BULLET}"
CUT = "…"  # how a text begins whose beginning was left out (calls/board.py)
# What began before a cut may go on for so long: 24 digits with two signs between, or a name's words.
LONGEST_REST, MOST_WORDS = 100, 12
_DIGIT = re.compile(r"\d")
# Parts in which nobody says anything.
WORDLESS = frozenset(
    (
        "start", "start-step", "text-start", "text-end", "finish-step", "finish", "abort", "message-metadata",
        "data-call", "data-gone", "data-error", "error",
    )
)  # fmt: skip


@lru_cache(maxsize=256)
def through(hidden: Mask) -> Callable[[dict], dict | None] | None:
    """What a stream's parts go through on their way to somebody (streaming.Topic.filter): the same for all
    from whom the same is hidden, nothing for those from whom nothing is."""
    return partial(part, hidden) if hidden else None


def part(hidden: Mask, told: dict) -> dict | None:
    """One part as it is shown; None if it says nothing then."""
    match told["type"]:
        case "text-delta":
            words = under_way(hidden, told["delta"])
            return told | {"delta": words} if words else None
        case "data-turn":
            return told | {"data": turn(hidden, told["data"])}
        case "data-card":
            return told | {"data": card(hidden, told["data"])}
        case "tool-input-available":
            return told | {"input": hidden.all(told["input"])}
        case "tool-output-available":
            return told | {"output": hidden.all(told["output"])}
        case "tool-output-error":
            return told | {"errorText": hidden.text(told["errorText"])}
    return told if told["type"] in WORDLESS else None  # what is not known might hold anything


def turn(hidden: Mask, picture: dict) -> dict:
    """A turn's picture (calls/parts.py, live/caller.py)."""
    shown: dict[str, Any] = {}
    text, heard = picture.get("text"), picture.get("heard")
    if text:
        speaking = picture["state"] == "speaking"
        shown["text"] = under_way(hidden, text) if speaking else hidden.text(text)
    if heard:
        shown["heard"] = hidden.beginning(heard, text or "")
    if picture["role"] == "tool":
        shown |= {name: hidden.all(picture[name]) for name in ("input", "output") if name in picture}
    return picture | shown


def card(hidden: Mask, picture: dict) -> dict:
    """A call's card on the board."""
    if not hidden:
        return picture
    lines = [line | {"text": cut(hidden, line["text"])} for line in picture["lines"]]
    now = picture["now"]
    return picture | {"lines": lines, "now": now and now | {"text": under_way(hidden, now["text"])}}


def under_way(hidden: Mask, words: str) -> str:
    """Words that others may follow at once."""
    return "" if hidden.hides_words else _DIGIT.sub(DOT, words)


def cut(hidden: Mask, text: str) -> str:
    """A text whose beginning may have been left out, and with it the half of something."""
    shown = hidden.text(text)
    if not text.startswith(CUT):
        return shown
    if not hidden.hides_words:
        return _DIGIT.sub(DOT, shown[:LONGEST_REST]) + shown[LONGEST_REST:]
    # Nobody knows how long what somebody else's detector finds may be.
    known = DETECTORS.keys() >= set(hidden.kinds)
    rest = shown.split(" ")[MOST_WORDS:] if known else []
    return " ".join([CUT, *rest]) if rest else CUT
