"""What a topic is made of."""

import json
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from streaming.positions import Id, Position


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened in a topic, before it has a number.

    `part` is a JSON object. `group` names the thing on the screen it belongs to (a turn, a card). With
    `whole`, it is that thing's complete picture and supersedes every earlier entry of its group; with `gone`
    it is the last one, and later readers need not hear of the group at all. `end`: nothing follows in this
    topic.
    """

    part: dict
    group: str = ""
    whole: bool = False
    end: bool = False
    gone: bool = False

    @property
    def marks(self) -> str:
        if self.end:
            return "e"
        if self.gone:
            return "g"
        return "w" if self.whole else "p"


class Item(NamedTuple):
    """An entry with its number, as it is kept: `data` is the JSON object in UTF-8."""

    id: Id
    data: bytes
    group: str = ""
    marks: str = "p"

    @property
    def whole(self) -> bool:
        return self.marks in "wg"

    @property
    def end(self) -> bool:
        return self.marks == "e"


@dataclass(frozen=True, slots=True)
class Page:
    """What a read gave. `position` is where the reader stands after it.

    `reset`: the log cannot give everything, and `entries` is empty. `ended`: the topic is finished. Whole
    pictures that newer ones of `entries` supersede may be missing. Of the last entries: they are all there is
    after `floor`.
    """

    entries: list[Item]
    position: Position
    reset: bool = False
    ended: bool = False
    floor: Id = (0, 0)


@dataclass(frozen=True, slots=True)
class News:
    """What one append published: `items` follow directly on `before`."""

    epoch: str
    before: Id
    items: list[Item]


# Line ends to Python's splitlines(), and so to some clients of event streams, though not to JSON.
_LINE_ENDS = {"\u0085".encode(): b"\\u0085", "\u2028".encode(): b"\\u2028", "\u2029".encode(): b"\\u2029"}


def encode(part: dict) -> bytes:
    """One JSON object in UTF-8, on one line whoever reads it. Raises TypeError for what is not JSON."""
    try:
        data = orjson.dumps(part)
    except TypeError:
        # Half a surrogate pair, of a model cut in mid-character: JSON can escape it, UTF-8 cannot hold it.
        return json.dumps(part, separators=(",", ":")).encode()
    for raw, escaped in _LINE_ENDS.items():
        if raw in data:
            data = data.replace(raw, escaped)
    return data


def decode(data: bytes) -> dict:
    """What `encode` made of a part."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data)  # half a surrogate pair, see above


def delta(text_id: str, text: str) -> dict:
    return {"type": "text-delta", "id": text_id, "delta": text}


_DELTA = b'{"type":"text-delta",'


def newest(items: list[Item]) -> list[Item]:
    """The same without whole pictures that others of them supersede."""
    last = {item.group: item.id for item in items if item.whole}
    return [item for item in items if not item.whole or last[item.group] == item.id]


def coalesce(items: list[Item]) -> list[Item]:
    """The same news in fewer items, with no cut in it that loses a word.

    Neighbouring deltas of one text become one. Of a group's whole pictures only the newest stays; words that
    a picture superseded stay too, since a reader may hold the part before them.
    """
    kept: list[Item] = []
    run: list[Item] = []
    for item in newest(items):
        if item.data.startswith(_DELTA):
            run.append(item)
            continue
        if run:
            kept += _joined(run)
            run = []
        kept.append(item)
    return kept + _joined(run) if run else kept


def _joined(run: list[Item]) -> list[Item]:
    """Join neighbours that add to the same text. The last id stands for all of them."""
    if len(run) == 1:
        return run
    texts: list[tuple[Item, str, list[str]]] = []
    for item in run:
        part = decode(item.data)
        if len(part) == 3 and texts and texts[-1][1] == part["id"] and texts[-1][0].group == item.group:
            texts[-1][2].append(part["delta"])
            texts[-1] = (item, *texts[-1][1:])
        elif len(part) == 3:
            texts.append((item, part["id"], [part["delta"]]))
        else:
            texts.append((item, "", []))
    return [
        item._replace(data=encode(delta(id, "".join(text)))) if len(text) > 1 else item
        for item, id, text in texts
    ]
