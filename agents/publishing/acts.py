"""What people and programs have done with an agent at its platform, and why it could not be."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from agents.models import Agent
from agents.provision import Actor
from agents.publishing import drift, push
from agents.publishing.alone import HELD_S, Busy
from agents.publishing.rests import rest_of_account
from base.turns import one_at_a_time
from platforms.errors import PlatformError, Unpublishable

WAIT_S = 10.0  # for the one before, of the same account


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


def do(act: str, agent: Agent, by: Actor, wait_s: float = WAIT_S) -> Failure | None:
    """None: it is done. One at a time of each account: a platform that hangs holds up no more than that."""
    try:
        with one_at_a_time(f"publishing:act:{agent.connection_id or agent.pk}", HELD_S, wait_s) as ours:
            if not ours:
                raise Busy("Another agent of this connection is being seen to. Try again in a moment.")
            ACTS[act](agent, by)
            if act != "forget":
                rest_of_account(agent).end()  # it answers
    except (Unpublishable, drift.NoCopy, Busy) as error:
        return Failure(str(error), passing=False)
    except PlatformError as error:
        return Failure(f"{error}.".replace("..", "."), passing=True)
    except RedisError:
        return Failure("Redis is away. Try again in a moment.", passing=True)
    return None
