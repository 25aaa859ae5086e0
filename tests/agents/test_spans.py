"""Attempts at models and the use of tools, as a collector gets them."""

import pytest
from prometheus_client import REGISTRY

from agents.llm import spans, tools
from agents.models import ModelCall
from agents.registry import ToolContext
from base.ids import uuid7
from tests.collector import collecting, recording


@pytest.fixture
def collector():
    with collecting() as collector:
        yield collector


def attempt(**fields) -> ModelCall:
    known = {
        "feature": "voice",
        "provider": "Anthropic",
        "model": "m-spans",
        "tier": "fast",
        "duration_ms": 900,
    }
    return ModelCall(workspace_id=uuid7(), call_id=uuid7(), **(known | fields))


def measured(name: str) -> float:
    # In a process that has told of many models already, as "other".
    labels = dict(zip(("provider", "model"), spans.named("Anthropic", "m-spans"), strict=True))
    return REGISTRY.get_sample_value(f"earshot_{name}_count", labels) or 0


def test_an_attempt_is_told_as_the_conventions_have_it(collector):
    before = [measured(name) for name in ("stream_duration_ms", "stream_tokens_out")]
    row = attempt(
        first_token_ms=300, tokens_in=40, tokens_cached=10, tokens_out=7, finish="stop", cost_usd="0.5"
    )
    with recording(collector):
        spans.attempted(row)

    told = collector.one("chat m-spans")
    assert told.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "m-spans",
        "gen_ai.request.stream": True,
        "gen_ai.response.model": "m-spans",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.response.time_to_first_chunk": 0.3,
        "gen_ai.usage.input_tokens": 40,
        "gen_ai.usage.cache_read.input_tokens": 10,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.conversation.id": str(row.call_id),
        "earshot.model_call.id": str(row.pk),
        "earshot.feature": "voice",
        "earshot.tier": "fast",
        "earshot.attempt": 1,
        "earshot.cache_hit": False,
        "earshot.estimated": False,
        "earshot.cost_usd": 0.5,
    }
    assert told.seconds == pytest.approx(0.9, abs=0.001)
    assert [event["stream.event_type"] for _, event in told.events] == ["first-token", "finish"]
    assert [measured(name) for name in ("stream_duration_ms", "stream_tokens_out")] == [
        count + 1 for count in before
    ]


def test_a_failed_one_says_how_and_by_what_it_was_followed(collector):
    with recording(collector):
        spans.attempted(attempt(error_type="rate_limited", error_code="insufficient_quota", finish="error"))
        spans.attempted(attempt(cache_hit=True, fallback_from="other", finish="stop"))

    failed, given_again = collector.named("chat m-spans")
    assert failed.failed
    assert failed.attributes["error.type"] == "rate_limited"
    assert [event["stream.event_type"] for _, event in failed.events] == ["error"]
    assert "gen_ai.response.model" not in failed.attributes
    assert (given_again.attributes["earshot.cache_hit"], given_again.failed) == (True, False)


async def test_a_tool_that_there_is_not_has_no_name(collector):
    """It is a model's word, and a caller may have put it in its mouth."""
    call = ToolContext(workspace_id=uuid7(), call_id=uuid7(), agent_id=uuid7(), caller="")
    with recording(collector):
        result = await tools.run(call, "my name is Ines", None)

    assert not result.ok
    told = collector.one("execute_tool")
    assert told.failed
    assert b"Ines" not in told.words
