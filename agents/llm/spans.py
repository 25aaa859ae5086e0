"""Attempts at models and the use of tools, as they look from outside: spans and histograms.

Spans are named as OpenTelemetry's conventions for generative AI have it. No words of a call are in either.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from agents.models import ModelCall
from base import meters, tracing

MS = (50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000)
TOKENS = (1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000)
DURATION = meters.histogram(
    "stream_duration_ms", "From asking a model to the last of its stream.", MS, "provider", "model"
)
TOKENS_OUT = meters.histogram(
    "stream_tokens_out", "Tokens of one answer of a model.", TOKENS, "provider", "model"
)
FIRST_TOKEN = meters.seconds(
    "model_first_token_seconds", "From asking to the first token.", "provider", "model"
)
# A provider and a model: admins of workspaces name them.
named = meters.Few(100)
# What the conventions call those who are known by name there. Others go by the name they have here.
_KNOWN = {"openai": "openai", "anthropic": "anthropic", "google": "gcp.gemini", "gemini": "gcp.gemini"}


def attempted(row: ModelCall) -> None:
    """An attempt is over: told by its record, once, so that nothing is told while tokens pass."""
    if not row.cache_hit:
        names = named(row.provider, row.model)
        DURATION.labels(*names).observe(row.duration_ms)
        TOKENS_OUT.labels(*names).observe(row.tokens_out)
        if row.first_token_ms is not None:
            FIRST_TOKEN.labels(*names).observe(row.first_token_ms / 1000)
    if tracing.recording():
        tracing.past(
            f"chat {row.model}",
            row.duration_ms / 1000,
            _attributes(row),
            "client",
            events=_events(row),
            error=row.error_type,
        )


def _attributes(row: ModelCall) -> tracing.Attributes:
    first = row.first_token_ms
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _KNOWN.get(row.provider.lower(), row.provider),
        "gen_ai.request.model": row.model,
        "gen_ai.request.stream": True,
        "gen_ai.response.model": row.model if first is not None else None,
        "gen_ai.response.finish_reasons": [row.finish] if row.finish else None,
        "gen_ai.response.time_to_first_chunk": None if first is None else first / 1000,
        "gen_ai.usage.input_tokens": row.tokens_in,
        "gen_ai.usage.cache_read.input_tokens": row.tokens_cached,
        "gen_ai.usage.output_tokens": row.tokens_out,
        "gen_ai.agent.id": str(row.agent_id or ""),
        "gen_ai.conversation.id": str(row.call_id or ""),
        "earshot.model_call.id": str(row.pk),
        "earshot.feature": row.feature,
        "earshot.tier": row.tier,
        "earshot.attempt": row.attempt,
        "earshot.fallback_from": row.fallback_from,
        "earshot.cache_hit": row.cache_hit,
        "earshot.estimated": row.estimated,
        "earshot.cost_usd": float(row.cost_usd),
        "earshot.error_code": row.error_code,
    }


def _events(row: ModelCall) -> list[tuple[float, str, tracing.Attributes]]:
    """One for each type of event that the stream had: its first token, and what ended it."""
    events: list[tuple[float, str, tracing.Attributes]] = []
    if row.first_token_ms is not None:
        events.append((row.first_token_ms / 1000, "stream", {"stream.event_type": "first-token"}))
    ended = {
        "stream.event_type": "error" if row.error_type else "finish",
        "gen_ai.usage.output_tokens": row.tokens_out,
    }
    return [*events, (row.duration_ms / 1000, "stream", ended)]


def executes_tool(run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Around `run(call, name, arguments)`, which answers something with an `ok`."""

    @wraps(run)
    async def traced(call: Any, name: str, arguments: Any) -> Any:
        told = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.type": "function",
            "gen_ai.conversation.id": str(call.call_id or ""),
        }
        with tracing.span("execute_tool", told) as span:
            result = await run(call, name, arguments)
            if not result.ok:
                span.fail("tool_failed")
            return result

    return traced


def found_tool(name: str) -> None:
    """There is such a tool. Until then its name is a model's word, and a caller may have put it there."""
    span = tracing.current()
    span.rename(f"execute_tool {name}")
    span.set({"gen_ai.tool.name": name})
