"""The models an agent may be answered by, with what each did for it in the last day."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Aggregate, Avg, Count, FloatField, Max, Q
from django.utils import timezone

from agents.llm.chain import FALLBACK
from agents.models import Agent, LanguageModel, ModelCall
from base.ids import first_uuid7

PERIOD = timedelta(days=1)


class _Median(Aggregate):
    template = "PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True, slots=True)
class Option:
    """One model as a row of the chain. Figures are None where it was not asked."""

    id: str
    name: str
    provider: str
    tier: str
    is_on: bool
    share: float | None = None  # of the agent's answers in the last day
    first_ms: int | None = None  # to its first word, median
    cost_usd: Decimal | None = None  # of an answer, mean
    answered_last: bool = False

    def told(self) -> dict[str, Any]:
        """For the browser, with the figures in words."""
        return {
            "id": self.id,
            "name": self.name,
            "provider": self.provider,
            "tier": self.tier,
            "on": self.is_on,
            "first": "—" if self.first_ms is None else f"{self.first_ms / 1_000:.2f} s",
            "cost": "—" if self.cost_usd is None else f"${self.cost_usd:.4f}",
            "share": "—" if self.share is None else _percent(self.share),
            "now": self.answered_last,
        }


def options(agent: Agent) -> list[Option]:
    """Every model of the workspace, by rank."""
    since = first_uuid7(round((timezone.now() - PERIOD).timestamp() * 1_000))
    rows = ModelCall.objects.for_workspace(agent.workspace_id).filter(
        agent=agent, id__gte=since, error_type=""
    )
    asked: dict[tuple[str, str], Any] = {
        (row["provider"], row["model"]): row
        for row in rows.order_by()
        .values("provider", "model")
        .annotate(
            n=Count("id"),
            first=_Median("first_token_ms", filter=Q(cache_hit=False)),
            cost=Avg("cost_usd"),
            last=Max("created_at"),
        )
    }
    total = sum(row["n"] for row in asked.values())
    last = max((row["last"] for row in asked.values()), default=None)
    models = LanguageModel.objects.for_workspace(agent.workspace_id).select_related("provider")
    return [_option(model, asked.get((model.provider.name, model.name)), total, last) for model in models]


def _option(model: LanguageModel, row: Any, total: int, last: Any) -> Option:
    option = Option(
        id=str(model.pk),
        name=model.name,
        provider=model.provider.name,
        tier=model.tier,
        is_on=model.enabled and model.provider.enabled,
    )
    if row is None:
        return option
    return replace(
        option,
        share=row["n"] / total,
        first_ms=None if row["first"] is None else int(row["first"]),
        cost_usd=row["cost"],
        answered_last=row["last"] == last,
    )


def in_order(every: list[Option], content: dict[str, Any]) -> list[Option]:
    """Those a version with this content asks, in order: its own chain, else the tier's."""
    if content["chain"]:
        known = {option.id: option for option in every}
        return [known[name] for name in content["chain"] if name in known]
    tiers = FALLBACK.get(content["tier"], ())
    return [option for tier in tiers for option in every if option.tier == tier and option.is_on]


def _percent(share: float) -> str:
    return "<1%" if 0 < share < 0.01 else f"{share:.0%}"
