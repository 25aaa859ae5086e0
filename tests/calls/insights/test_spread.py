"""Percentiles out of sums: how far they may be from what was measured."""

import math

from hypothesis import given
from hypothesis import strategies as st

from calls.insights import spread
from calls.insights.spread import EDGES, ERROR, FIRST_MS, LAST_MS, bucket, percentile
from calls.models import BUCKETS

TIMES = st.lists(st.integers(0, 120_000), min_size=1, max_size=300)
SHARES = st.sampled_from([0.5, 0.9, 0.95, 0.99])


def spread_of(*times: list[int]) -> list[int]:
    counts = [0] * BUCKETS
    for ms in (one for some in times for one in some):
        counts[bucket(ms)] += 1
    return counts


def measured(times: list[int], share: float) -> int:
    """PostgreSQL's percentile_disc: the smallest that so many do not exceed."""
    return sorted(times)[max(1, math.ceil(round(share * len(times), 6))) - 1]


@given(TIMES, SHARES)
def test_it_is_within_the_bound_that_is_stated(times, share):
    true, told = measured(times, share), percentile(spread_of(times), share)

    if true < FIRST_MS:
        assert told == FIRST_MS
    elif true >= LAST_MS:
        assert told == LAST_MS
    else:
        assert abs(told - true) <= ERROR * true + 0.5  # it is a whole millisecond


@given(TIMES, TIMES, SHARES)
def test_the_sum_of_two_spreads_is_that_of_the_union(some, others, share):
    added = [one + other for one, other in zip(spread_of(some), spread_of(others), strict=True)]

    assert percentile(added, share) == percentile(spread_of(some + others), share)


def test_the_bound_is_less_than_a_twentieth():
    assert ERROR < 0.05
    assert list(EDGES) == sorted(set(EDGES))
    assert (EDGES[0], EDGES[-1], len(EDGES)) == (FIRST_MS, LAST_MS, BUCKETS - 1)


def test_of_nothing_there_is_none():
    assert spread.percentile([0] * BUCKETS, 0.95) is None
