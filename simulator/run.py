"""The simulator as a program: read who to call, serve, place calls, stop when told."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.director import CROWD, MOST_LIVE, Director
from simulator.platform.mishaps import Mishaps
from simulator.platform.webhooks import Target
from simulator.world import SEED, TOKEN_RATE, World


class BadOption(Exception):
    """What is wrong, in one sentence for the terminal."""


@dataclass(frozen=True, slots=True)
class Options:
    """`first_run` None: serve only, place no calls. `rate` None: keep `crowd` calls live, or one more.

    `webhooks` is whether they are sent; `duplicates`, `reorder` and `late` are shares of them.
    """

    port: int = 0
    first_run: Path | None = None
    seed: int = SEED
    rate: float | None = None
    crowd: int = CROWD
    calls: int | None = None
    speed: float = 1.0
    token_rate: float = TOKEN_RATE
    faults: float = 0.0
    stamp: bool = False
    webhooks: bool = True
    duplicates: float = 0.0
    reorder: float = 0.0
    late: float = 0.0

    def check(self) -> None:
        for name, value, low, high in (
            ("--port", self.port, 0, 65535),
            ("--rate", 1 if self.rate is None else self.rate, 0.01, 6000),
            ("--crowd", self.crowd, 1, MOST_LIVE),
            ("--calls", 1 if self.calls is None else self.calls, 1, 1_000_000),
            ("--speed", self.speed, 0.1, 200),
            ("--token-rate", self.token_rate, 0.5, 10_000),
            ("--faults", self.faults, 0, 1),
            ("--duplicates", self.duplicates, 0, 1),
            ("--reorder", self.reorder, 0, 1),
            ("--late", self.late, 0, 1),
        ):
            if not low <= value <= high:
                raise BadOption(f"{name} must be between {low} and {high}, not {value}.")


def destinations(first_run: Path) -> dict[str, str]:
    """Agent name → llm_websocket_url, from the file the seed wrote. Raises BadOption."""
    try:
        found = {agent["name"]: agent["llm_websocket_url"] for agent in _read(first_run)["agents"]}
    except (ValueError, KeyError, TypeError):
        raise BadOption(
            f"{first_run} is not a first-run file: it needs agents with name and llm_websocket_url."
        ) from None
    if not found:
        raise BadOption(f"{first_run} names no agents to call.")
    return found


def targets(first_run: Path) -> list[Target]:
    """Who is told of calls: the file's connections to this platform, if it names any. Raises BadOption."""
    try:
        return [
            Target(connection["webhook_url"], connection["webhook_secret"])
            for connection in _read(first_run).get("connections", [])
            if connection["platform"] == "retell"
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadOption(
            f"{first_run} is not a first-run file: "
            "its connections need platform, webhook_url and webhook_secret."
        ) from None


def _read(first_run: Path) -> Any:
    try:
        return json.loads(first_run.read_text())
    except OSError as error:
        raise BadOption(
            f"Cannot read {first_run} ({error.strerror}): run `make run` first, or give --first-run FILE."
        ) from None


async def run(options: Options, say: Callable[[str], None], listening: socket.socket | None = None) -> None:
    """Serve and place calls until they are all over, or SIGTERM or SIGINT. Raises BadOption.

    `listening` is where, if it is open already; else it is opened at `options.port`.
    """
    options.check()
    to_call = destinations(options.first_run) if options.first_run else None
    to_tell = targets(options.first_run) if options.first_run and options.webhooks else []

    def told_now() -> list[Target]:
        try:
            return targets(options.first_run) if options.first_run else []
        except BadOption as problem:
            say(str(problem))
            return []

    world = World(
        seed=options.seed,
        speed=options.speed,
        port=options.port,
        listening=listening,
        token_rate=options.token_rate,
        faults=options.faults,
        stamp=options.stamp,
        webhooks=to_tell,
        mishaps=Mishaps(options.duplicates, options.reorder, options.late),
        say=say,
        renew=told_now,
        memory=options.first_run.with_name("simulated-platform.json") if options.first_run else None,
    )
    try:
        await world.__aenter__()
    except OSError as error:
        raise BadOption(f"Cannot listen on port {options.port}: {os.strerror(error.errno)}.") from None
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        say(f"The outside world is at {world.url}")
        await _play(world, to_call, options, stop, say)
    finally:
        await world.__aexit__()


async def _play(
    world: World,
    to_call: dict[str, str] | None,
    options: Options,
    stop: asyncio.Event,
    say: Callable[[str], None],
) -> None:
    work: set[asyncio.Task[Any]] = {asyncio.create_task(stop.wait())}
    if to_call is not None:
        director = Director(
            world, to_call, rate=options.rate, crowd=options.crowd, calls=options.calls, say=say
        )
        work.add(asyncio.create_task(_direct(world, director)))
    done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
    for task in work - done:
        task.cancel()
    await asyncio.gather(*work - done, return_exceptions=True)
    for task in done:
        task.result()
    say("Stopped." if stop.is_set() else "All calls are over.")


async def _direct(world: World, director: Director) -> None:
    await director.run()
    await world.settled()
