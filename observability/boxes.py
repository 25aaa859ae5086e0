"""The first row of the page, "is it us or them?": one box for each thing that calls depend on.

A box that could not be asked says Unknown. It never says that things are well because nobody complained.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from redis.exceptions import RedisError

from accounts.models import ApiToken, Membership
from observability import asking, metrics
from observability.asking import Answer
from observability.sql import BROWSER, DATABASE, INGEST, PROVIDERS, QUEUE, STREAMS
from streaming import leases

SLOW_APPLY_MS = 5_000
STUCK_S = 30
SLOW_PING_MS = 50
SLOW_FIRST_TOKEN_MS = 2_000
FAILING, ERRORS = 0.5, 0.1  # shares of a provider's attempts
NEARLY_FULL = 0.9  # of the connections there may be
MOST_PROVIDERS = 8
ENOUGH = 20  # what a percentile is made of, at least
# What to do first, by topic; docs/observability.md says the rest under the same names.
RUNBOOK = {
    "ingest": "Open Webhooks and read why a delivery fails; replay it once that is mended.",
    "streams": "If only some people stall it is their network, or a proxy that buffers. "
    "If all do, look at Redis.",
    "queue": "Look whether a worker runs. Deliveries are safe in the database and applied once one does.",
    "database": "Slow with few connections: look for a long query in pg_stat_activity. "
    "Nearly full: run fewer processes, or a pooler.",
    "provider": "Errors of one provider alone are theirs; its latest are on this page, "
    "with the vendor's own code where it gave one.",
    "browser": "The same error for everybody is ours: its script and trace are on this page. "
    "One person's alone is often an extension of their browser.",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    word: str
    icon: str
    tone: str


WORKING = Verdict("Working", "check", "ok")
QUIET = Verdict("Quiet", "clock", "none")
NONE_TOLD = Verdict("No errors", "check", "ok")
UNKNOWN = Verdict("Unknown", "help", "warn")


def warn(word: str) -> Verdict:
    return Verdict(word, "alert", "warn")


def danger(word: str) -> Verdict:
    return Verdict(word, "alert", "danger")


@dataclass(frozen=True, slots=True)
class Box:
    key: str  # of its dialog; unique on the page
    name: str
    verdict: Verdict
    figures: tuple[tuple[str, str], ...]  # (what, how much), two of them
    sql: str
    topic: str  # its part of the runbook, docs/observability.md
    todo: str  # the same in one sentence


def boxes(workspace_id: UUID) -> list[Box]:
    """All of them, in the order of a call's way: in, out, through, underneath, and beyond."""
    return [
        ingest(workspace_id),
        streams(workspace_id),
        queue(workspace_id),
        database(),
        *providers(workspace_id),
        browser(workspace_id),
    ]


def ingest(workspace_id: UUID) -> Box:
    at, since_id = asking.since(timedelta(minutes=5))
    hour, hour_id = asking.since(timedelta(hours=1))
    values = {"workspace": workspace_id, "since": at, "since_id": since_id, "hour": hour, "hour_id": hour_id}
    answer = asking.put(INGEST, values)
    if answer.failed:
        return _unknown("ingest", "Ingest", answer)
    row = answer.first
    if row["died"]:
        verdict = danger("Failing")
    elif row["retrying"]:
        verdict = warn("Retrying")
    elif row["p95_ms"] is not None and row["p95_ms"] > SLOW_APPLY_MS:
        verdict = warn("Slow")
    else:
        verdict = WORKING if row["came"] else QUIET
    return _box(
        "ingest",
        "Ingest",
        answer,
        verdict,
        (f"{_n(row['came'])} in 5 min", f"p95 {_time(row['p95_ms'], row['came'])}"),
        (f"{_n(row['retrying'])} retrying", f"{_n(row['dead'])} dead"),
    )


def streams(workspace_id: UUID) -> Box:
    at, since_id = asking.since(timedelta(hours=1))
    answer = asking.put(STREAMS, {"workspace": workspace_id, "since": at, "since_id": since_id})
    try:
        held = leases.held(_people(workspace_id))
    except RedisError:
        held = None
    if answer.failed or held is None:
        return _unknown("streams", "Streams", answer)
    row = answer.first
    if row["stalls"]:
        verdict = warn("Stalls")
    else:
        verdict = WORKING if held else QUIET
    return _box(
        "streams",
        "Streams",
        answer,
        verdict,
        (f"{_n(held)} open", "now"),
        (f"{counted(row['stalls'], 'stall')}, {counted(row['reconnects'], 'reconnect')}", "in 1 h"),
    )


def queue(workspace_id: UUID) -> Box:
    answer = asking.put(QUEUE, {"workspace": workspace_id})
    try:
        waiting = sum(metrics.queue_lengths().values())
    except RedisError:
        waiting = None
    if answer.failed or waiting is None:
        return _unknown("queue", "Queue", answer)
    row = answer.first
    return _box(
        "queue",
        "Queue",
        answer,
        danger("Stuck") if row["oldest_s"] > STUCK_S else WORKING,
        (f"{_n(row['pending'])} pending", f"oldest {row['oldest_s']} s" if row["pending"] else "none waits"),
        (counted(waiting, "task"), "for a worker"),
    )


def database() -> Box:
    answer = asking.put(DATABASE, {})
    if answer.failed:
        return _unknown("database", "Database", answer)
    row = answer.first
    if row["used"] > row["most"] * NEARLY_FULL:
        verdict = warn("Nearly full")
    else:
        verdict = warn("Slow") if answer.ms > SLOW_PING_MS else WORKING
    return _box(
        "database",
        "Database",
        answer,
        verdict,
        (f"{answer.ms} ms", "to answer"),
        (f"{row['used']} of {row['most']}", "connections"),
    )


def providers(workspace_id: UUID) -> list[Box]:
    """One for each model provider that is set up or was asked."""
    at, since_id = asking.since(timedelta(minutes=15))
    answer = asking.put(PROVIDERS, {"workspace": workspace_id, "since": at, "since_id": since_id})
    if answer.failed:
        return [_unknown("provider", "Models", answer)]
    return [_provider(number, row, answer) for number, row in enumerate(answer.rows[:MOST_PROVIDERS])]


def _provider(number: int, row: dict, answer: Answer) -> Box:
    share = row["failed"] / row["n"] if row["n"] else 0.0
    if not row["n"]:
        verdict = QUIET
    elif share >= FAILING and row["failed"] > 1:
        verdict = danger("Failing")
    elif share >= ERRORS:
        verdict = warn("Errors")
    elif row["answered"] >= ENOUGH and row["p95_ms"] > SLOW_FIRST_TOKEN_MS:
        verdict = warn("Slow")
    else:
        verdict = WORKING
    return _box(
        f"provider-{number}",
        row["provider"],
        answer,
        verdict,
        (f"{_n(row['n'])} in 15 min", f"{share:.0%} failed"),
        ("first token", f"p95 {_time(row['p95_ms'], row['answered'])}"),
    )


def browser(workspace_id: UUID) -> Box:
    at, since_id = asking.since(timedelta(hours=1))
    answer = asking.put(BROWSER, {"workspace": workspace_id, "since": at, "since_id": since_id})
    if answer.failed:
        return _unknown("browser", "Browser", answer)
    row = answer.first
    return _box(
        "browser",
        "Browser",
        answer,
        warn("Errors") if row["errors"] else NONE_TOLD,
        (f"{_n(row['errors'])} in 1 h", f"{_n(row['kinds'])} different"),
        ("seen by", f"{_n(row['people'])} {'person' if row['people'] == 1 else 'people'}"),
    )


def _box(key: str, name: str, answer: Answer, verdict: Verdict, *figures: tuple[str, str]) -> Box:
    topic = key.split("-")[0]
    return Box(key, name, verdict, figures, answer.sql, topic, RUNBOOK[topic])


def _unknown(key: str, name: str, answer: Answer) -> Box:
    return _box(key, name, answer, UNKNOWN, ("Could not be asked", ""), ("", ""))


def _people(workspace_id: UUID) -> list[str]:
    """Whose streams are this workspace's: its members and its programs."""
    members = Membership.objects.for_workspace(workspace_id).values_list("user_id", flat=True)
    programs = (
        ApiToken.objects.for_workspace(workspace_id).filter(revoked_at=None).values_list("pk", flat=True)
    )
    return [str(one) for one in [*members, *programs]]


def _n(count: int) -> str:
    return f"{count:,}"


def counted(count: int, what: str) -> str:
    return f"{_n(count)} {what}" if count == 1 else f"{_n(count)} {what}s"


def _time(ms: float | None, n: int) -> str:
    """A percentile with what it is made of, where that is little."""
    if ms is None:
        return "—"
    words = f"{ms:.0f} ms" if ms < 1_000 else f"{ms / 1_000:.1f} s"
    return words if n >= ENOUGH else f"{words}, n {n}"
