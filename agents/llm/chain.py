"""Which models may answer a request, in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
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

# What a client of the chat may say in place of a tier.
COMPLEXITY: dict[str, str] = {"simple": Tier.FAST, "medium": Tier.STANDARD, "complex": Tier.PREMIUM}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may answer, with all that is needed to ask it."""

    model: Model
    provider: str
    tier: str
    prices: Prices
    id: str = ""  # of its row
    # Names its circuit. With another address or key it is another: an edit is tried at once.
    circuit: str = ""
    context_tokens: int = 128_000
    retries: int = 1  # of one request, before the next model is asked
    hedge_seconds: float | None = None  # a first token later than this has the next model asked as well


def load(workspace_id: UUID) -> tuple[Candidate, ...]:
    """The workspace's enabled models at enabled providers, lowest rank first. For a thread."""
    rows = (
        LanguageModel.objects.for_workspace(workspace_id)
        .filter(enabled=True, provider__enabled=True)
        .select_related("provider")
    )
    return tuple(candidate_of(row) for row in rows)


def tier_of(complexity: str) -> str:
    """The tier for a `simple`, `medium` or `complex` question. KeyError for anything else."""
    return COMPLEXITY[complexity]


def ordered(candidates: Sequence[Candidate], tier: str, provider: str = "") -> list[Candidate]:
    """Those of the tier by rank, then the other tiers as fall-back.

    Within each tier the models of the preferred provider come first.
    """
    chosen = []
    for wanted in FALLBACK.get(tier, FALLBACK[Tier.FAST]):
        level = [candidate for candidate in candidates if candidate.tier == wanted]
        chosen += sorted(level, key=lambda one: one.provider != provider) if provider else level
    return chosen


def explicit(candidates: Sequence[Candidate], chain: Sequence[str], *, frugal: bool) -> list[Candidate]:
    """Those that a chain names, in its order and nobody else: where it says who may answer, who else may is
    not ours to say. `frugal`: the cheaper tiers of it first."""
    there = {candidate.id: candidate for candidate in candidates}
    chosen = [there[name] for name in chain if name in there]
    return sorted(chosen, key=lambda one: FALLBACK[Tier.FAST].index(one.tier)) if frugal else chosen


def candidate_of(row: LanguageModel) -> Candidate:
    provider = row.provider
    address = f"{provider.kind} {provider.base_url} {provider.api_key}"
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
        id=str(row.pk),
        prices=Prices(row.price_in, row.price_out, row.price_cached),
        circuit=f"{row.pk.hex}.{sha256(address.encode()).hexdigest()[:8]}",
        context_tokens=row.context_tokens,
        retries=row.retries,
        hedge_seconds=None if row.hedge_ms is None else row.hedge_ms / 1_000,
    )
