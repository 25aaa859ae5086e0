"""The conversations that `EARSHOT_BENCH_DATA` names: JSON Lines, packed or not."""

import gzip
import json
import os
from dataclasses import dataclass
from pathlib import Path

SETTING = "EARSHOT_BENCH_DATA"


@dataclass(frozen=True, slots=True)
class Conversation:
    id: str
    turns: list[tuple[str, str]]  # who, "caller" or "agent", and what was said


def path() -> Path | None:
    """None: there is nothing to measure with."""
    named = os.environ.get(SETTING, "")
    return Path(named) if named else None


def conversations() -> list[Conversation]:
    where = path()
    if where is None:
        raise SystemExit(f"Set {SETTING} to a JSON Lines file of conversations.")
    opened = gzip.open if where.suffix == ".gz" else open
    with opened(where, "rt", encoding="utf-8") as lines:
        return [_read(json.loads(line)) for line in lines]


def _read(told: dict) -> Conversation:
    return Conversation(told["id"], [(turn["speaker"], turn["text"]) for turn in told["turns"]])
