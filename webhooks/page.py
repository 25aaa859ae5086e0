"""What the page of deliveries is drawn from, as plain values."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from platforms.clean import UNKEEPABLE
from webhooks import shown
from webhooks.models import Delivery, Unproven
from webhooks.services import MOST_ATTEMPTS
from webhooks.setup.checklist import TEST
from webhooks.setup.trial import address

SHOWN = 64 * 1024  # bytes of a body that the page shows; all of it can be downloaded
_IN_LINES = json.JSONEncoder(indent=2, ensure_ascii=False)
Status = Delivery.Status


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a delivery: a word with its tone and icon, and what there is to add."""

    word: str
    tone: str
    icon: str
    note: str = ""
    due_at: datetime | None = None  # "…, next in 2 min", which ticks


@dataclass(frozen=True, slots=True)
class Row:
    id: UUID
    received_at: datetime
    kind: str
    verdict: Verdict
    repeats: int
    replays: int
    waited: str
    took: str
    size: str
    connection: str
    call_id: UUID | None
    call_is_awaited: bool  # it is about one that is not in the record yet
    version: str  # another one whenever the row must be drawn anew


@dataclass(frozen=True, slots=True)
class Body:
    """The words of a delivery, as far as they are shown."""

    raw: str
    pretty: str  # empty: it is not JSON
    is_cut: bool  # either of the two
    is_cut_raw: bool
    is_binary: bool


def verdict(delivery: Delivery, now: datetime) -> Verdict:
    match delivery.status:
        case Status.APPLIED:
            return Verdict("Applied", "ok", "check")
        case Status.IGNORED if delivery.kind == TEST:
            return Verdict("Test", "ok", "check", "the way in works")
        case Status.IGNORED:
            return Verdict("Kept", "none", "doc", "says nothing new")
        case Status.DEAD:
            return Verdict("Gave up", "danger", "alert", delivery.error)
    if delivery.error:
        tries = f"{delivery.attempts} of {MOST_ATTEMPTS} tries"
        if delivery.due_at and delivery.due_at > now:
            return Verdict("Retrying", "warn", "reset", f"{tries}, next in", delivery.due_at)
        return Verdict("Retrying", "warn", "reset", f"{tries}, next now")
    return Verdict("Waiting", "none", "clock")


def row(delivery: Delivery, now: datetime) -> Row:
    found = verdict(delivery, now)
    waited_ms, took_ms = _timing(delivery)
    shown = (
        delivery.status, delivery.attempts, delivery.repeats, delivery.replays, found.note,
        delivery.applied_at and delivery.applied_at.timestamp(), delivery.call_id,
    )  # fmt: skip
    return Row(
        id=delivery.pk,
        received_at=delivery.created_at,
        kind=delivery.kind or "—",
        verdict=found,
        repeats=delivery.repeats,
        replays=delivery.replays,
        waited=span(waited_ms),
        took=span(took_ms),
        size=sized(delivery.size),
        connection=delivery.connection.name,
        call_id=delivery.call_id,
        call_is_awaited=bool(delivery.platform_call_id) and delivery.status == Status.PENDING,
        version="·".join(str(part) for part in shown),
    )


def _timing(delivery: Delivery) -> tuple[int | None, int | None]:
    """For how long it waited until it was taken up, and what applying took; in ms, None: not yet."""
    if not delivery.applied_at or delivery.status == Status.PENDING:
        return None, None
    began = max(delivery.created_at, delivery.replayed_at or delivery.created_at)
    whole = max(0, (delivery.applied_at - began) // timedelta(milliseconds=1))
    return max(0, whole - (delivery.processing_ms or 0)), delivery.processing_ms


def detail(delivery: Delivery, now: datetime, *, sees_words: bool) -> dict:
    """Everything about one delivery; its words only for those who may see them."""
    signed_ms = None
    if delivery.signed_at:
        signed_ms = (delivery.created_at - delivery.signed_at) // timedelta(milliseconds=1)
    return {
        "delivery": delivery,
        "row": row(delivery, now),
        "address": address(delivery.connection),
        "before": span(signed_ms) if signed_ms is not None and signed_ms >= 0 else "",
        "tries": range(1, max(MOST_ATTEMPTS, delivery.attempts) + 1),
        "most_attempts": MOST_ATTEMPTS,
        "headers": sorted((name, str(value)) for name, value in delivery.headers.items()),
        "erased": delivery.body is None,
        **_words(delivery, sees_words=sees_words),
    }


def _words(delivery: Delivery, *, sees_words: bool) -> dict:
    seen = shown.body(delivery) if sees_words else None
    if seen is None:
        return {"body": None, "is_masked": False}
    return {"body": body(seen), "is_masked": seen != bytes(delivery.body)}


def body(raw: bytes) -> Body:
    """What is shown of a body: the beginning of it as it came, and of it in lines where it is JSON."""
    text = raw.decode(errors="replace")
    pretty = _pretty(text)
    is_cut = len(raw) > SHOWN
    return Body(
        raw=UNKEEPABLE.sub("\ufffd", raw[:SHOWN].decode(errors="replace") if is_cut else text),
        pretty=UNKEEPABLE.sub("\ufffd", pretty[:SHOWN]),
        is_cut=is_cut or len(pretty) > SHOWN,
        is_cut_raw=is_cut,
        is_binary="\ufffd" in text,
    )


def _pretty(text: str) -> str:
    """JSON in lines, as far as they are shown. What is nested deep grows a thousandfold by indentation."""
    pieces, length = [], 0
    try:
        for piece in _IN_LINES.iterencode(json.loads(text)):
            pieces.append(piece)
            length += len(piece)
            if length > SHOWN:
                break
    except (ValueError, RecursionError):
        return ""
    return "".join(pieces)


def rejected(unproven: Unproven) -> dict:
    """What came to one connection without proof."""
    return {
        "connection": unproven.connection,
        "address": address(unproven.connection),
        "count": unproven.count,
        "last_at": unproven.last_at,
        "recent": [
            {
                "at": datetime.fromisoformat(attempt["at"]),
                "reason": attempt["reason"],
                "trace_id": attempt["trace_id"],
                "headers": sorted((name, str(value)) for name, value in attempt["headers"].items()),
            }
            for attempt in unproven.recent
        ],
    }


def span(ms: int | None) -> str:
    """14 ms, 2.4 s, 3 min, 5 h, 2 days; — where there is none yet."""
    if ms is None:
        return "—"
    if ms < 1_000:
        return f"{ms} ms"
    seconds = ms // 1_000
    if seconds < 90:
        return f"{seconds}.{ms // 100 % 10} s"
    if seconds < 5_400:
        return f"{seconds // 60} min"
    return f"{seconds // 3_600} h" if seconds < 172_800 else f"{seconds // 86_400} days"


def sized(count: int) -> str:
    """840 B, 2.1 kB, 312 kB, 1.4 MB."""
    if count < 1_000:
        return f"{count} B"
    for unit, size in (("kB", 1_000), ("MB", 1_000_000)):
        if count < size * 1_000:
            return f"{count / size:.1f} {unit}" if count < size * 10 else f"{count // size} {unit}"
    return f"{count // 1_000_000} MB"
