"""How far a connection has come, read from what it has really delivered."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db.models import Q
from django.utils import timezone

from base.ids import first_uuid7
from platforms.models import Connection
from platforms.webhooks import EventKind
from webhooks.listing import FAILING
from webhooks.models import Delivery, Unproven

TEST = "earshot_test"  # our own, sent from the checklist: it proves the way in, and is no first delivery
MOST_COUNTED = 10_000  # a page says "more than" beyond this, instead of reading on
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

# Every kind a connection has told us of, with its first and last time. This walks the index from one kind to
# the next, so it takes as many steps as there are kinds, not deliveries; a plain DISTINCT reads them all.
_KINDS = """
WITH RECURSIVE kinds AS (
  (SELECT kind FROM webhooks_delivery WHERE connection_id = %(id)s ORDER BY kind LIMIT 1)
  UNION ALL
  SELECT (SELECT d.kind FROM webhooks_delivery d WHERE d.connection_id = %(id)s AND d.kind > kinds.kind
          ORDER BY d.kind LIMIT 1)
  FROM kinds WHERE kinds.kind IS NOT NULL
)
SELECT kinds.kind,
  (SELECT d.created_at FROM webhooks_delivery d
   WHERE d.connection_id = %(id)s AND d.kind = kinds.kind ORDER BY d.id LIMIT 1),
  (SELECT d.created_at FROM webhooks_delivery d
   WHERE d.connection_id = %(id)s AND d.kind = kinds.kind ORDER BY d.id DESC LIMIT 1)
FROM kinds WHERE kinds.kind IS NOT NULL LIMIT 200
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One kind of delivery that has come."""

    kind: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class State:
    """One thing to say of a connection: its tone and icon, words, and what stands between them."""

    tone: str
    icon: str
    words: str
    at: datetime | None = None  # "Receiving, last … ago"


@dataclass(frozen=True, slots=True)
class Facts:
    """What deliveries say of one connection, as of `checked_at`."""

    kinds: dict[str, Seen]  # without our own tests
    failing: int
    rejected: int  # unproven attempts in the last hour, at most Unproven.KEPT
    checked_at: datetime

    @property
    def first(self) -> Seen | None:
        return min(self.kinds.values(), key=lambda seen: seen.first_at, default=None)

    @property
    def last(self) -> Seen | None:
        return max(self.kinds.values(), key=lambda seen: seen.last_at, default=None)

    @property
    def version(self) -> str:
        """Another one whenever a page that shows these facts must be drawn anew."""
        shown = (sorted(self.kinds.items()), self.states)
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]

    @property
    def states(self) -> list[State]:
        """In words, the most urgent first."""
        said = []
        if self.failing:
            said.append(State("danger", "alert", f"Failing {up_to(self.failing, MOST_COUNTED)}"))
        if self.last is None:
            said.append(State("none", "clock", "Waiting for the first delivery"))
        elif self.checked_at - self.last.last_at < _DAY:
            said.append(State("ok", "check", "Receiving, last", self.last.last_at))
        else:
            said.append(State("none", "clock", "Quiet, last", self.last.last_at))
        if self.rejected:
            many = f"{self.rejected} or more" if self.rejected >= Unproven.KEPT else str(self.rejected)
            said.append(State("warn", "lock", f"Rejected {many} with a bad signature in the last hour"))
        return said


def facts(connection: Connection) -> Facts:
    """Reads a few index entries, whatever the number of deliveries."""
    now = timezone.now()
    kinds = {seen.kind: seen for seen in _seen(connection.pk) if seen.kind != TEST}
    return Facts(kinds, _failing(connection), _rejected(connection, now), now)


def _seen(connection_id: UUID) -> list[Seen]:
    with database.cursor() as cursor:
        cursor.execute(_KINDS, {"id": connection_id})
        return [Seen(*row) for row in cursor.fetchall()]


def _failing(connection: Connection) -> int:
    failing = Q(status=Delivery.Status.DEAD) | FAILING
    return _count(Delivery.objects.for_workspace(connection.workspace_id).filter(failing), connection)


def _rejected(connection: Connection, now: datetime) -> int:
    unproven = Unproven.objects.filter(connection=connection, last_at__gt=now - _HOUR).first()
    if unproven is None:
        return 0
    return sum(datetime.fromisoformat(attempt["at"]) > now - _HOUR for attempt in unproven.recent)


def deliveries(connection: Connection) -> int:
    """How many it has brought, counted up to MOST_COUNTED + 1."""
    return _count(Delivery.objects.for_workspace(connection.workspace_id), connection)


def deliveries_since(connection: Connection, at: datetime) -> int:
    """How many came first after `at`, our own tests aside; counted up to MOST_COUNTED + 1."""
    first = first_uuid7(int(at.timestamp() * 1_000))
    rows = Delivery.objects.for_workspace(connection.workspace_id).filter(id__gte=first).exclude(kind=TEST)
    return _count(rows, connection)


def _count(rows: Any, connection: Connection) -> int:
    return rows.filter(connection=connection).values("pk")[: MOST_COUNTED + 1].count()


def up_to(count: int, most: int = MOST_COUNTED) -> str:
    """1,204, or "more than 10,000" where counting stopped."""
    return f"more than {most:,}" if count > most else f"{count:,}"


def events(known: Sequence[EventKind], kinds: dict[str, Seen]) -> list[dict[str, Any]]:
    """The events to switch on at the platform: name, why, on_by_default, seen (None: it never came)."""
    return [
        {
            "name": kind.name,
            "why": kind.why,
            "on_by_default": kind.on_by_default,
            "seen": kinds.get(kind.name),
        }
        for kind in known
    ]
