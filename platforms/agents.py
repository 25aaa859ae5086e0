"""An agent as a platform can be given one: what we want it to be there, by names of our own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

# By our names, as they are or would be at the platform. None, where we say something: left as it is there.
Settings = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WantedTool:
    """One of an agent's tools. `runs`: at its own service, or by the platform itself."""

    name: str
    description: str
    parameters: Mapping[str, Any]  # JSON Schema
    runs: Literal["http", "end_call", "transfer_call"] = "http"
    method: str = "POST"
    url: str = ""
    timeout_ms: int = 10_000
    retries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`socket_url`: where we answer its calls. Empty: a model of the platform's does, and then it is told the
    prompt and all that is below it."""

    name: str
    voice: str
    language: str
    speed: float
    webhook_url: str
    socket_url: str
    prompt: str = ""
    first_message: str = ""  # empty: the caller speaks first
    temperature: float = 0.0
    variables: Mapping[str, str]
    tools: Sequence[WantedTool] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """A workspace's account at a platform."""

    api_key: str
    base_url: str = ""  # empty: the vendor's own
    # What guards our network from a typed address; made anew for each loop (platforms/rest.py has it).
    transport: Callable[[], Any] | None = None


@dataclass(frozen=True, slots=True)
class Ids:
    """What a platform calls an agent, and the model of its own that answers for it, if one does."""

    agent: str = ""
    llm: str = ""


@dataclass(frozen=True, slots=True)
class Voice:
    id: str
    name: str
    provider: str
    gender: str
    accent: str
    age: str
    preview_url: str


class Home(Protocol):
    """A platform that agents can be put on. All of these may raise PlatformError."""

    NAME: str

    def settings(self, wanted: Wanted, ids: Ids) -> Settings:
        """What would be put there. Raises Unpublishable."""
        ...

    async def make(self, account: Account, ids: Ids, settings: Settings) -> Ids:
        """Make what is not there yet; nobody is called by it until it is put."""
        ...

    async def put(self, account: Account, ids: Ids, settings: Settings, title: str) -> None:
        """Have the next calls made with these settings; what is None stays as it is there."""
        ...

    async def read(self, account: Account, ids: Ids) -> Settings:
        """What the next calls are made with."""
        ...

    async def voices(self, account: Account) -> list[Voice]: ...

    def differing(self, ours: Settings, theirs: Settings) -> list[str]:
        """The settings that are something else there than we have put."""
        ...
