"""What rules look for in words: phrases, patterns, the same thing said again.

No pattern can hold anybody up: those that people write are run by RE2, whose time grows with the text alone.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

LONGEST_PATTERN = 200
LONGEST_TEXT = 4_000  # characters of a turn that are looked at
PATTERN_MEMORY = 1 << 20  # bytes
ALIKE = 0.8  # how much two turns have in common that say the same
FEWEST_WORDS = 3  # below which saying it again means nothing: "Yes."


class BadPattern(ValueError):
    """Says what is wrong with it, for people."""


@lru_cache(maxsize=512)
def pattern(text: str) -> Any:
    """A pattern that people wrote, any case. Raises BadPattern."""
    if len(text) > LONGEST_PATTERN:
        raise BadPattern(f"It is longer than {LONGEST_PATTERN} characters.")
    re2 = import_module("re2")  # by name: only who meets a pattern waits for it
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY
    try:
        compiled = re2.compile(text, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise BadPattern(said.decode() if isinstance(said, bytes) else str(said)) from error
    if compiled.search("") is not None:
        raise BadPattern("It matches even where nothing is said.")
    return compiled


def matches(text: str, said: str) -> bool:
    return pattern(text).search(said[:LONGEST_TEXT]) is not None


def plain(text: str) -> str:
    """Words only, in small letters, one space apart."""
    return " ".join(re.findall(r"\w+", text[:LONGEST_TEXT].lower()))


def has_phrase(phrases: tuple[str, ...], said: str) -> bool:
    """Whether one of the phrases (as `plain` makes them) is among what was said, as whole words."""
    words = f" {plain(said)} "
    return any(f" {phrase} " in words for phrase in phrases)


@dataclass(frozen=True, slots=True)
class Wording:
    """A turn's words, to be compared with others'."""

    plain: str
    words: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "Wording":
        words = plain(text)
        return cls(words, frozenset(words.split()))

    def is_like(self, other: "Wording") -> bool:
        """Whether the two say the same."""
        if self.plain == other.plain:
            return self.plain.count(" ") + 1 >= FEWEST_WORDS
        fewer, more = sorted((len(self.words), len(other.words)))
        # The one may be too short for the other even if all its words are among the other's.
        if fewer < FEWEST_WORDS or fewer / more < ALIKE:
            return False
        common = len(self.words & other.words)
        return common / (fewer + more - common) >= ALIKE
