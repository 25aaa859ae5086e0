"""What pages and programs are told of a recording."""

from typing import Any

from django.urls import reverse

from calls.models import Call, Recording, Turn
from calls.recordings.sound import told_apart

Status = Recording.Status


def of_call(call: Call) -> Recording | None:
    """With its call, so that whoever has it need not ask again; without its peaks."""
    found = Recording.objects.filter(call=call).defer("peaks", "source").first()
    if found:
        found.call = call
    return found


def why(recording: Recording | None) -> str:
    """Why there is nothing to hear; empty if there is."""
    if recording is None:
        return "No recording of this call."
    if recording.status == Status.KEPT:
        return ""
    if recording.status == Status.WAITING:
        return "The recording is on its way."
    if recording.status == Status.MISSING:
        return f"No recording. {recording.reason}"
    when = f", removed {recording.removed_at:%-d %b}" if recording.removed_at else ", removed"
    return f"{recording.reason}{when}"


def facts(recording: Recording | None) -> dict[str, Any]:
    """For the player, before it asks for more (`heard`)."""
    return {
        "status": recording.status if recording else "none",
        "why": why(recording),
        "length_ms": _length(recording),
    }


def _length(recording: Recording | None) -> int:
    return recording.duration_ms or 0 if recording else 0


def heard(call: Call) -> dict[str, Any]:
    """All a player draws from, in ms of the call: `facts`, and once it is here `offset_ms`, the peaks of
    caller and agent, and the words of each turn whose words have times, [[text, start_ms, end_ms], …]."""
    recording = Recording.objects.filter(call=call).first()
    told = facts(recording)
    if recording is None or recording.status != Status.KEPT:
        return told
    spoken = call.turns.exclude(role=Turn.Role.TOOL).order_by("start_ms", "n")
    turns = list(spoken.values_list("key", "role", "start_ms", "words"))
    # Words are timed by the platform's clock, turns by ours if we held the call.
    offset = recording.offset_ms
    words = {
        key: [[text, start + offset, end + offset] for text, start, end in timed]
        for key, _, _, timed in turns
        if timed
    }
    began = sorted((words[key][0][1] if key in words else start, role) for key, role, start, _ in turns)
    return told | {
        "offset_ms": offset,
        "peak_ms": recording.peak_ms,
        "peaks": told_apart(recording.peaks, recording.peak_ms, offset, began),
        "words": words,
    }


def links(call: Call) -> dict[str, str]:
    """Where its sound is, and all that is drawn from it."""
    return {
        "sound": reverse("calls:recording", args=[call.pk]),
        "heard": reverse("calls:heard", args=[call.pk]),
    }
