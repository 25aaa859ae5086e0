"""What a call came to, kept on its row once it has ended: lists sort and narrow by it, insights add it up.

A call with `kept_at` null is kept anew; whoever changes one that has ended says so by that. What its models
cost is written down by other processes, some of it after the end: calls whose models were asked since they
were kept are found by that.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from agents.models import ModelCall
from base.ids import first_uuid7
from calls.figures import Percentile
from calls.insights import tallies
from calls.models import Call, Turn

PIECE = 200  # calls kept together
LOOKED = "calls:kept:looked"  # until when models' costs were looked at
LATE = timedelta(minutes=2)  # between the beginning of an attempt at a model, which its id tells, and its row
CLOCKS_DIFFER = timedelta(seconds=10)
FURTHEST = timedelta(days=1)  # that is looked back, if nobody remembers

# Locked in the order of their ids, as everybody does who locks several.
_CHANGED = """
    UPDATE calls_call SET kept_at = NULL WHERE id IN (
        SELECT calls_call.id FROM calls_call JOIN (
            SELECT call_id, max(created_at) AS at FROM agents_modelcall
            WHERE id >= %s AND call_id IS NOT NULL GROUP BY call_id
        ) AS asked ON calls_call.id = asked.call_id
        WHERE calls_call.kept_at < asked.at + make_interval(secs => %s)
        ORDER BY calls_call.id FOR UPDATE OF calls_call
    )
"""


def keep(call: Call) -> None:
    """Keep what a call came to, if it has ended; `call` itself is not changed."""
    keep_all([call.pk])


@transaction.atomic
def keep_all(calls: Sequence[UUID]) -> int:
    """Those of the calls that have ended and whose figures are not kept; says how many. One that somebody is
    writing to is left for the next time."""
    # Held first, so that what is added up is all that was committed.
    waiting = Call.objects.filter(pk__in=calls, ended_at__isnull=False, kept_at=None)
    held = list(
        waiting.select_for_update(skip_locked=True, of=("self",)).order_by("pk").values_list("pk", flat=True)
    )
    if not held:
        return 0
    rows = Call.objects.filter(pk__in=held)
    answered = Turn.objects.filter(call=OuterRef("pk"), reply_ms__isnull=False).order_by().values("call")
    asked = ModelCall.objects.filter(call_id=OuterRef("pk")).order_by().values("call_id")
    rows.update(
        reply_p95_ms=Subquery(answered.annotate(p95=Percentile("reply_ms", 0.95)).values("p95")),
        total_usd=F("cost_usd")
        + Coalesce(Subquery(asked.annotate(cost=Sum("cost_usd")).values("cost")), Value(Decimal(0))),
        kept_at=timezone.now(),
    )
    tallies.mark_all(rows.real())
    return len(held)


def catch_up(seconds: float) -> int:
    """Keep all that wait, those that began last first, for about so long; says how many that were."""
    enough, kept = time.monotonic() + seconds, 0
    _look_at_costs()
    after: datetime | None = None
    while time.monotonic() < enough:
        waiting = Call.objects.filter(kept_at=None, ended_at__isnull=False)
        if after:
            waiting = waiting.filter(started_at__lte=after)
        found = list(waiting.order_by("-started_at").values_list("pk", "started_at")[:PIECE])
        done = keep_all([pk for pk, _ in found])
        kept += done
        if not done:
            return kept
        after = found[-1][1]
    return kept


def _look_at_costs() -> None:
    """Calls are kept anew whose models were asked since they were kept."""
    now = timezone.now()
    since = (cache.get(LOOKED) or now - FURTHEST) - LATE
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, [first_uuid7(int(since.timestamp() * 1000)), CLOCKS_DIFFER.total_seconds()])
    cache.set(LOOKED, now, None)
