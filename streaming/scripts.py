"""The log's Lua scripts: how each is called and what its answer means. Pure; `log.py` talks to Redis."""

import secrets
from collections.abc import Sequence
from hashlib import sha1
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from streaming.entries import Entry, Item, News, Page, encode
from streaming.positions import Id, Position

_FOLDER = Path(__file__).parent / "lua"

# Of a topic of nothing but whole pictures: entries kept (who is behind is told the newest of each card), and
# how many cards that went are remembered, for readers who still show them.
MOST_PICTURES, MOST_GONE = 500, 1000


class Script(NamedTuple):
    source: str
    sha: str


def _script(source: str) -> Script:
    return Script(source, sha1(source.encode(), usedforsecurity=False).hexdigest())


def _load(name: str) -> Script:
    return _script(f"{(_FOLDER / 'touch.lua').read_text()}\n{(_FOLDER / f'{name}.lua').read_text()}")


APPEND, LOOK, READ, SNAPSHOT, RECENT = map(_load, ("append", "look", "read", "snapshot", "recent"))


class Call(NamedTuple):
    """One run of a script: `EVALSHA` takes `args` after the script's hash."""

    script: Script
    args: tuple


def channel(topic: str, database: int) -> str:
    # Channels know no databases; two apps on one Redis must not hear each other.
    return f"log:{database}:{topic}"


def keys(topic: str) -> tuple[str, ...]:
    """Where Redis has what there is of a topic."""
    return tuple(f"log:{{{topic}}}:{part}" for part in ("entries", "meta", "latest", "open", "gone"))


def _call(script: Script, topic: str, *args) -> Call:
    named = keys(topic)
    epoch = f"{secrets.randbits(40):08x}"
    return Call(script, (len(named), *named, epoch, settings.STREAM_LOG_SECONDS, *args))


def append(
    topic: str,
    entries: Sequence[tuple[bytes, str, str]],
    database: int,
    *,
    expected: str = "",
    writer: str = "",
    batch: int = 0,
    renew: bool = False,
) -> Call:
    """Entries as (JSON, group, marks)."""
    flat = [value for entry in entries for value in entry]
    length = settings.STREAM_LOG_LENGTH
    kept = (length, min(length, MOST_PICTURES), MOST_GONE)
    news_to = channel(topic, database)
    return _call(APPEND, topic, *kept, news_to, expected, writer, batch, "1" if renew else "", *flat)


def look(topic: str) -> Call:
    return _call(LOOK, topic)


def read(topic: str, after: Position, limit: int) -> Call:
    return _call(READ, topic, after.epoch, f"{after.id[0]}-{after.id[1]}", limit)


def snapshot(topic: str) -> Call:
    return _call(SNAPSHOT, topic)


def recent(topic: str, limit: int) -> Call:
    return _call(RECENT, topic, limit)


def packed(entry: Entry) -> tuple[bytes, str, str]:
    if "\n" in entry.group:
        raise ValueError(f"a group is one line: {entry.group!r}")
    return encode(entry.part), entry.group, entry.marks


# KEYS: a person's leases, a sorted set by expiry. ARGV: now, expiry, limit, name, seconds to live.
_TAKE_LEASE = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[4])
return redis.call('EXPIRE', KEYS[1], ARGV[5])
"""
_RENEW_LEASE = """
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
return redis.call('EXPIRE', KEYS[1], ARGV[3])
"""
TAKE_LEASE, RENEW_LEASE = _script(_TAKE_LEASE), _script(_RENEW_LEASE)
GIVE_BACK_LEASE = _script("return redis.call('ZREM', KEYS[1], ARGV[1])")


# What the scripts answer.


def to_id(raw: bytes) -> Id:
    ms, _, seq = raw.partition(b"-")
    return int(ms), int(seq)


def to_news(message: bytes) -> News:
    lines = message.split(b"\n")
    epoch, _, before = lines[0].partition(b" ")
    items = []
    for head, data in zip(lines[1::2], lines[2::2], strict=True):
        id, marks, group = head.split(b" ", 2)
        items.append(Item(to_id(id), data, group.decode(), marks.decode()))
    return News(epoch.decode(), to_id(before), items)


def _item(raw) -> Item:
    id, (_, part, _, group, _, marks) = raw
    return Item(to_id(id), part, group.decode(), marks.decode())


def to_appended(answer) -> tuple[Position, str]:
    """The position after an append, and whether it was `new`, `known` (a repetition) or `stale` (refused)."""
    epoch, last, outcome = answer
    return Position(epoch.decode(), to_id(last)), outcome.decode()


def to_look(answer) -> tuple[Position, Position]:
    """The top of a topic (its end, if it is finished), and where a page drawn now begins."""
    epoch, last, resume, ended = answer
    name = epoch.decode()
    if ended == b"1":
        return (Position(name, end=True),) * 2
    return Position(name, to_id(last)), Position(name, to_id(resume))


def to_page(answer) -> Page:
    epoch, last, reset, ended, raw = answer
    entries = sorted(_item(each) for each in raw)
    top = entries[-1].id if entries else to_id(last)
    return Page(entries, Position(epoch.decode(), top), reset=reset == b"1", ended=ended == b"1")


def to_recent(answer) -> Page:
    epoch, last, floor, raw = answer
    entries = sorted(_item(each) for each in raw)
    return Page(entries, Position(epoch.decode(), to_id(last)), floor=to_id(floor))


def to_snapshot(answer) -> Page:
    """The newest whole pictures and everything of what is open, in the order of their ids.

    Whatever the id it is cut at, reading on from there is exact: what was not yet given comes later.
    """
    epoch, last, end, latest, open_groups, raw = answer
    groups = {group.decode() for group in open_groups}
    entries = []
    for group, kept in zip(latest[::2], latest[1::2], strict=True):
        id, _, data = kept.partition(b" ")
        entries.append(Item(to_id(id), data, group.decode(), "w"))
    since = (_item(each) for each in raw)
    entries += [item for item in since if item.marks == "p" and (not item.group or item.group in groups)]
    entries.sort()
    if end:
        id, _, data = end.partition(b" ")
        entries.append(Item(to_id(id), data, "", "e"))
    return Page(entries, Position(epoch.decode(), to_id(last)), ended=bool(end))
