"""How long answers took, as counts in fixed buckets: the percentiles of any union come from their sums.

Buckets grow by a tenth from 100 ms to a minute. A percentile is told as the geometric middle of the bucket
it is in, so it is less than 5 % (`ERROR`) from the one that was measured; under 100 ms and over a minute it
is told as that.
"""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise

from calls.models import BUCKETS

FIRST_MS, LAST_MS = 100, 60_000
# Bucket n holds what is at least EDGES[n - 1] and less than EDGES[n]; the first and the last have one edge.
EDGES = tuple(round(FIRST_MS * (LAST_MS / FIRST_MS) ** (n / (BUCKETS - 2))) for n in range(BUCKETS - 1))
ERROR = max(math.sqrt((above - 1) / below) - 1 for below, above in pairwise(EDGES))
ENOUGH = 20  # answers or calls, of which a percentile or a share says something


def percentile(spread: Sequence[float], share: float) -> int | None:
    """The smallest time, in ms, that at least this share of answers did not exceed; None: there are none."""
    total = round(sum(spread))
    if not total:
        return None
    rank = max(1, math.ceil(round(share * total, 6)))
    found = next(n for n, upto in enumerate(accumulate(spread)) if upto >= rank)
    return _middle(found)


def bucket(ms: int) -> int:
    return sum(ms >= edge for edge in EDGES)


def _middle(found: int) -> int:
    if found == 0:
        return FIRST_MS
    if found == BUCKETS - 1:
        return LAST_MS
    return round(math.sqrt(EDGES[found - 1] * (EDGES[found] - 1)))
