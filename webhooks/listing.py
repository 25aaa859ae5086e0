"""The list of deliveries: which of them, page by page, and how many. All of it is bounded."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection as database
from django.db.models import Q, QuerySet
from django.http import QueryDict

from base.cursors import make_cursor, read_cursor
from base.ids import first_uuid7
from platforms.models import Connection
from webhooks.models import Delivery, Unproven

PAGE = 50
MOST_COUNTED = 1_000  # beyond it a count says "1,000+"
# The tabs, and what else the list may be narrowed to: value → word.
TABS = {"failing": "Failing", "": "All", "dead": "Dead letters", "rejected": "Rejected"}
STATUSES = {"applied": "Applied", "waiting": "Waiting", "ignored": "Kept"}
SELECTABLE = ("failing", "dead")  # lists in which a part may be chosen and replayed
LONGEST_VALUE = 100
MOST_KINDS = 200  # to choose from

Status = Delivery.Status
FAILING = Q(status=Status.PENDING, attempts__gt=0) & ~Q(error="")
_NARROWED = {
    "failing": FAILING,
    "dead": Q(status=Status.DEAD),
    "applied": Q(status=Status.APPLIED),
    # What has failed waits too, and is among the failing.
    "waiting": Q(status=Status.PENDING, error=""),
    "ignored": Q(status=Status.IGNORED),
}

# From one kind to the next along the index of each connection: as many steps as there are kinds, not rows.
_KINDS = """
WITH RECURSIVE kinds AS (
  SELECT c.id, (SELECT min(d.kind) FROM webhooks_delivery d
                WHERE d.connection_id = c.id AND d.kind > '') AS kind
  FROM unnest(%(connections)s::uuid[]) AS c (id)
  UNION ALL
  SELECT kinds.id, (SELECT min(d.kind) FROM webhooks_delivery d
                    WHERE d.connection_id = kinds.id AND d.kind > kinds.kind)
  FROM kinds WHERE kinds.kind IS NOT NULL
)
SELECT kind FROM kinds WHERE kind IS NOT NULL LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for. Values that make no sense are as if they were not there."""

    status: str = ""  # of TABS or STATUSES
    connection: UUID | None = None
    kind: str = ""
    call: str = ""  # its id, here or at the platform
    since: datetime | None = None
    until: datetime | None = None  # first moment that is out

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        status = query.get("status", "")
        return cls(
            status=status if status in TABS or status in STATUSES else "",
            connection=_uuid(query.get("connection", "")),
            kind=_text(query.get("kind", "")),
            call=_text(query.get("call", "")),
            since=_moment(query.get("since", "")),
            until=_moment(query.get("until", "")),
        )

    @property
    def query(self) -> str:
        """The address of this list, without a cursor."""
        return self.of_status(self.status)

    def of_status(self, status: str) -> str:
        """The same with another status."""
        named = [
            ("status", status),
            ("connection", str(self.connection or "")),
            ("kind", self.kind),
            ("call", self.call),
            ("since", spelled(self.since)),
            ("until", spelled(self.until)),
        ]
        return urlencode([pair for pair in named if pair[1]])

    @property
    def tab(self) -> str:
        return self.status if self.status in TABS else ""

    def narrow(self, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
        if self.status in _NARROWED:
            rows = rows.filter(_NARROWED[self.status])
        if self.connection:
            rows = rows.filter(connection_id=self.connection)
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.call:
            call = Q(platform_call_id=self.call)
            ours = _uuid(self.call)
            rows = rows.filter(call | Q(call_id=ours) if ours else call)
        # Ids are ordered by the time a delivery came.
        if self.since:
            rows = rows.filter(id__gte=_first_id(self.since))
        if self.until:
            rows = rows.filter(id__lt=_first_id(self.until))
        return rows


def deliveries(workspace_id: UUID) -> QuerySet[Delivery]:
    """Newest first, without what only one opened row shows."""
    rows = Delivery.objects.for_workspace(workspace_id).select_related("connection")
    return rows.defer("body", "headers").order_by("-id")


def chips(workspace_id: UUID, filters: Filters) -> list[dict]:
    """What the list is narrowed by, its tab aside: its name, its value, and the query without it."""
    found = []
    if filters.status in STATUSES:
        found.append(("Status", STATUSES[filters.status], replace(filters, status="")))
    if filters.connection:
        named = Connection.objects.for_workspace(workspace_id).filter(pk=filters.connection).first()
        name = named.name if named else "another workspace’s"
        found.append(("Connection", name, replace(filters, connection=None)))
    if filters.kind:
        found.append(("Event", filters.kind, replace(filters, kind="")))
    if filters.call:
        found.append(("Call", filters.call, replace(filters, call="")))
    if filters.since:
        found.append(("From", f"{filters.since:%-d %b %Y, %H:%M} UTC", replace(filters, since=None)))
    if filters.until:
        found.append(("Until", f"{filters.until:%-d %b %Y, %H:%M} UTC", replace(filters, until=None)))
    return [{"label": label, "value": value, "without": rest.query} for label, value, rest in found]


def page(workspace_id: UUID, filters: Filters, cursor: str) -> tuple[list[Delivery], str, str]:
    """One page, newest first, and the cursors of the newer and the older one, or "". Raises BadRequest."""
    rows = filters.narrow(deliveries(workspace_id))
    scope = f"webhooks:{workspace_id}:{filters.query}"
    anchor, towards = read_cursor(cursor, scope) if cursor else (None, "older")
    if towards == "newer":
        found = list(rows.filter(id__gt=anchor).order_by("id")[: PAGE + 1])
        has_newer, has_older, found = len(found) > PAGE, True, found[:PAGE][::-1]
    else:
        found = list((rows.filter(id__lt=anchor) if anchor else rows)[: PAGE + 1])
        has_newer, has_older, found = anchor is not None, len(found) > PAGE, found[:PAGE]
    if not found:
        return [], "", ""
    return (
        found,
        make_cursor(found[0].pk, "newer", scope) if has_newer else "",
        make_cursor(found[-1].pk, "older", scope) if has_older else "",
    )


def changes(workspace_id: UUID, shown: list[UUID]) -> list[Delivery]:
    """The rows a page shows, as they are now."""
    return list(deliveries(workspace_id).filter(id__in=shown))


def missing(workspace_id: UUID, filters: Filters, shown: list[UUID], floor: UUID | None) -> list[Delivery]:
    """Up to PAGE that belong on the newest page and are not shown there: come since, or come to match since,
    as one that is given up long after a newer one was. `floor` is its oldest row, if another page follows."""
    rows = deliveries(workspace_id)
    belong = filters.narrow(rows.filter(id__gt=floor) if floor else rows)
    return list(belong.exclude(id__in=shown)[:PAGE])


def counted(rows: QuerySet) -> str:
    """1,204 is "1,000+"; nothing is "0"."""
    found = rows.order_by().values("pk")[: MOST_COUNTED + 1].count()
    return f"{MOST_COUNTED:,}+" if found > MOST_COUNTED else f"{found:,}"


def tabs(workspace_id: UUID, filters: Filters) -> list[dict]:
    """The tabs with their counts, of all connections; "All" has none."""
    rows = Delivery.objects.for_workspace(workspace_id)
    unproven = Unproven.objects.for_workspace(workspace_id).filter(count__gt=0)
    refused = sum(unproven.values_list("count", flat=True))
    counts = {
        "failing": counted(rows.filter(FAILING)),
        "": "",
        "dead": counted(rows.filter(status=Status.DEAD)),
        "rejected": f"{MOST_COUNTED:,}+" if refused > MOST_COUNTED else f"{refused:,}",
    }
    return [
        {
            "value": value,
            "label": label,
            "count": counts[value],
            "query": filters.of_status(value),
            "current": filters.tab == value,
        }
        for value, label in TABS.items()
    ]


def kinds(connections: Iterable[Connection]) -> list[str]:
    """Every event that connections have told us of, at most MOST_KINDS."""
    with database.cursor() as cursor:
        cursor.execute(
            _KINDS, {"connections": [connection.pk for connection in connections], "most": MOST_KINDS}
        )
        return sorted({kind for (kind,) in cursor.fetchall()})


def spelled(moment: datetime | None) -> str:
    """As a field for date and time takes it, in UTC; to the second, where it is not a whole minute."""
    if moment is None:
        return ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}" if moment.second else f"{moment:%Y-%m-%dT%H:%M}"


def _first_id(moment: datetime) -> UUID:
    return first_uuid7(int(moment.timestamp() * 1_000))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _text(value: str) -> str:
    value = value.strip()
    return value if len(value) <= LONGEST_VALUE and "\0" not in value else ""


def _moment(text: str) -> datetime | None:
    """A date, or a date and time, in UTC unless it says otherwise. To the second, which `spelled` keeps."""
    try:
        found = datetime.fromisoformat(text).replace(microsecond=0)
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return found if date(1970, 1, 1) <= found.date() <= date(9000, 1, 1) else None
