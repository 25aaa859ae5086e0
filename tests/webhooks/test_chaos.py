"""Nothing acknowledged is ever lost: webhooks come in, in any order, while every process is killed at times.

EARSHOT_CHAOS_SEED repeats a storm as far as it can be repeated: what is sent, and what is killed when.
"""

import json
import os
import random
import time
from contextlib import closing

import psycopg
import pytest
from django.db import connection as calm_database

from tests.config.running import a_home, wait_for
from tests.webhooks.chaos import records
from tests.webhooks.chaos.histories import Post, histories, shuffled
from tests.webhooks.chaos.house import House
from tests.webhooks.chaos.prepare import prepare
from tests.webhooks.chaos.sender import Sender
from tests.webhooks.told import kept
from webhooks.services import apply_next

APPLIED_WITHIN_S = 30  # of the last restart
WAITING = """
SELECT count(*), count(*) FILTER (WHERE claimed_until > now()), count(*) FILTER (WHERE due_at > now())
FROM webhooks_delivery WHERE status = 'pending'
"""

pytestmark = pytest.mark.processes


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("EARSHOT_CHAOS_SEED") or random.SystemRandom().randrange(10**9))


def test_a_short_storm_loses_nothing(db, seed):
    # The worker first: what it had claimed is free again 20 s later, and the test waits for that.
    weather(seed, calls=10, posts=150, seconds=5, kills=["worker", "postgres", "web"])


@pytest.mark.soak
def test_a_long_storm_loses_nothing(db, seed):
    kills = ["web", "postgres", "worker", "redis"] * 5 + ["beat"] * 2
    random.Random(seed).shuffle(kills)
    weather(seed, calls=200, posts=5_000, seconds=150, kills=kills)


def weather(seed: int, *, calls: int, posts: int, seconds: float, kills: list[str]) -> None:
    """Send it all through a storm, and compare what stands with what a calm day makes of it."""
    rng = random.Random(seed)
    told = histories(seed, calls, posts)
    with a_home() as home:
        house = House(home)
        try:
            house.open()
            sender = Sender(house.url, house.secret, shuffled(seed, told, posts), seconds, seed)
            began = time.monotonic()
            sender.start()
            house.storm(kills, seconds, rng)
            sender.join(seconds + 180)
            assert not sender.is_alive()
            assert sender.failure is None, repr(sender.failure)
            sent = time.monotonic()
            left = drained(house)
            drain = time.monotonic() - sent
            with closing(psycopg.connect(house.database_url)) as line, line.cursor() as cursor:
                stored = records.deliveries(cursor)
                stormy = records.calls(cursor, dict)

            print(
                f"\nseed {seed}: {posts} deliveries ({len(sender.accepted)} distinct) of {calls} calls in"
                f" {sent - began:.0f} s, {dict(house.killed)} killed; answers {dict(sender.answers)},"
                f" slowest 200 {sender.slowest:.2f} s; {left}; all applied {drain:.1f} s after the last;"
                f" at most {stored.most_attempts} attempts"
            )
            assert sorted(stored.digests) == sorted(sender.accepted)
            assert stored.arrivals >= sender.accepted.total() == posts
            assert stored.status == {"applied": len(sender.accepted)}
            calm = calm_day(told)
            assert stormy.keys() == calm.keys()
            assert [(name, stormy[name]) for name in calm if stormy[name] != calm[name]] == []
            assert drain < APPLIED_WITHIN_S
            house.close()
        except BaseException:
            print(f"EARSHOT_CHAOS_SEED={seed} repeats it. Killed: {dict(house.killed)}.\n{house.tail()}")
            raise


def drained(house: House) -> str:
    """Wait until nothing is pending, and say what was. For longer than it may take: what is lost, and what is
    only late, are two things."""
    with psycopg.connect(house.database_url, autocommit=True) as line:
        waiting, claimed, later = line.execute(WAITING).fetchone()
        wait_for(lambda: line.execute(WAITING).fetchone()[0] == 0, 5 * APPLIED_WITHIN_S)
    return f"{waiting} were pending at the end, {claimed} of them claimed, {later} put off"


def calm_day(told: list[list[Post]]) -> dict[str, dict]:
    """What becomes of the same deliveries one call after the other, in order and once each."""
    connection = prepare()
    for history in told:
        for post in history:
            kept(connection, post.body)
        while apply_next():
            pass
    with calm_database.cursor() as cursor:
        return records.calls(cursor, json.loads)
