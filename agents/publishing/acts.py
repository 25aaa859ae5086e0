"""What people and programs have done with an agent at its platform, and why it could not be."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from agents.models import Agent
from agents.provision import Actor
from agents.publishing import drift, push
from agents.publishing.alone import Busy
from platforms.errors import PlatformError, Unpublishable


@dataclass(frozen=True, slots=True)
class Failure:
    said: str  # for people
    passing: bool  # whether it is worth trying again as it is


ACTS: dict[str, Callable[[Agent, Actor], Any]] = {
    "push": push.push,
    "forget": push.forget,
    "check": lambda agent, by: drift.check(agent),
    "keep": drift.keep,
    "put-back": drift.put_back,
}


def do(act: str, agent: Agent, by: Actor) -> Failure | None:
    """None: it is done."""
    try:
        ACTS[act](agent, by)
    except (Unpublishable, drift.NoCopy, Busy) as error:
        return Failure(str(error), passing=False)
    except PlatformError as error:
        return Failure(f"{error}.".replace("..", "."), passing=True)
    except RedisError:
        return Failure("Redis is away. Try again in a moment.", passing=True)
    return None
