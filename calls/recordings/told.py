"""What pages and programs are told of a recording."""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from calls import parts, wording
from calls.models import Call, Recording, Turn
from calls.personal import seeing
from calls.recordings.sound import silences, told_apart
from calls.recordings.words import Placed, placed, spread

Status = Recording.Status
REMEMBERED_S, MOST_REMEMBERED = 60.0, 1_000
HIDDEN = "Personal data is said in it that your role does not see."
# Of a call as it is now, and what is hidden: until when it is known, and whether it hides something.
_hides: dict[tuple[UUID, int, seeing.Mask], tuple[float, bool]] = {}


def why(recording: Recording | None) -> str:
    """Why there is nothing to hear; empty if there is."""
    if recording is None:
        return "No recording of this call."
    match recording.status:
        case Status.KEPT:
            return ""
        case Status.WAITING:
            return f"The recording is on its way. {recording.reason}".strip()
        case Status.MISSING:
            return f"No recording. {recording.reason}"
    when = f" {recording.removed_at:%-d %b}" if recording.removed_at else ""
    return f"{recording.reason.rstrip('.') or 'Recording'}, removed{when}"


def hides(call: Call) -> bool:
    """Whether something is said in it that is masked for whoever asks: then they may not hear it either.
    Remembered for a while, as a browser asks for a recording part by part."""
    mask = seeing.mask()
    if not mask:
        return False
    key = (call.pk, call.revision, mask)
    until, found = _hides.get(key, (0.0, False))
    if time.monotonic() < until:
        return found
    said = call.turns.exclude(role=Turn.Role.TOOL).values_list("text", flat=True)
    found = any(mask.text(text) != text for text in said)
    if len(_hides) >= MOST_REMEMBERED:
        _hides.clear()
    _hides[key] = time.monotonic() + REMEMBERED_S, found
    return found


def facts(call: Call, recording: Recording | None) -> dict[str, Any]:
    """Whether it can be heard by whoever asks, or why not, and how long it takes."""
    if recording is not None and recording.status == Status.KEPT and hides(call):
        return {"status": "hidden", "why": HIDDEN, "length_ms": 0}
    length = recording.duration_ms if recording else 0
    status = recording.status if recording else "none"
    return {"status": status, "why": why(recording), "length_ms": length or 0}


def player(call: Call) -> dict[str, Any]:
    """What a page of a call begins with: `facts`, and where the rest is."""
    recording = Recording.objects.filter(call=call).defer("peaks", "source").first()
    told = facts(call, recording)
    if recording is None:
        how = (
            "the words as they arrived"
            if call.level == Call.Level.TOKEN
            else "each turn whole, when it was said"
        )
        told["why"] += f" Replay shows {how}."
    return told | {
        "sound": reverse("calls:recording", args=[call.pk]),
        "heard": reverse("calls:heard", args=[call.pk]),
    }


def heard(call: Call) -> dict[str, Any]:
    """All a player draws and marks by, in ms of the call: `facts`, and once it is here

    offset_ms, peak_ms, peaks: of the caller and of the agent (calls/recordings/sound.py)
    words: of each turn that was spoken (calls/recordings/words.py), by its key
    silences: [[start_ms, end_ms], …]
    cuts: [[ms, number of the turn], …], where the caller cut in
    """
    recording = Recording.objects.filter(call=call).first()
    told = facts(call, recording)
    if recording is None or told["status"] != Status.KEPT:
        return told
    turns = list(call.turns.exclude(role=Turn.Role.TOOL).defer("stream").order_by("start_ms", "n"))
    # Words are timed by the platform's clock, turns by ours if we held the call.
    offset = recording.offset_ms
    words = _words(turns, offset)
    began = sorted((words[turn.key][0][2], turn.role) for turn in turns if words[turn.key])
    cuts = [[words[turn.key][-1][3], turn.n] for turn in turns if words[turn.key] and _is_cut(turn)]
    return told | {
        "offset_ms": offset,
        "peak_ms": recording.peak_ms,
        "peaks": told_apart(recording.peaks, recording.peak_ms, offset, began),
        "silences": silences(recording.peaks, recording.peak_ms, offset),
        "words": words,
        "cuts": cuts,
    }


def _words(turns: Sequence[Turn], offset_ms: int) -> dict[str, Placed]:
    told: dict[str, Placed] = {}
    for turn, following in zip(turns, [*turns, None][1:], strict=True):
        shown, _ = wording.heard(turn.text, turn.heard)
        told[turn.key] = placed(shown, turn.words, offset_ms)
        if not told[turn.key]:
            until = following.start_ms if following else None
            told[turn.key] = spread(shown, turn.start_ms, turn.end_ms, until)
    return told


def _is_cut(turn: Turn) -> bool:
    return turn.role == Turn.Role.AGENT and (turn.heard is not None or turn.error in parts.CUT)
