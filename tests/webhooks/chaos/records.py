"""What a database holds of a connection's webhooks, in plain values: for any cursor of it."""

from dataclasses import dataclass, field
from typing import Any

# Ids, and when and how often something was written; who they are is told by other names below.
LEFT_OUT = (
    "id",
    "workspace_id",
    "connection_id",
    "agent_id",
    "version_id",
    "call_id",
    "created_at",
    "closed_at",
    "embedded_at",
    "embedded_by",
    "embed_after",
    "judged_at",
    "judge_after",
    "kept_at",
    "reply_p95_ms",
    "total_usd",
    "revision",
    "trace_id",
)
CALLS = """
SELECT call.platform_call_id,
  to_jsonb(call) - %(left_out)s::text[] || jsonb_build_object(
    'agent', agent.platform_agent_id,
    'closed', call.closed_at IS NOT NULL,
    'turns', (SELECT jsonb_agg(to_jsonb(turn) - %(left_out)s::text[] ORDER BY turn.n)
      FROM calls_turn turn WHERE turn.call_id = call.id),
    'facts', (SELECT jsonb_agg(jsonb_build_array(fact.source, fact.kind, fact.key) ORDER BY fact.key)
      FROM calls_event fact WHERE fact.call_id = call.id))
FROM calls_call call LEFT JOIN agents_agent agent ON agent.id = call.agent_id
"""
DELIVERIES = "SELECT digest, status, repeats, attempts FROM webhooks_delivery"


@dataclass(slots=True)
class Kept:
    """The deliveries, by what was made of them."""

    digests: list[str] = field(default_factory=list)
    status: dict[str, int] = field(default_factory=dict)
    arrivals: int = 0  # with repeats
    most_attempts: int = 0


def calls(cursor: Any, read) -> dict[str, dict]:
    """Every call with its turns and facts, by its id at the platform. `read` parses a column of JSON."""
    cursor.execute(CALLS, {"left_out": list(LEFT_OUT)})
    return {call_id: read(record) for call_id, record in cursor.fetchall()}


def deliveries(cursor: Any) -> Kept:
    kept = Kept()
    cursor.execute(DELIVERIES)
    for digest, status, repeats, attempts in cursor.fetchall():
        kept.digests.append(digest)
        kept.status[status] = kept.status.get(status, 0) + 1
        kept.arrivals += 1 + repeats
        kept.most_attempts = max(kept.most_attempts, attempts)
    return kept
