"""From a delivery that was kept to the record: one call at a time, from any order, until it is settled."""

import logging
import random
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import User
from base import meters
from base.trace import bind_trace, new_trace
from calls import fold
from calls.models import Call
from calls.privacy.tombstones import is_erased
from calls.services import LEVELS, Opening, record
from platforms.adapters import ADAPTERS
from platforms.errors import Unreadable
from platforms.webhooks import Told
from webhooks import erasing, spans
from webhooks.models import Delivery

logger = logging.getLogger(__name__)

Status = Delivery.Status
MOST_ATTEMPTS = 8
CLAIM = timedelta(seconds=20)  # a worker that died has lost its claim after this; the sweeper is next
LONGEST_PAUSE = 60
# A delivery that has failed this often is applied by itself, so that no other of its call goes down with it.
ALONE = 2
MOST_AT_ONCE, MOST_BYTES_AT_ONCE = 50, 8 * 1024 * 1024
LOCK_TIMEOUT_MS = 5_000
# Two transactions were in each other's way, and one was told to begin again: deadlock, serialization failure.
IN_THE_WAY = ("40P01", "40001")
TRIES_IN_THE_WAY = 3
TOOK = meters.seconds("webhook_apply_seconds", "Applying what was pending of one call.")
REPLAYED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of the deliveries of one call that were taken up together."""

    platform_call_id: str  # empty: they are about no call
    call_id: UUID | None
    came: Counter = field(default_factory=Counter)  # Status → how many; pending: to be tried again

    def __add__(self, other: "Applied") -> "Applied":
        return Applied(self.platform_call_id, self.call_id or other.call_id, self.came + other.came)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A delivery that is to be applied again."""

    id: UUID
    kind: str
    platform_call_id: str
    status: str  # what it was until now


@dataclass(slots=True)
class _Reading:
    """A delivery, and what became of it."""

    delivery: Delivery
    status: Status
    reason: str = ""
    told: Told | None = None


def apply_next() -> bool:
    """Apply what is pending of one call. False if nothing is: all are settled, claimed or not due yet."""
    return apply_call() is not None


def apply_call() -> Applied | None:
    """The same, and what came of it; None if nothing is pending."""
    batch = _claim()
    if not batch:
        return None
    traces = {delivery.trace_id for delivery in batch} - {""}
    with (
        bind_trace(traces.pop() if len(traces) == 1 else new_trace()),
        TOOK.time(),
        spans.applying(batch) as span,
    ):
        applied = _apply(batch)
        span.set({"gen_ai.conversation.id": str(applied.call_id or "")})
        return applied


def _claim() -> list[Delivery]:
    """Take what is due of one call for ourselves, for a while. Waits for nobody: locked rows are taken."""
    now = timezone.now()
    unclaimed = (
        Delivery.objects.filter(status=Status.PENDING)
        .filter(Q(claimed_until=None) | Q(claimed_until__lt=now))
        .select_for_update(skip_locked=True)
    )
    with transaction.atomic():
        first = _first(unclaimed, now)
        if first is None:
            return []
        ids = [first["id"]]
        if first["attempts"] < ALONE:
            of_the_call = unclaimed.filter(
                Q(due_at=None) | Q(due_at__lte=now),
                connection_id=first["connection_id"],
                platform_call_id=first["platform_call_id"],
                attempts__lt=ALONE,
            )
            ids = _as_many_as_fit(of_the_call.order_by("id").values_list("id", "size")[:MOST_AT_ONCE])
        claimed = Delivery.objects.filter(id__in=ids)
        claimed.update(attempts=F("attempts") + 1, claimed_until=now + CLAIM)
        return list(claimed.order_by("id"))


def _first(unclaimed: QuerySet, now: datetime) -> dict | None:
    """One that is new or one that has failed before, by turns: many of either never keep the other waiting.
    Asked for apart, neither looks through those that are not due yet."""
    ordered = unclaimed.order_by("due_at").values("id", "connection_id", "platform_call_id", "attempts")
    kinds = [ordered.filter(due_at=None), ordered.filter(due_at__lte=now)]
    random.shuffle(kinds)
    return kinds[0].first() or kinds[1].first()


def _as_many_as_fit(sized: QuerySet) -> list[UUID]:
    ids: list[UUID] = []
    total = 0
    for delivery_id, size in sized:
        total += size
        if ids and total > MOST_BYTES_AT_ONCE:
            break
        ids.append(delivery_id)
    return ids


def _apply(batch: Sequence[Delivery]) -> Applied:
    """Apply deliveries of one call in one go; if that fails, one by one, to find the one it is about."""
    try:
        return _take_in_again_if_in_the_way(batch)
    except OperationalError as error:
        # The database's own trouble: none of them is to blame, and each alone would wait as long.
        applied = [_put_off(delivery, error) for delivery in batch]
    except Exception as error:
        # Whatever it is: it must not keep this call's other deliveries, or other calls, from being applied.
        if len(batch) == 1:
            return _put_off(batch[0], error)
        applied = [_apply([delivery]) for delivery in batch]
    return sum(applied[1:], applied[0])


def _take_in_again_if_in_the_way(batch: Sequence[Delivery]) -> Applied:
    for _ in range(TRIES_IN_THE_WAY - 1):
        try:
            return _take_in(batch)
        except OperationalError as error:
            if _sqlstate(error) not in IN_THE_WAY:
                raise
    return _take_in(batch)


@transaction.atomic
def _take_in(batch: Sequence[Delivery]) -> Applied:
    """Record what a call's deliveries say, and settle them, or neither."""
    began = time.monotonic()
    first = batch[0]
    erased = is_erased(first.workspace_id, first.platform, first.platform_call_id)
    readings = [_too_late(delivery) if erased else _read(delivery) for delivery in batch]
    telling = [reading for reading in readings if reading.told]
    call = _record(telling) if telling else None
    # Their share: what applying them took is told of each.
    processing_ms = max(1, round((time.monotonic() - began) * 1000 / len(batch)))
    _settle(readings, call, processing_ms)
    if erased:
        erasing.drop(batch)
    came = Counter(reading.status.value for reading in readings)
    return Applied(batch[0].platform_call_id, call.pk if call else None, came)


def _too_late(delivery: Delivery) -> _Reading:
    return _Reading(delivery, Status.IGNORED, erasing.TOO_LATE)


def _read(delivery: Delivery) -> _Reading:
    """What it says, or why it says nothing. Raises nothing that its adapter does not."""
    if delivery.attempts > MOST_ATTEMPTS:
        return _Reading(delivery, Status.DEAD, "Every attempt at applying it ended the worker.")
    if delivery.body is None:
        return _Reading(delivery, Status.DEAD, erasing.ERASED)
    adapter = ADAPTERS.get(delivery.platform)
    if adapter is None:
        return _Reading(delivery, Status.DEAD, "Nobody here understands this platform.")
    body = bytes(delivery.body)
    try:
        envelope = adapter.envelope(body)
        if not envelope.known or not envelope.call_id:
            return _Reading(delivery, Status.IGNORED)
        return _Reading(delivery, Status.APPLIED, told=adapter.told(body, delivery.created_at))
    except Unreadable as error:
        return _Reading(delivery, Status.DEAD, f"Unreadable: {error}."[:300])


def _record(telling: Sequence[_Reading]) -> Call:
    told = [reading.told for reading in telling if reading.told]
    first = telling[0].delivery
    _lock(f"{first.workspace_id}:{first.platform}:{first.platform_call_id}")
    opening = Opening(
        started_at=min(each.started_at for each in told),
        channel=next((each.channel for each in told if each.channel != Call.Channel.PHONE), told[0].channel),
        level=max((each.level for each in told), key=LEVELS.index),  # type: ignore[arg-type]
        connection_id=first.connection_id,
        platform_agent_id=next((each.platform_agent_id for each in told if each.platform_agent_id), ""),
        trace_id=first.trace_id,
    )
    events = [event for each in told for event in each.events]
    return record(
        first.workspace_id,
        first.platform,
        first.platform_call_id,
        events,
        source=fold.WEBHOOK,
        opening=opening,
    )


def _lock(name: str) -> None:
    """One call is applied by one worker at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("select set_config('lock_timeout', %s, true)", [f"{LOCK_TIMEOUT_MS}ms"])
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _settle(readings: Sequence[_Reading], call: Call | None, processing_ms: int) -> None:
    ours = _still_ours([reading.delivery for reading in readings])
    for status, reason in {(reading.status, reading.reason) for reading in readings}:
        alike = [each.delivery.pk for each in readings if (each.status, each.reason) == (status, reason)]
        settled = ours.filter(id__in=alike)
        settled.update(
            status=status,
            error=reason,
            applied_at=timezone.now(),
            processing_ms=processing_ms,
            claimed_until=None,
            due_at=None,
            **({"call": call} if call and status == Status.APPLIED else {}),
        )


def _still_ours(deliveries: Sequence[Delivery]) -> QuerySet:
    """Those whose claim has not run out and gone to somebody else, locked in the order of the receiver's own
    statements: two that want the same rows wait for each other, and never both."""
    ours = Delivery.objects.filter(
        id__in=[delivery.pk for delivery in deliveries],
        status=Status.PENDING,
        claimed_until=deliveries[0].claimed_until,
    )
    list(ours.select_for_update().order_by("connection_id", "digest").values_list("id"))
    return ours


def _put_off(delivery: Delivery, error: Exception) -> Applied:
    """It failed: to be tried again after a while, or a dead letter."""
    reason = _reason(error)
    dead = delivery.attempts >= MOST_ATTEMPTS
    where = "".join(traceback.format_tb(error.__traceback__)[-3:]).rstrip()
    logger.log(
        logging.ERROR if dead or not isinstance(error, OperationalError) else logging.WARNING,
        "delivery %s, attempt %d: %s\n%s", delivery.pk, delivery.attempts, reason, where,
    )  # fmt: skip
    with transaction.atomic():
        ours = _still_ours([delivery])
        if dead:
            ours.update(status=Status.DEAD, error=reason, applied_at=timezone.now(), claimed_until=None)
        else:
            ours.update(error=reason, due_at=timezone.now() + _pause(delivery.attempts), claimed_until=None)
    status = Status.DEAD if dead else Status.PENDING
    return Applied(delivery.platform_call_id, None, Counter([status.value]))


def _pause(attempts: int) -> timedelta:
    # Jitter, or everything that failed together comes back together.
    return timedelta(seconds=min(2 ** (attempts - 1), LONGEST_PAUSE) * random.uniform(0.5, 1.5))  # noqa: S311


def _reason(error: Exception) -> str:
    """What failed, by name only: the database quotes the row it refuses, and that is what somebody said."""
    if not isinstance(error, DatabaseError):
        return type(error).__name__
    diagnosis = getattr(error.__cause__, "diag", None)
    named = (type(error).__name__, _sqlstate(error), getattr(diagnosis, "constraint_name", None))
    return " ".join(name for name in named if name)[:300]


def _sqlstate(error: Exception) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


def replay(
    deliveries: QuerySet[Delivery], *, dry_run: bool = False, by: User | UUID | None = None
) -> Iterator[Replayed]:
    """Have deliveries applied again, oldest first, and say each once it is: whoever calls goes through them.

    Those whose body was erased are left out. Applying what was applied before changes nothing, unless we have
    learned to read it better. `dry_run` only says what it would do.
    """
    ids = deliveries.filter(body__isnull=False).order_by("id").values_list("id", flat=True).iterator()
    while chunk := list(islice(ids, REPLAYED_AT_ONCE)):
        chosen = Delivery.objects.filter(id__in=chunk)
        if dry_run:
            yield from _as_replayed(chosen)
        else:
            yield from _replay(chosen, by)


def _as_replayed(rows: QuerySet[Delivery]) -> list[Replayed]:
    told = rows.order_by("id").values_list("id", "kind", "platform_call_id", "status")
    return [Replayed(*row) for row in told]


@transaction.atomic
def _replay(rows: QuerySet[Delivery], by: User | UUID | None) -> list[Replayed]:
    locked = rows.select_for_update().order_by("connection_id", "digest")
    owners = Counter(locked.values_list("workspace_id", "connection_id"))
    replayed = _as_replayed(rows)
    rows.update(
        status=Status.PENDING,
        attempts=0,
        due_at=None,
        claimed_until=None,
        error="",
        replays=F("replays") + 1,
        replayed_at=timezone.now(),
    )
    for (workspace_id, connection_id), count in owners.items():
        audit.note(
            "delivery.replay",
            workspace=workspace_id,
            actor=by,
            target=f"connection:{connection_id}",
            detail={"deliveries": count},
        )
    return replayed
