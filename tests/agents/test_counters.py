"""What Redis is told of spending."""

from uuid import uuid4

from agents.llm.counters import Counter, Counters
from base.shared import Shared


async def test_what_nobody_can_read_is_passed_over():
    """Costs below nothing were written once, and every count stumbled over them."""
    shared = Shared(seconds=30.0)
    key = Counter(uuid4(), call_id=uuid4()).key
    try:
        await shared.client.zadd(f"{key}:costs", {"a:-5": 1, "b:7": 1})
        await shared.client.zadd(f"{key}:held", {"c:-5": 9e9, "d:3": 9e9})
        count = Counters(shared)._count

        assert await count(keys=[key], args=[100, 60, 60]) == [107, 3]
    finally:
        await shared.client.delete(key, f"{key}:costs", f"{key}:held")
        await shared.close()
