"""What tokens cost, and how many there were when the vendor never said."""

from dataclasses import dataclass, replace
from decimal import Decimal

from agents.llm.events import Usage
from agents.llm.request import Request

MILLION = Decimal(1_000_000)
EIGHT_PLACES = Decimal("0.00000001")
MOST_USD = Decimal(1_000_000) - EIGHT_PLACES  # that a record has room for
BYTES_PER_TOKEN = 4  # of UTF-8: about right for English, on the safe side for most other scripts


@dataclass(frozen=True, slots=True)
class Prices:
    """USD per million tokens. `cached` None: as much as the rest of the prompt."""

    tokens_in: Decimal
    tokens_out: Decimal
    cached: Decimal | None = None


def cost(usage: Usage, prices: Prices) -> Decimal:
    """USD, to eight places: from nothing to MOST_USD."""
    cached_price = prices.tokens_in if prices.cached is None else prices.cached
    fresh = usage.tokens_in - usage.tokens_cached
    total = (
        fresh * prices.tokens_in + usage.tokens_cached * cached_price + usage.tokens_out * prices.tokens_out
    )
    return min(max(total / MILLION, Decimal(0)), MOST_USD).quantize(EIGHT_PLACES)


def priced(usage: Usage, prices: Prices) -> Usage:
    return replace(usage, cost_usd=cost(usage, prices))


def tokens_of(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def prompt_tokens(request: Request) -> int:
    """Roughly, how long the prompt is."""
    parts = [request.system, request.notes, *(message.text for message in request.messages)]
    parts += [call.raw or str(call.arguments) for message in request.messages for call in message.tool_calls]
    parts += [f"{tool.name}{tool.description}{tool.parameters}" for tool in request.tools]
    return sum(map(tokens_of, parts))
