"""Text as a model writes it: in pieces of words, each at its time."""

import asyncio
import random
import re
import time
from collections.abc import AsyncGenerator

from simulator.vendors.stats import Stats

# A word with the space before it; long words come in two pieces.
PIECE = re.compile(r"\s*\S+|\s+$")
LONG = 9


def pieces(text: str) -> list[str]:
    """Cut text into token-like pieces; joined they are the text again."""
    cut: list[str] = []
    for piece in PIECE.findall(text):
        if len(piece.strip()) > LONG:
            half = len(piece) - len(piece.strip()) // 2
            cut += [piece[:half], piece[half:]]
        else:
            cut.append(piece)
    return cut


def count(text: str) -> int:
    """About how many tokens a vendor would bill for a text."""
    return max(1, round(len(text) / 4)) if text else 0


class Pen:
    """Writes at a rate (tokens a second), with the small irregularity of a real model."""

    def __init__(
        self, rate: float, first_token: float, stats: Stats, chance: random.Random, stamp: bool
    ) -> None:
        self.rate = rate
        self.first_token = first_token
        self._stats = stats
        self._chance = chance
        self._stamp = stamp

    async def write(self, text: str, request_id: str) -> AsyncGenerator[str, None]:
        """The pieces of the text, each when it is due. With `stamp` each carries its own number ⟨n⟩."""
        due = time.monotonic()
        for piece in pieces(text):
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            number = self._stats.number()
            token = f"{piece}⟨{number}⟩" if self._stamp else piece
            self._stats.token(number, token, request_id)
            yield token
            due += self._chance.gammavariate(4, 0.25) / self.rate

    async def think(self, factor: float = 1.0) -> None:
        """The wait before the first token."""
        await asyncio.sleep(self.first_token * factor * self._chance.lognormvariate(0, 0.25))
