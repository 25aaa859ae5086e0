"""Where in a turn's text each word stands, and when it was spoken: what a player marks as it is heard."""

import re
from collections.abc import Sequence

WORD_MS = 340  # how long a voice takes over a word, about, where nobody says
FARTHEST = 60  # characters: a word that is not found within so many is not there

# [first character, the one behind the last, start_ms, end_ms]; characters as browsers count them, in UTF-16.
Placed = list[list[int]]


def placed(text: str, timed: Sequence[Sequence], offset_ms: int = 0) -> Placed:
    """Words with their times, [[text, start_ms, end_ms], …], found in what is shown of the turn. Platforms
    tidy a transcript's case and marks, so a word is looked for without them; one that is not there is left
    out."""
    found: Placed = []
    lower, at = text.lower(), 0
    if len(lower) != len(text):
        lower = text  # a few letters are longer in small ones
    for word, start_ms, end_ms in timed:
        sought = word.strip().lower()
        first = lower.find(sought, at, at + FARTHEST + len(sought)) if sought else -1
        if first < 0:
            sought = sought.strip('.,;:!?…"“”‘’()')
            first = lower.find(sought, at, at + FARTHEST + len(sought)) if sought else -1
        if first >= 0:
            at = first + len(sought)
            found.append([first, at, start_ms + offset_ms, end_ms + offset_ms])
    return _as_browsers_count(text, found)


def spread(text: str, start_ms: int, end_ms: int | None, until_ms: int | None) -> Placed:
    """The words of a turn of which only its beginning and end are known: the longer a word, the more time.
    An agent's end is when its words had come, which is sooner than they were spoken; `until_ms` is when
    somebody spoke next."""
    words = [match.span() for match in re.finditer(r"\S+", text)]
    if not words:
        return []
    spoken = start_ms + len(words) * WORD_MS
    end = max(end_ms or 0, spoken if until_ms is None else min(spoken, until_ms), start_ms + len(words))
    letters = sum(last - first + 1 for first, last in words)
    told: Placed = []
    gone = 0
    for first, last in words:
        begins = start_ms + (end - start_ms) * gone // letters
        gone += last - first + 1
        told.append([first, last, begins, start_ms + (end - start_ms) * gone // letters])
    return _as_browsers_count(text, told)


def _as_browsers_count(text: str, words: Placed) -> Placed:
    if text.isascii() or max(text, default="") <= "\uffff":
        return words
    units = [0]
    for character in text:
        units.append(units[-1] + (2 if character > "\uffff" else 1))
    return [[units[first], units[last], *times] for first, last, *times in words]
