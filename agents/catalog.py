"""Models to begin with: what the vendors offer and charge, as of November 2026.

Only rows that are missing are made: prices, tiers and switches that somebody changed since stay changed.
Prices are USD per million tokens, from the vendors' price pages where they could be read (Anthropic's model
overviews, October 2026) and from published price trackers otherwise (OpenAI, September and October 2026).
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import Workspace
from agents.llm.pricing import Prices
from agents.models import LanguageModel, Provider, Tier

# Whoever is asked first within a tier. The simulator's models come last: they only play their part.
OPENAI_RANK, ANTHROPIC_RANK, SIMULATED_RANK = 0, 20, 100


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    tier: Tier
    prices: Prices
    context_tokens: int
    takes_temperature: bool = True
    timeout_ms: int = 8_000
    options: dict[str, Any] = field(default_factory=dict)


def usd(tokens_in: str, tokens_out: str, cached: str) -> Prices:
    return Prices(Decimal(tokens_in), Decimal(tokens_out), Decimal(cached))


# On the phone nobody waits for a model to think first, so thinking is off wherever a model allows it.
NO_REASONING = {"reasoning_effort": "none"}

OPENAI = (
    # Above 272,000 tokens of prompt the GPT-6 family costs twice as much, so that is where we stop.
    Entry("gpt-6-luna", Tier.FAST, usd("0.10", "0.50", "0.01"), context_tokens=272_000, options=NO_REASONING),
    Entry("gpt-4.1-mini", Tier.FAST, usd("0.40", "1.60", "0.10"), context_tokens=1_000_000),
    Entry("gpt-6-sol", Tier.STANDARD, usd("2", "10", "0.20"), context_tokens=272_000, options=NO_REASONING),
    Entry("gpt-4.1", Tier.STANDARD, usd("2", "8", "0.50"), context_tokens=1_000_000),
    Entry(
        "gpt-6-astra",
        Tier.PREMIUM,
        usd("10", "50", "1"),
        context_tokens=272_000,
        takes_temperature=False,
        timeout_ms=20_000,
    ),
)

ANTHROPIC = (
    Entry(
        "claude-haiku-5-5",
        Tier.FAST,
        usd("0.10", "0.50", "0.01"),
        context_tokens=100_000,  # it takes a million, at five times the price
        takes_temperature=False,
        options={"thinking": {"type": "disabled"}},
    ),
    Entry("claude-haiku-4-5", Tier.FAST, usd("1", "5", "0.10"), context_tokens=200_000),
    Entry(
        "claude-sonnet-5-5",
        Tier.STANDARD,
        usd("2", "10", "0.10"),
        context_tokens=1_000_000,
        takes_temperature=False,
        # Without this it thinks first, and hides what it says between two tools in its thoughts.
        options={"thinking": {"type": "between_tools"}},
    ),
    Entry(
        "claude-opus-5-5",
        Tier.PREMIUM,
        usd("4", "20", "0.20"),
        context_tokens=1_000_000,
        takes_temperature=False,
        timeout_ms=20_000,  # it always thinks first
        options={"output_config": {"effort": "low"}},
    ),
)

SIMULATED_OPENAI = (
    Entry("sim-fast", Tier.FAST, usd("0.40", "1.60", "0.10"), context_tokens=128_000),
    Entry("sim-standard", Tier.STANDARD, usd("2", "8", "0.50"), context_tokens=128_000),
)
SIMULATED_ANTHROPIC = (Entry("sim-claude", Tier.PREMIUM, usd("4", "20", "0.20"), context_tokens=200_000),)


def ensure_openai(workspace: Workspace, key: str, base_url: str = "") -> Provider:
    """OpenAI with its current models. `base_url` empty: OpenAI's own; another one ends in /v1."""
    return _ensure(workspace, "OpenAI", "openai", base_url, key, OPENAI, OPENAI_RANK)


def ensure_anthropic(workspace: Workspace, key: str, base_url: str = "") -> Provider:
    """Anthropic with its current models. `base_url` empty: Anthropic's own; another one has no /v1."""
    return _ensure(workspace, "Anthropic", "anthropic", base_url, key, ANTHROPIC, ANTHROPIC_RANK)


def ensure_simulated(workspace: Workspace, base_url: str) -> tuple[Provider, Provider]:
    """The simulator's model servers. `base_url`: the simulator's own, "http://127.0.0.1:8100"."""
    root = base_url.rstrip("/")
    openai = f"{root}/openai/v1"
    anthropic = f"{root}/anthropic"
    return (
        _ensure(workspace, "Simulator", "openai", openai, "sim", SIMULATED_OPENAI, SIMULATED_RANK),
        _ensure(
            workspace,
            "Simulator (Claude)",
            "anthropic",
            anthropic,
            "sim",
            SIMULATED_ANTHROPIC,
            SIMULATED_RANK,
        ),
    )


@transaction.atomic
def _ensure(
    workspace: Workspace, name: str, kind: str, base_url: str, key: str, entries: tuple[Entry, ...], rank: int
) -> Provider:
    provider, _ = Provider.objects.update_or_create(
        workspace=workspace, name=name, defaults={"kind": kind, "base_url": base_url, "api_key": key}
    )
    for position, entry in enumerate(entries):
        LanguageModel.objects.get_or_create(
            provider=provider,
            name=entry.name,
            defaults={
                "workspace": workspace,
                "tier": entry.tier,
                "rank": rank + position,
                "context_tokens": entry.context_tokens,
                "price_in": entry.prices.tokens_in,
                "price_out": entry.prices.tokens_out,
                "price_cached": entry.prices.cached,
                "takes_temperature": entry.takes_temperature,
                "timeout_ms": entry.timeout_ms,
                "options": entry.options,
            },
        )
    return provider
