"""What the model servers did: counted by model, and the time at which each token left."""

import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

TOKENS_KEPT = 20_000


@dataclass(slots=True)
class Counts:
    """Of one model. `aborted`: the client hung up first; `refused`: answered with an error."""

    requests: int = 0
    finished: int = 0
    aborted: int = 0
    refused: int = 0
    cut: int = 0
    open: int = 0
    tokens: int = 0
    prompt_tokens: int = 0


@dataclass(slots=True)
class Stats:
    models: dict[str, Counts] = field(default_factory=dict)
    # (number, text, wall clock in ns just before it was written, request id)
    sent: deque[tuple[int, str, int, str]] = field(default_factory=lambda: deque(maxlen=TOKENS_KEPT))
    numbered: int = 0

    def of(self, model: str) -> Counts:
        return self.models.setdefault(model, Counts())

    def number(self) -> int:
        self.numbered += 1
        return self.numbered

    def token(self, number: int, text: str, request_id: str) -> None:
        self.sent.append((number, text, time.time_ns(), request_id))

    def as_json(self) -> dict[str, Any]:
        total = Counts()
        for counts in self.models.values():
            for name, value in asdict(counts).items():
                setattr(total, name, getattr(total, name) + value)
        return {"total": asdict(total), "models": {name: asdict(one) for name, one in self.models.items()}}
