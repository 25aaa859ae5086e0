"""Tools that rooms bring along: functions of ours a model may use, beside HTTP services.

A room registers its own when it starts (`AppConfig.ready`), under a name that an agent's version then names
like any other tool. Whom it works for it learns from the `ToolContext` only: what a model writes into
arguments comes, in the end, from a caller.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from agents.llm.request import ToolSpec

SECONDS = 5.0


class ToolFailed(Exception):
    """The tool gave no result. Says why, in words for the model."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """For whom a tool works. None of it can be said by a model."""

    workspace_id: UUID
    call_id: UUID | None = None  # of our record
    agent_id: UUID | None = None
    caller: str = ""  # the number of whoever the agent talks to; empty: not known
    platform_call_id: str = ""  # what the platform calls the call: services outside know it by that


Run = Callable[[ToolContext, dict[str, Any]], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Registered:
    spec: ToolSpec
    run: Run  # gives the result, or raises ToolFailed
    seconds: float


_registered: dict[str, Registered] = {}


def register(name: str, spec: ToolSpec, run: Run, *, seconds: float = SECONDS) -> None:
    """Offer a tool to the agents of every workspace. A name is given once; it outranks a workspace's own."""
    if name != spec.name or name in _registered:
        raise ValueError(f"The tool {name} cannot be registered: its name is not its own, or taken.")
    _registered[name] = Registered(spec, run, seconds)


def find(name: str) -> Registered | None:
    return _registered.get(name)


def registered() -> Mapping[str, Registered]:
    return MappingProxyType(_registered)
