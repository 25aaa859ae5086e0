"""How the model providers do: by what became of the last attempts at them, and by who is left alone.

Nobody is asked anything to find out, so it costs nothing, and where no call was made nothing is known.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import time
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from agents.llm import chain, circuit
from observability import asking, sql
from observability.asking import Answer
from observability.boxes import ENOUGH, ERRORS, QUIET, SLOW_FIRST_TOKEN_MS, Verdict, danger, warn

SPAN = timedelta(minutes=15)
HEALTHY, DEGRADED, DOWN = "healthy", "degraded", "down"
VERDICTS = {
    HEALTHY: Verdict("Healthy", "check", "ok"),
    DEGRADED: warn("Degraded"),
    DOWN: danger("Down"),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the last quarter of an hour."""

    asked: int
    failed: int
    answered: int  # a first token came
    first_token_p50_ms: int | None
    first_token_p95_ms: int | None
    last_asked_at: datetime | None
    error_type: str  # of the last attempt that failed

    @property
    def share(self) -> float:
        return self.failed / self.asked if self.asked else 0.0

    @property
    def status(self) -> str:
        if self.failed > 1 and self.failed == self.asked:
            return DOWN
        slow = self.answered >= ENOUGH and (self.first_token_p95_ms or 0) > SLOW_FIRST_TOKEN_MS
        return DEGRADED if slow or self.share >= ERRORS else HEALTHY


class Judged:
    """What a provider and a model have in common: a status, and how the page says it."""

    figures: Figures

    @property
    def status(self) -> str:
        raise NotImplementedError

    @property
    def verdict(self) -> Verdict:
        """Healthy only if somebody asked: that nobody complained says nothing."""
        return QUIET if self.status == HEALTHY and not self.figures.asked else VERDICTS[self.status]

    @property
    def note(self) -> str:
        words = self.figures.error_type.replace("_", " ")
        return words if self.status != HEALTHY else ""


@dataclass(frozen=True)
class ModelHealth(Judged):
    name: str
    tier: str
    figures: Figures
    circuit: str  # "closed", "open" (it is left alone), "half-open" (one request tries it), "unknown"
    retry_in_ms: int | None = None  # of an open one
    why: str = ""  # it opened: an error type

    @property
    def status(self) -> str:
        if self.circuit == "open":
            return DOWN
        return DEGRADED if self.circuit == "half-open" else self.figures.status

    @property
    def note(self) -> str:
        why = self.why.replace("_", " ")
        if self.retry_in_ms is not None:
            return f"{why}, left alone for {self.retry_in_ms / 1_000:.0f} s"
        if self.circuit == "half-open":
            return f"{why}, tried again by one call"
        return "circuit unknown" if self.circuit == "unknown" else super().note


@dataclass(frozen=True)
class ProviderHealth(Judged):
    name: str
    kind: str
    figures: Figures
    models: tuple[ModelHealth, ...]

    @property
    def status(self) -> str:
        states = {model.status for model in self.models}
        if states == {DOWN}:
            return DOWN
        return DEGRADED if states != {HEALTHY} else self.figures.status


@dataclass(frozen=True, slots=True)
class Health:
    """`answer.failed`: nobody knows."""

    answer: Answer
    providers: tuple[ProviderHealth, ...]

    @property
    def status(self) -> str:
        """Down where nobody can answer: a workspace without models is, too."""
        states = {provider.status for provider in self.providers}
        if states <= {DOWN}:
            return DOWN
        return DEGRADED if states != {HEALTHY} else HEALTHY


def of(workspace_id: UUID) -> Health:
    """All enabled providers with enabled models. For a thread."""
    at, since_id = asking.since(SPAN)
    answer = asking.put(sql.MODELS, {"workspace": workspace_id, "since": at, "since_id": since_id})
    circuits = _circuits(workspace_id)
    # A provider's own row comes first, then its models'.
    totals = [row for row in answer.rows if row["model"] is None]
    return Health(
        answer,
        tuple(
            ProviderHealth(
                row["provider"],
                row["kind"],
                _figures(row),
                tuple(
                    _model(one, circuits)
                    for one in answer.rows
                    if one["provider"] == row["provider"] and one["model"] is not None
                ),
            )
            for row in totals
        ),
    )


def _circuits(workspace_id: UUID) -> dict[tuple[str, str], circuit.State] | None:
    """(provider, model) → what is amiss. None: Redis cannot be asked."""
    try:
        known = circuit.standing()
    except RedisError:
        return None
    return {
        (one.provider, one.model.name): known[one.circuit]
        for one in (chain.load(workspace_id) if known else ())
        if one.circuit in known
    }


def _model(row: dict[str, Any], circuits: dict[tuple[str, str], circuit.State] | None) -> ModelHealth:
    name, tier, figures = row["model"], row["tier"], _figures(row)
    if circuits is None:
        return ModelHealth(name, tier, figures, "unknown")
    state = circuits.get((row["provider"], name))
    stage = state.stage(time()) if state else "closed"
    if state is None or stage == "closed":
        return ModelHealth(name, tier, figures, "closed")
    left = round((state.until - time()) * 1_000) if stage == "open" else None
    return ModelHealth(name, tier, figures, stage, left, state.type)


def _figures(row: dict[str, Any]) -> Figures:
    return Figures(
        row["n"],
        row["failed"],
        row["answered"],
        row["p50_ms"],
        row["p95_ms"],
        row["last_at"],
        row["error_type"],
    )
