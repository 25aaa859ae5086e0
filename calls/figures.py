"""Numbers about calls, always with how many things they are made of."""

import json
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.core.cache import cache
from django.db.models import Aggregate, Count, FloatField, Max, QuerySet, Sum
from django.utils import timezone
from redis.exceptions import RedisError

from agents.models import ModelCall
from calls.models import PLAYGROUND, Call, Turn

Found = TypeVar("Found")
RECENT = timedelta(minutes=15)
_KEPT_SECONDS = 5


class Percentile(Aggregate):
    """The smallest value that at least this share of the values does not exceed: one that was measured."""

    function = "PERCENTILE_DISC"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, expression: Any, share: float) -> None:
        super().__init__(expression, share=share)


@dataclass(frozen=True, slots=True)
class Replies:
    """How long callers waited for answers, in ms; None where there was none."""

    n: int = 0
    p50_ms: int | None = None
    p95_ms: int | None = None


_REPLIES = {
    "n": Count("reply_ms"),
    "p50_ms": Percentile("reply_ms", 0.5),
    "p95_ms": Percentile("reply_ms", 0.95),
}


def _replies(row: Any) -> Replies:
    p50, p95 = row["p50_ms"], row["p95_ms"]
    return Replies(row["n"], None if p50 is None else int(p50), None if p95 is None else int(p95))


def replies_of(calls: Iterable[UUID]) -> dict[UUID, Replies]:
    """Per call; a call without an answer is left out."""
    if not (calls := list(calls)):
        return {}
    answered = Turn.objects.filter(call_id__in=calls, reply_ms__isnull=False).order_by()
    return {row["call_id"]: _replies(row) for row in answered.values("call_id").annotate(**_REPLIES)}


def replies_by_agent(workspace_id: UUID, since: datetime) -> dict[UUID, Replies]:
    """Per agent; one that has not answered since is left out."""
    turns = Turn.objects.for_workspace(workspace_id).filter(
        created_at__gte=since, reply_ms__isnull=False, call__agent__isnull=False
    )
    rows = turns.exclude(call__platform=PLAYGROUND).order_by().values("call__agent_id").annotate(**_REPLIES)
    return {row["call__agent_id"]: _replies(row) for row in rows}


def model_costs_of(calls: Iterable[UUID]) -> dict[UUID, Decimal]:
    """What the models of each call cost, in USD; a call that asked none is left out."""
    if not (calls := list(calls)):
        return {}
    asked = ModelCall.objects.filter(call_id__in=calls).order_by()
    return dict(asked.values("call_id").annotate(cost=Sum("cost_usd")).values_list("call_id", "cost"))


def costs_of(calls: Collection[Call]) -> dict[UUID, Decimal]:
    """What each came to, in USD, with its models. That is kept once it has ended (calls/kept.py), and of
    others added up."""
    models = model_costs_of([call.pk for call in calls if call.kept_at is None])
    return {
        call.pk: call.total_usd if call.kept_at else call.cost_usd + models.get(call.pk, Decimal(0))
        for call in calls
    }


@dataclass(frozen=True, slots=True)
class Pulse:
    """A workspace at this moment: replies of the last quarter of an hour, and when a call last ended."""

    replies: Replies
    last_ended_at: str | None


def pulse(workspace_id: UUID) -> Pulse:
    """Asked by every open board, so it is a few seconds old at most and worked out once for all of them."""
    return kept(f"pulse:{workspace_id}", lambda: _pulse(workspace_id))


def kept(key: str, work: Callable[[], Found]) -> Found:
    """What open pages ask for again and again: worked out once for all of them, and a few seconds old."""
    try:
        found = cache.get(key)
    except RedisError:  # then every page asks for itself
        return work()
    if found is None:
        found = work()
        with suppress(RedisError):
            cache.set(key, found, _KEPT_SECONDS)
    return found


def _pulse(workspace_id: UUID) -> Pulse:
    since = timezone.now() - RECENT
    turns = Turn.objects.for_workspace(workspace_id).filter(created_at__gte=since, reply_ms__isnull=False)
    turns = turns.exclude(call__platform=PLAYGROUND)
    ended = Call.objects.for_workspace(workspace_id).real().aggregate(at=Max("ended_at"))["at"]
    return Pulse(
        _replies(turns.order_by().aggregate(**_REPLIES)),
        ended.isoformat(timespec="milliseconds") if ended else None,
    )


def about(rows: QuerySet, most: int = 1_000) -> tuple[int, bool]:
    """How many calls, and whether that is exact. Few are counted; of many, the planner is believed."""
    # In the order of the list, which indexes have: without any, the table may be read from its beginning,
    # where the oldest are, until so many are found.
    counted = rows.order_by("-started_at", "-id")[: most + 1].count()
    if counted <= most:
        return counted, True
    plan = rows.order_by().values("pk").explain(format="json")
    return max(_planned(plan), most), False


def _planned(plan: str) -> int:
    return json.loads(plan)[0]["Plan"]["Plan Rows"]
