"""One at a time: who reads an agent at its platform while another puts it there would see drift in that."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from agents.models import Agent
from base.pool import leave_database
from base.turns import one_at_a_time
from platforms.errors import PlatformError

T = TypeVar("T")
WITHIN_S = 40.0  # all that a platform is asked for at one go
HELD_S = 120.0  # longer than anybody needs, for one that died: a read, a put, and a read


class Busy(Exception):
    """Somebody else is at it. The message says so to people."""


@contextmanager
def alone(agent: Agent, wait_s: float = 10.0) -> Iterator[None]:
    """Raises Busy if it is not our turn within `wait_s`."""
    with one_at_a_time(f"publishing:{agent.pk}", HELD_S, wait_s) as ours:
        if not ours:
            raise Busy("Somebody else is putting this agent on its platform, or reading it. Try again.")
        yield


def asked(question: Coroutine[Any, Any, T]) -> T:
    """What a platform answers, from a thread that has no event loop. Raises PlatformError."""
    leave_database()
    try:
        return asyncio.run(asyncio.wait_for(question, WITHIN_S))
    except TimeoutError as error:
        raise PlatformError("The platform took too long", retryable=True) from error
