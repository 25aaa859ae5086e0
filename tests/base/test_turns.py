"""One at a time: whoever is slow, dies or comes second."""

from contextlib import ExitStack

from django.conf import settings
from redis import Redis

from base.turns import one_at_a_time


def test_the_second_has_no_turn_until_the_first_is_through():
    with one_at_a_time("x", 60) as first, one_at_a_time("x", 60) as second, one_at_a_time("y", 60) as other:
        assert first
        assert second is None
        assert other
    with one_at_a_time("x", 60) as third:
        assert third


def test_who_waits_has_the_turn_of_one_that_died():
    with ExitStack() as died:
        died.enter_context(one_at_a_time("x", 0.3))
        with one_at_a_time("x", 60, wait_s=5) as ours:
            assert ours


def test_who_was_slow_does_not_let_a_third_in_beside_the_second():
    with Redis.from_url(settings.REDIS_URL) as redis, ExitStack() as slow:
        first = slow.enter_context(one_at_a_time("x", 60))
        redis.delete("x")  # it ran out
        with one_at_a_time("x", 60) as second:
            assert second
            assert not first.goes_on()
            slow.close()
            assert second.goes_on()
