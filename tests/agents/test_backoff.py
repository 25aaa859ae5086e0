import pytest

from agents.llm.backoff import BASE_SECONDS, PATIENCE_SECONDS, SHORT_SECONDS, pause
from agents.llm.errors import ProviderError


def error(type="overloaded", *, retry_after=None, retryable=True) -> ProviderError:
    return ProviderError(type, retryable=retryable, falls_through=True, retry_after=retry_after)


def waits(failure, *, tries=1, retries=3, took=0.1, elapsed=0.1, last=False) -> float | None:
    return pause(failure, tries=tries, retries=retries, took=took, elapsed=elapsed, last=last)


def test_pauses_grow_and_differ_by_chance():
    first = [waits(error()) for _ in range(50)]
    second = [waits(error(), tries=2) for _ in range(50)]

    assert all(BASE_SECONDS / 2 <= pause <= BASE_SECONDS for pause in first)
    assert all(BASE_SECONDS <= pause <= 2 * BASE_SECONDS for pause in second)
    assert len(set(first)) > 25


@pytest.mark.parametrize(
    ("failure", "asked", "again"),
    [
        (error(), {"tries": 2, "retries": 1}, False),  # it has had its retry
        (error(), {"retries": 0}, False),
        (error("auth", retryable=False), {}, False),
        (error(), {"elapsed": PATIENCE_SECONDS}, False),  # the caller has waited long enough
        (error("timeout"), {"took": 8.0, "elapsed": 8.0}, False),
        (error(), {}, True),
    ],
)
def test_it_asks_again_only_where_that_may_help_in_time(failure, asked, again):
    assert (waits(failure, **asked) is not None) == again


def test_it_never_comes_back_sooner_than_the_vendor_asks_for():
    for _ in range(50):
        assert 0.2 <= waits(error(retry_after=0.2)) <= 0.2 + BASE_SECONDS


def test_nobody_waits_for_one_model_while_another_is_free():
    assert waits(error(retry_after=1.0)) is None
    assert waits(error(retry_after=1.0), last=True) >= 1.0
    assert waits(error(retry_after=PATIENCE_SECONDS), last=True) is None
    assert all(waits(error(), tries=n, retries=9) is None for n in range(4, 9))
    assert SHORT_SECONDS < 2**3 * BASE_SECONDS / 2


def test_a_connection_that_broke_early_is_made_anew_at_once():
    assert waits(error("connection")) == 0
    assert waits(error("connection"), tries=2) > 0
    assert waits(error("connection"), took=1.5, elapsed=1.5) > 0
