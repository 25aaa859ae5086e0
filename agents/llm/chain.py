"""Which models may answer a request, in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from agents.llm.pricing import Prices
from agents.llm.providers.base import Endpoint, Model
from agents.models import LanguageModel, Tier

# The tier asked for, then the next cheaper one, then dearer ones: an outage must not multiply the bill.
FALLBACK: dict[str, tuple[str, ...]] = {
    Tier.FAST: (Tier.FAST, Tier.STANDARD, Tier.PREMIUM),
    Tier.STANDARD: (Tier.STANDARD, Tier.FAST, Tier.PREMIUM),
    Tier.PREMIUM: (Tier.PREMIUM, Tier.STANDARD, Tier.FAST),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may answer, with all that is needed to ask it."""

    model: Model
    provider: str
    tier: str
    prices: Prices


def load(workspace_id: UUID) -> tuple[Candidate, ...]:
    """The workspace's enabled models at enabled providers, lowest rank first. For a thread."""
    rows = (
        LanguageModel.objects.for_workspace(workspace_id)
        .filter(enabled=True, provider__enabled=True)
        .select_related("provider")
    )
    return tuple(_candidate(row) for row in rows)


def ordered(candidates: Sequence[Candidate], tier: str) -> list[Candidate]:
    """Those of the tier by rank, then the other tiers as fall-back."""
    return [
        candidate
        for wanted in FALLBACK.get(tier, FALLBACK[Tier.FAST])
        for candidate in candidates
        if candidate.tier == wanted
    ]


def _candidate(row: LanguageModel) -> Candidate:
    provider = row.provider
    return Candidate(
        model=Model(
            endpoint=Endpoint(provider.kind, provider.base_url, provider.api_key),
            name=row.name,
            seconds=row.timeout_ms / 1_000,
            takes_temperature=row.takes_temperature,
            options=row.options,
        ),
        provider=provider.name,
        tier=row.tier,
        prices=Prices(row.price_in, row.price_out, row.price_cached),
    )
