"""What goes wrong, when: derived from a seed."""

import asyncio
import random
import signal
from pathlib import Path

from redis.asyncio import Redis

from tests.streaming.churn.house import House
from tests.streaming.running import OwnRedis

# Those that make the log forget, or doubt, what readers have seen: each is one reset.
LOSSES = ("redis restarted", "redis emptied", "redis flushed", "redis rolled back")
ALL = (*LOSSES, "redis stalled", "redis deaf", "web killed", "web stopped")
ONE_EVERY_S = 6.0
NOTICED_WITHIN_S = 60.0  # on a slow machine; every process compares its topics with the log every 3 s


class Faults:
    """Brings them about, one after the other."""

    def __init__(self, house: House, redis: OwnRedis, chance: random.Random) -> None:
        self.done: list[str] = []
        self._house, self._redis, self._chance = house, redis, chance
        self._losses = 0
        self._settled = 0
        self._loop = asyncio.get_running_loop()

    @property
    def losses(self) -> int:
        """How often the log has lost something, this moment's included."""
        return self._losses

    @property
    def settled(self) -> int:
        """How many of them every process has noticed."""
        return self._settled

    async def run(self, seconds: float, spared: int | None = None) -> None:
        """Each of them, in any order and as often as there is time, at least once; the web process `spared`
        lives."""
        plan = list(ALL) * max(1, round(seconds / len(ALL) / ONE_EVERY_S))
        self._chance.shuffle(plan)
        began = self._loop.time()
        for place, what in enumerate(plan):
            due = began + seconds * (place + self._chance.uniform(0, 0.5)) / len(plan)
            await asyncio.sleep(due - self._loop.time())
            await self._bring_about(what, spared)
            self.done.append(what)

    async def _bring_about(self, what: str, spared: int | None) -> None:
        if what in LOSSES:
            self._losses += 1
        match what:
            case "redis restarted":
                await self._restart(self._chance.choice((signal.SIGKILL, signal.SIGTERM)))
            case "redis emptied":
                await self._restart(signal.SIGKILL, empty)
            case "redis rolled back":
                await self._restart(signal.SIGKILL, roll_back)
            case "redis flushed":
                await self._ask("FLUSHALL")
            case "redis deaf":
                await self._ask("CLIENT", "KILL", "TYPE", "pubsub")
            case "redis stalled":
                self._redis.pause()
                await asyncio.sleep(self._chance.uniform(0.2, 3))
                self._redis.resume()
            case "web killed" | "web stopped":
                how = signal.SIGKILL if what == "web killed" else signal.SIGTERM
                webs = [place for place in range(len(self._house.webs)) if place != spared]
                await self._house.kill(self._chance.choice(webs), how, self._chance.uniform(0, 1))
        if what in LOSSES:
            self._loop.call_later(NOTICED_WITHIN_S, self._settle)

    def _settle(self) -> None:
        self._settled += 1

    async def _restart(self, how: signal.Signals, meanwhile=lambda folder: None) -> None:
        away = self._chance.uniform(0, 1)
        await asyncio.to_thread(self._redis.stop if how == signal.SIGTERM else self._redis.kill)
        meanwhile(self._redis.home)
        await asyncio.sleep(away)
        await asyncio.to_thread(self._redis.start)

    async def _ask(self, *command: str) -> None:
        async with Redis.from_url(self._redis.url) as client:
            await client.execute_command(*command)


def empty(home: Path) -> None:
    for file in _kept(home):
        file.unlink()


def roll_back(home: Path) -> None:
    """As after a crash: the last second was never written, and perhaps half a command was."""
    newest = max(_kept(home), key=lambda file: (file.stat().st_mtime, file.stat().st_size))
    size = newest.stat().st_size
    with newest.open("r+b") as file:
        file.truncate(max(0, size - 20_000))


def _kept(home: Path) -> list[Path]:
    return [file for file in home.rglob("appendonly*") if file.is_file()]
