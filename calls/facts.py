"""Facts as they are kept: an event of platforms/events.py to and from JSON."""

from dataclasses import fields
from datetime import datetime

from platforms import events
from platforms.events import CallEvent, Word

KINDS = {kind.__name__: kind for kind in CallEvent.__args__}


def pack(event: CallEvent) -> dict:
    """An event as JSON. Times become ISO 8601, words become [text, start_ms, end_ms]."""
    packed = {field.name: getattr(event, field.name) for field in fields(event)}
    packed["at"] = event.at.isoformat()
    if isinstance(event, events.CallRecorded):
        del packed["url"]
    if isinstance(event, events.TurnSpoken):
        packed["words"] = [[word.text, word.start_ms, word.end_ms] for word in event.words]
        packed["stream"] = [list(piece) for piece in event.stream]
    return packed


def unpack(kind: str, packed: dict) -> CallEvent:
    """The event `pack` was given. A field that is gone from the vocabulary is left out."""
    cls = KINDS[kind]
    values = {field.name: packed[field.name] for field in fields(cls) if field.name in packed}
    values["at"] = datetime.fromisoformat(packed["at"])
    if cls is events.TurnSpoken:
        values["words"] = tuple(Word(*word) for word in packed["words"])
        values["stream"] = tuple((at, piece) for at, piece in packed["stream"])
    return cls(**values)
