"""Calls as they stand in the record, made without anybody having to speak them."""

from datetime import UTC, datetime, timedelta

from agents.models import Agent
from calls.models import Call, Turn

BEGAN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
_count = 0


def make_call(agent: Agent, turns: list[dict] | None = None, *, ended: bool = True, **fields) -> Call:
    """A call of that agent, 20 s long unless told otherwise. Turns as `said` and `used` make them."""
    global _count
    _count += 1
    began = fields.setdefault("started_at", BEGAN)
    if ended:
        fields.setdefault("ended_at", began + timedelta(seconds=20))
        fields.setdefault("closed_at", fields["ended_at"])
        fields.setdefault("outcome", "completed")
    call = Call.objects.create(
        **{
            "workspace_id": agent.workspace_id,
            "platform": "retell",
            "platform_call_id": f"call_{_count}",
            "agent": agent,
            "version": agent.live_version,
            "level": "token",
            "from_number": "+447700900142",
            "turn_count": len(turns or []),
            **fields,
        }
    )
    for n, turn in enumerate(turns or [], 1):
        Turn.objects.create(workspace_id=agent.workspace_id, call=call, n=n, **turn)
    return call


def said(key: str, text: str, start_ms: int, end_ms: int, **fields) -> dict:
    role = "caller" if key.startswith("c") else "agent"
    return {"key": key, "role": role, "text": text, "start_ms": start_ms, "end_ms": end_ms, **fields}


def used(key: str, name: str, start_ms: int, end_ms: int, *, ok: bool = True, result: str = "done") -> dict:
    return {
        "key": key,
        "role": "tool",
        "tool_name": name,
        "tool_arguments": {"account": "L-20418"},
        "tool_ok": ok,
        "text": result,
        "start_ms": start_ms,
        "end_ms": end_ms,
    }


A_SHORT_CALL = [
    said("r0", "Larkfield Energy, how can I help?", 0, 2_000),
    said("c0", "I was charged <b>twice</b>.", 3_000, 5_000),
    used("x1", "billing.find_charges", 5_200, 6_100),
    said("r1", "I see two charges of £42.", 6_900, 9_000, reply_ms=1_900, model="sim-standard", fallback=1),
]
