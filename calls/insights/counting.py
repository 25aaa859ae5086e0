"""Adding calls up: the SQL that makes the tallies of some hours from the calls that began in them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from calls.insights import spread
from calls.models import BUCKETS, PLAYGROUND, Call, CallQuerySet, Tally, TallyPart

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEY = "workspace_id, hour, agent_id, version_id, platform, channel"
SUMS = (
    "calls", "completed", "caller_hung_up", "agent_hung_up", "transferred", "not_connected", "failed",
    "contained", "escalated", "positive", "neutral", "negative", "moods", "mood_at_start", "mood_at_end",
    "duration_ms", "cost_usd", "tool_calls", "tool_failures", "answers", "spread",
)  # fmt: skip
# The same calls have the same id however often they are counted.
_TALLY = "md5(concat_ws('|', workspace_id, hour, {agent}, {version}, platform, channel))::uuid".format(
    agent="coalesce(agent_id::text, '')", version="coalesce(version_id::text, '')"
)

_TAKEN = f"""
WITH ended AS (
    SELECT *, date_trunc('hour', started_at, 'UTC') AS hour FROM calls_call
    WHERE workspace_id = %(workspace)s AND started_at >= %(since)s AND started_at < %(until)s
      AND ended_at IS NOT NULL AND platform <> %(playground)s
),
taken AS MATERIALIZED (
    SELECT id, {_TALLY} AS tally, {KEY}, outcome, transfer, alerts <> '[]' AS escalated, sentiment, cost_usd,
           greatest(0, extract(epoch FROM ended_at - started_at) * 1000)::bigint AS duration_ms
    FROM ended
),
spent AS MATERIALIZED (
    SELECT asked.call_id, asked.feature = 'embedding' AS is_embedding, asked.model,
           count(*) AS n, sum(asked.cost_usd) AS usd
    FROM agents_modelcall asked JOIN taken ON taken.id = asked.call_id
    WHERE asked.cost_usd > 0 GROUP BY 1, 2, 3
)
"""  # noqa: S608  of constants alone

_SPREAD = ", ".join(f"count(*) FILTER (WHERE bucket = {bucket})" for bucket in range(BUCKETS))

_TALLIES = f"""
{_TAKEN},
turns AS MATERIALIZED (
    SELECT taken.tally, turn.call_id, turn.n, turn.role, turn.mood, turn.tool_ok,
           width_bucket(turn.reply_ms, %(edges)s::int[]) AS bucket
    FROM calls_turn turn JOIN taken ON taken.id = turn.call_id
    WHERE turn.reply_ms IS NOT NULL OR turn.mood IS NOT NULL OR turn.tool_ok IS NOT NULL
),
spreads AS (
    SELECT tally, count(*) AS answers, ARRAY[{_SPREAD}]::int[]::vector AS spread
    FROM turns WHERE bucket IS NOT NULL GROUP BY tally
),
told AS (
    SELECT call_id,
           (array_agg(mood ORDER BY n) FILTER (WHERE mood IS NOT NULL))[1] AS mood_at_start,
           (array_agg(mood ORDER BY n DESC) FILTER (WHERE mood IS NOT NULL))[1] AS mood_at_end,
           count(*) FILTER (WHERE role = 'tool' AND tool_ok IS NOT NULL) AS tools,
           count(*) FILTER (WHERE role = 'tool' AND NOT tool_ok) AS tools_failed
    FROM turns GROUP BY call_id
),
cost AS (SELECT call_id, sum(usd) AS usd FROM spent GROUP BY call_id),
counted AS (
    SELECT tally, {KEY}, count(*) AS calls,
           count(*) FILTER (WHERE outcome = 'completed') AS completed,
           count(*) FILTER (WHERE outcome = 'caller_hung_up') AS caller_hung_up,
           count(*) FILTER (WHERE outcome = 'agent_hung_up') AS agent_hung_up,
           count(*) FILTER (WHERE outcome = 'transferred') AS transferred,
           count(*) FILTER (WHERE outcome = 'not_connected') AS not_connected,
           count(*) FILTER (WHERE outcome = 'failed') AS failed,
           count(*) FILTER (
               WHERE transfer = '' AND outcome NOT IN ('transferred', 'not_connected', 'failed')
           ) AS contained,
           count(*) FILTER (WHERE escalated) AS escalated,
           count(*) FILTER (WHERE sentiment = 'positive') AS positive,
           count(*) FILTER (WHERE sentiment = 'neutral') AS neutral,
           count(*) FILTER (WHERE sentiment = 'negative') AS negative,
           count(mood_at_start) AS moods,
           coalesce(sum(mood_at_start), 0) AS mood_at_start,
           coalesce(sum(mood_at_end), 0) AS mood_at_end,
           sum(duration_ms) AS duration_ms,
           sum(cost_usd + coalesce(usd, 0)) AS cost_usd,
           coalesce(sum(tools), 0) AS tool_calls,
           coalesce(sum(tools_failed), 0) AS tool_failures
    FROM taken LEFT JOIN told ON told.call_id = taken.id LEFT JOIN cost ON cost.call_id = taken.id
    GROUP BY tally, {KEY}
)
INSERT INTO calls_tally (
    id, created_at, hours, {KEY}, calls, completed, caller_hung_up, agent_hung_up, transferred, not_connected,
    failed, contained, escalated, positive, neutral, negative, moods, mood_at_start, mood_at_end,
    duration_ms, cost_usd, tool_calls, tool_failures, answers, spread
)
SELECT tally, now(), 1, {KEY}, calls, completed, caller_hung_up, agent_hung_up, transferred, not_connected,
       failed, contained, escalated, positive, neutral, negative, moods, mood_at_start, mood_at_end,
       duration_ms, cost_usd, tool_calls, tool_failures,
       coalesce(answers, 0), coalesce(spread, %(nothing)s::vector)
FROM counted LEFT JOIN spreads USING (tally)
"""  # noqa: S608

_PARTS = f"""
{_TAKEN},
counted AS (
    SELECT tally, 'platform' AS kind, platform AS name, count(*) AS n, 0 AS failed, sum(cost_usd) AS usd
    FROM taken WHERE cost_usd > 0 GROUP BY tally, platform
    UNION ALL
    SELECT tally, CASE WHEN is_embedding THEN 'embedding' ELSE 'model' END, model, sum(n), 0, sum(usd)
    FROM spent JOIN taken ON taken.id = spent.call_id GROUP BY tally, is_embedding, model
    UNION ALL
    SELECT tally, 'tool', tool_name, count(*), count(*) FILTER (WHERE NOT tool_ok), 0
    FROM calls_turn turn JOIN taken ON taken.id = turn.call_id
    WHERE turn.role = 'tool' AND tool_ok IS NOT NULL GROUP BY tally, tool_name
)
INSERT INTO calls_tallypart (id, created_at, hours, {KEY}, kind, name, n, failed, usd)
SELECT md5(concat_ws('|', tally, kind, name))::uuid, now(), 1, {KEY}, kind, name, n, failed, usd
FROM counted JOIN (SELECT DISTINCT tally, {KEY} FROM taken) keys USING (tally)
"""  # noqa: S608


# Days are the sums of their hours: a year is then asked of a twentieth of the rows.
_OF_DAYS = """
WITH hours AS (
    SELECT *, date_trunc('day', hour, 'UTC') AS day FROM {table}
    WHERE workspace_id = %(workspace)s AND hours = 1 AND hour >= %(since)s AND hour < %(until)s
)
INSERT INTO {table} (id, created_at, hours, workspace_id, hour, {key}, {sums})
SELECT md5(concat_ws('|', 24, workspace_id, day, coalesce(agent_id::text, ''), coalesce(version_id::text, ''),
                     {texts}))::uuid,
       now(), 24, workspace_id, day, {key}, {summed}
FROM hours GROUP BY workspace_id, day, {key}
"""


def _of_days(table: str, texts: tuple[str, ...], sums: tuple[str, ...]) -> str:
    """`texts` are what sums are of, beside agent and version; none of them is ever null."""
    return _OF_DAYS.format(
        table=table,
        key=", ".join(("agent_id", "version_id", *texts)),
        texts=", ".join(texts),
        sums=", ".join(sums),
        summed=", ".join(f"sum({one})" for one in sums),
    )


_TALLIES_OF_DAYS = _of_days("calls_tally", ("platform", "channel"), SUMS)
_PARTS_OF_DAYS = _of_days("calls_tallypart", ("platform", "channel", "kind", "name"), ("n", "failed", "usd"))


def count(workspace_id: UUID, since: datetime, until: datetime) -> int:
    """Make the tallies of the hours from `since` until before `until` anew, whole, and those of their days;
    answers how many calls of those hours there were. To be asked for in a transaction, one at a time in a
    workspace."""
    asked: dict[str, Any] = {
        "workspace": workspace_id,
        "since": since,
        "until": until,
        "playground": PLAYGROUND,
        "edges": list(spread.EDGES),
        "nothing": str([0] * BUCKETS),
    }
    for model in (Tally, TallyPart):
        _rows(model, 1, asked).delete()
    with connection.cursor() as cursor:
        cursor.execute(_TALLIES, asked)
        cursor.execute(_PARTS, asked)
    sum_days(workspace_id, since, until)
    return sum(_rows(Tally, 1, asked).values_list("calls", flat=True))


def sum_days(workspace_id: UUID, since: datetime, until: datetime) -> None:
    """Make the tallies of the days that these hours are in anew, from those of all their hours."""
    asked: dict[str, Any] = {
        "workspace": workspace_id,
        "since": day_of(since),
        "until": day_of(until - HOUR) + DAY,
    }
    for model in (Tally, TallyPart):
        _rows(model, 24, asked).delete()
    with connection.cursor() as cursor:
        cursor.execute(_TALLIES_OF_DAYS, asked)
        cursor.execute(_PARTS_OF_DAYS, asked)


def _rows(model: Any, hours: int, asked: dict[str, Any]) -> Any:
    return model.objects.filter(
        workspace_id=asked["workspace"], hours=hours, hour__gte=asked["since"], hour__lt=asked["until"]
    )


def day_of(hour: datetime) -> datetime:
    """The day of UTC it is in."""
    return hour.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def ended(workspace_id: UUID) -> CallQuerySet:
    """The calls that are counted."""
    return Call.objects.for_workspace(workspace_id).real().exclude(ended_at=None)
