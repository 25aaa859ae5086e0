"""Readings in bulk: what one would cost, how it is begun and stopped, and how far it is. Who reads: bulk.py.

At most one of a workspace is under way. What a lost message or a dead worker left goes on behind `last_call`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Greatest, Length
from django.http import QueryDict
from django.utils import timezone

from accounts import audit
from accounts.models import User, Workspace
from agents.llm import chain, pricing
from agents.llm.events import Usage
from agents.models import Tier
from calls.filters import UTC_NAME, Filters
from calls.judging import asking, scoring
from calls.judging.reader import LONGEST_TRANSCRIPT
from calls.judging.wanting import scorecards_of, wanted_of
from calls.models import Call, Reading, Turn

Status = Reading.Status
UNDER_WAY = (Status.WAITING, Status.RUNNING)
FIELDS, SCORECARDS, TOPICS = WHAT = ("fields", "scorecards", "topics")
MOST_CALLS = 50_000
SAMPLE = 50  # calls, by which all are estimated
MARK = 16  # characters that stand before the words of a turn
TOKENS_OUT, TOKENS_OUT_A_PART = 15, 35  # that an answer takes; a field's or check's part of it


class Refused(Exception):
    """It cannot begin. The message says why to people."""


@dataclass(frozen=True, slots=True)
class Estimate:
    calls: int
    requests: int
    tokens_in: int
    tokens_out: int
    model: str
    usd: Decimal


def calls_of(workspace_id: UUID, query: str, zone: str) -> QuerySet[Call]:
    """Those of a list that can be read: they are over, and something was said."""
    rows = Filters.of(QueryDict(query), zone).narrow(Call.objects.for_workspace(workspace_id))
    return rows.filter(ended_at__isnull=False, turn_count__gt=0)


def estimate(workspace_id: UUID, query: str, what: Sequence[str], zone: str = UTC_NAME) -> Estimate:
    """By the newest calls of the list, and the price of the model that would be asked. `zone`: whose days the
    query means. Raises Refused."""
    models = chain.ordered(chain.load(workspace_id), Tier.FAST)
    if not models:
        raise Refused("No model is set up that could read them. Settings, Models has them.")
    rows = calls_of(workspace_id, query, zone)
    count = rows.order_by()[: MOST_CALLS + 1].count()
    if count > MOST_CALLS:
        raise Refused(f"These are more than {MOST_CALLS:,} calls. Narrow the list.")
    sample = list(rows.order_by("-id").select_related("agent")[:SAMPLE])
    long = _lengths(sample)
    requests = tokens_in = tokens_out = 0
    kinds: dict[UUID | None, list[tuple[int, int]]] = {}
    for call in sample:
        if call.agent_id not in kinds:
            kinds[call.agent_id] = _requests(call, what)
        for instructions, parts in kinds[call.agent_id]:
            requests += 1
            tokens_in += instructions + long.get(call.pk, 0) // pricing.BYTES_PER_TOKEN
            tokens_out += TOKENS_OUT + TOKENS_OUT_A_PART * parts
    if count and not requests:
        raise Refused("Nothing of this is defined for these calls.")
    requests, tokens_in, tokens_out = (
        -(-one * count // max(len(sample), 1)) for one in (requests, tokens_in, tokens_out)
    )
    cost = pricing.cost(Usage(tokens_in=tokens_in, tokens_cached=0, tokens_out=tokens_out), models[0].prices)
    return Estimate(count, requests, tokens_in, tokens_out, models[0].model.name, cost)


@transaction.atomic
def start(
    workspace_id: UUID,
    query: str,
    what: Sequence[str],
    *,
    zone: str = UTC_NAME,
    by: UUID | None,
    actor: UUID | None,
) -> Reading:
    """Raises Refused: one is under way, there is nothing to read, or nobody who could."""
    Workspace.objects.select_for_update(of=("self",)).only("pk").get(pk=workspace_id)
    if under_way(workspace_id):
        raise Refused("Calls are being read already. Wait for that to end, or stop it.")
    told = estimate(workspace_id, query, what, zone)
    if not told.calls:
        raise Refused("There is no such call that has ended.")
    reading = Reading.objects.create(
        workspace_id=workspace_id,
        asked_by=User.objects.filter(pk=by).first(),
        query=Filters.of(QueryDict(query), zone).query,
        zone=zone,
        what=[one for one in WHAT if one in what],
        about=told.calls,
        estimate_usd=told.usd,
        alive_at=timezone.now(),
    )
    _note("start", reading, actor)
    # Nobody's reading fails because Redis is away: the timetable finds it, too.
    transaction.on_commit(ring, robust=True)
    return reading


def under_way(workspace_id: UUID) -> Reading | None:
    return Reading.objects.for_workspace(workspace_id).filter(status__in=UNDER_WAY).first()


@transaction.atomic
def stop(reading: Reading, *, actor: UUID | None) -> Reading:
    """What has been read stays; those that are being read now still are. One that is over stays as it is."""
    if end(reading, Status.STOPPED, "A person stopped it."):
        _note("stop", reading, actor)
    reading.refresh_from_db()
    return reading


def end(reading: Reading, status: str, reason: str = "") -> bool:
    rows = Reading.objects.filter(pk=reading.pk, status__in=UNDER_WAY)
    return bool(rows.update(status=status, reason=reason, ended_at=timezone.now()))


def ring() -> None:
    """Have what waits read."""
    # By name: web processes read this file, and most never start one.
    import_module("calls.judging.tasks").read_on.delay()


def _lengths(calls: Sequence[Call]) -> dict[UUID, int]:
    """About how many characters a model is given of each."""
    turns = Turn.objects.filter(call__in=[call.pk for call in calls]).order_by()
    long = turns.values("call_id").annotate(n=Sum(Length("text") + MARK))
    return {row["call_id"]: min(row["n"], LONGEST_TRANSCRIPT) for row in long}


def _requests(call: Call, what: Sequence[str]) -> list[tuple[int, int]]:
    """What would be asked of a call: the instructions' length in tokens, and parts of the answer, of each."""
    wanted = wanted_of(call, fields=FIELDS in what, topics=TOPICS in what)
    found = []
    if wanted:
        parts = len(wanted.fields) + bool(wanted.topics)
        found.append((pricing.tokens_of(asking.system(wanted)), parts))
    if SCORECARDS in what:
        for one in scorecards_of(call):
            found.append((pricing.tokens_of(scoring.system(one)), len(one.checks)))
    return found


def _note(act: str, reading: Reading, actor: UUID | None) -> None:
    detail: dict[str, Any] = {"what": reading.what, "calls": reading.about}
    audit.note(
        f"reading.{act}",
        workspace=reading.workspace_id,
        actor=actor,
        target=f"reading:{reading.pk}",
        detail=detail,
    )


def progress(reading: Reading, **counted: Any) -> None:
    """A piece is through: `done`, `failed` and `cost_usd` are added. There may be more calls than there were
    when it was asked for: some were live then."""
    added = {name: F(name) + counted.pop(name) for name in ("done", "failed", "cost_usd")}
    added["about"] = Greatest("about", added["done"])
    Reading.objects.filter(pk=reading.pk).update(**added, **counted, alive_at=timezone.now())
