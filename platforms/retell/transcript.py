"""Retell's transcripts, live and final: who said what, and which turn it is."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from platforms.errors import Unreadable
from platforms.events import Speaker, Word

LONGEST_ID = 100
SPOKEN = re.compile(r"[acir]-?\d+")  # keys of turns of words
# People a call was transferred to are neither the caller nor the agent, and left out.
SPEAKERS: dict[str, Speaker] = {"user": "caller", "agent": "agent"}


@dataclass(frozen=True, slots=True)
class Utterance:
    role: Speaker
    text: str
    key: str  # the turn it is: platforms/events.py, TurnSpoken.turn
    timed: tuple[Any, ...] = ()  # its words as the platform tells them, piece by piece

    @property
    def words(self) -> tuple[Word, ...]:
        """Read when they are asked for: few of a live transcript's ever are."""
        return tuple(word for piece in self.timed for word in words(piece))


def transcript(entries: Any) -> tuple[Utterance, ...]:
    """The spoken words. An answer that was spoken in several pieces is one utterance. Raises Unreadable."""
    said: dict[str, Utterance] = {}
    for entry, key in keyed(entries):
        if entry["role"] in SPEAKERS:
            text = (entry.get("content") or "").strip()
            utterance = Utterance(SPEAKERS[entry["role"]], text, key, (entry.get("words"),))
            said[key] = _joined(said[key], utterance) if key in said else utterance
    return tuple(utterance for utterance in said.values() if utterance.text)


def keyed(entries: Any) -> Iterator[tuple[dict, str]]:
    """Each entry about a turn, with that turn's key, in order. Raises Unreadable.

    Callers' utterances are counted ("c0", "c1", …), so live and final transcript agree on them.
    """
    callers = agents = 0
    for entry in _list(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("content") or "", str):
            raise Unreadable("a transcript's entry is not an object with content")
        match entry.get("role"):
            case "user":
                yield entry, f"c{callers}"
                callers += 1
            case "agent":
                yield entry, _answer(entry) or f"a{agents}"
                agents += 1
            case "tool_call_invocation" | "tool_call_result":
                tool_call = entry.get("tool_call_id")
                if isinstance(tool_call, str) and tool_call:
                    # One that is named like a turn of words must not be taken for it.
                    named = f"tool:{tool_call}" if SPOKEN.fullmatch(tool_call) else tool_call
                    yield entry, named[:LONGEST_ID]


def _list(entries: Any) -> list:
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise Unreadable("transcript is not a list")
    return entries


def _answer(entry: dict) -> str:
    metadata = entry.get("metadata")
    if isinstance(metadata, dict):
        for name, letter in (("response_id", "r"), ("interrupt_id", "i")):
            if type(metadata.get(name)) is int:
                return f"{letter}{metadata[name]}"
    return ""


def _joined(first: Utterance, more: Utterance) -> Utterance:
    text = f"{first.text} {more.text}".strip()
    return Utterance(first.role, text, first.key, first.timed + more.timed)


def words(entries: Any) -> tuple[Word, ...]:
    """Words with their times in ms of the audio. Retell leaves some times out: then it is the one before."""
    found = []
    latest = 0
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("word"), str):
            start = _ms(entry.get("start"), latest)
            latest = max(start, _ms(entry.get("end"), start))
            found.append(Word(entry["word"], start, latest))
    return tuple(found)


def _ms(seconds: Any, otherwise: int) -> int:
    if isinstance(seconds, int | float) and math.isfinite(seconds) and 0 <= seconds < 1e6:
        return round(seconds * 1000)
    return otherwise
