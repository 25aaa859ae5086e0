"""The page of insights over a year: how long its report takes of tallies as many calls would leave.

`fill` writes a year of tallies as they would be for a million calls (24 a night's hour to 200 at noon, by
agent, version, platform and channel); `took` asks for what the page shows of twelve months and of the
twelve before. With the calls themselves there, `calls.insights.tallies.rebuild` makes the tallies instead.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.http import QueryDict

from calls.insights import counting, tables
from calls.insights.asked import Asked
from calls.insights.report import report
from calls.models import BUCKETS

_KEYS = """
    SELECT hour, agent.id AS agent_id, version.id AS version_id, platform, channel,
           greatest(1, round((1 + sin((extract(hour FROM hour) - 6) / 24 * 2 * pi())) * %(calls)s
                             * (0.4 + random())))::int AS calls
    FROM generate_series(date_trunc('hour', now()) - make_interval(hours => %(hours)s), now(), '1 hour') hour
    CROSS JOIN agents_agentversion version JOIN agents_agent agent ON agent.id = version.agent_id
    CROSS JOIN unnest(ARRAY['retell', 'vapi']) platform CROSS JOIN unnest(ARRAY['phone', 'web']) channel
    WHERE version.id = ANY(%(versions)s)
"""
_TALLIES = f"""
INSERT INTO calls_tally (
    id, created_at, hours, workspace_id, hour, agent_id, version_id, platform, channel, calls, completed,
    caller_hung_up, agent_hung_up, transferred, not_connected, failed, contained, escalated, positive,
    neutral, negative, moods, mood_at_start, mood_at_end, duration_ms, answers, spread, cost_usd, tool_calls,
    tool_failures
)
SELECT gen_random_uuid(), now(), 1, %(workspace)s, hour, agent_id, version_id, platform, channel, calls,
       calls - calls / 3 - calls / 8 - calls / 20, calls / 3, 0, calls / 8, calls / 40,
       calls / 20 - calls / 40, calls - calls / 8 - calls / 20, calls / 7, calls / 2, calls / 3,
       calls - calls / 2 - calls / 3, calls,
       calls * (random() - 0.7), calls * (random() - 0.3), calls * 180000, calls * 16,
       (SELECT array_agg(round(calls * 16 * exp(-((n - %(middle)s - random() * 4) ^ 2) / 40) / 11))
        FROM generate_series(0, %(buckets)s - 1) n)::vector,
       calls * 0.21, calls * 2, (calls * random() * 0.2)::int
FROM ({_KEYS}) keys
"""
_PARTS = f"""
INSERT INTO calls_tallypart (
    id, created_at, hours, workspace_id, hour, agent_id, version_id, platform, channel, kind, name, n, failed,
    usd
)
SELECT gen_random_uuid(), now(), 1, %(workspace)s, hour, agent_id, version_id, platform, channel, kind, name,
       calls, CASE kind WHEN 'tool' THEN calls * random() * 0.3 ELSE 0 END,
       CASE kind WHEN 'tool' THEN 0 ELSE calls * usd END
FROM ({_KEYS}) keys CROSS JOIN (VALUES
    ('platform', 'retell', 0.14), ('model', 'sim-standard', 0.05), ('model', 'sim-fast', 0.02),
    ('tool', 'billing.find_charges', 0), ('tool', 'refund.create', 0)
) part (kind, name, usd)
"""


def fill(workspace_id: UUID, versions: Sequence[UUID], *, hours: int = 2 * 8_760, calls: float = 5.0) -> int:
    """Write the tallies, four for each version and hour, and answer how many there are of the workspace."""
    asked = {
        "workspace": workspace_id,
        "versions": list(versions),
        "hours": hours,
        "calls": calls,
        "buckets": BUCKETS,
        "middle": 26,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TALLIES, asked)
        cursor.execute(_PARTS, asked)
        now = datetime.now(UTC)
        counting.sum_days(workspace_id, now - timedelta(hours=hours + 1), now + timedelta(hours=1))
        cursor.execute("ANALYZE calls_tally, calls_tallypart")
        cursor.execute("SELECT count(*) FROM calls_tally WHERE workspace_id = %s", [workspace_id])
        return cursor.fetchone()[0]


def took(workspace_id: UUID, query: str = "when=12m", times: int = 5) -> list[float]:
    """How many seconds each time the page's numbers took, drawn but for the template."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        told = report(workspace_id, Asked.of(QueryDict(query), "Europe/London"))
        tables.shown(told)
        tables.versions(told)
        tables.figures(told)
        found.append(time.perf_counter() - began)
    return found
