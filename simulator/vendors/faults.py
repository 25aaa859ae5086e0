"""How a model server may fail: asked for by the model's name, or by chance."""

import random

# By name: `sim-fast:429`. By chance: mostly before the first token, as vendors do.
KINDS = (
    "429",
    "429-bare",
    "quota",
    "529",
    "503",
    "500",
    "401",
    "404",
    "context",
    "window",
    "hang",
    "slow",
    "cut",
    "truncate",
    "error",
    "malformed",
    "stall",
    "empty",
    "refusal",
)
# These begin well, and end in the middle by our doing.
BROKEN_OFF = frozenset({"cut", "truncate", "error", "malformed"})
SAY_NOTHING = frozenset({"empty", "refusal"})
WINDOW = 1_000  # tokens of a prompt that `window` takes
BY_CHANCE = {"429": 4, "503": 3, "500": 2, "slow": 3, "cut": 1}
# The only model that fails by chance: the others are there to be fallen back to.
FRAGILE = "sim-fast"
SLOW_FACTOR = 8.0


class Faults:
    def __init__(self, rate: float, seed: int) -> None:
        self.rate = rate
        self._chance = random.Random(f"{seed}:faults")

    def of(self, model: str) -> tuple[str, str]:
        """(model without its suffix, the fault to show or "")."""
        name, _, asked = model.partition(":")
        if asked in KINDS:
            return name, asked
        if name == FRAGILE and self.rate and self._chance.random() < self.rate:
            return name, self._chance.choices(list(BY_CHANCE), list(BY_CHANCE.values()))[0]
        return name, ""
