"""What the adapters share: where a model is, and reading one of its answers in time."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpcore2
import httpx2
from django.conf import settings

from agents.llm.errors import ProviderError, request_id_of
from agents.llm.events import Event, ToolCall, Usage
from agents.llm.providers import faults
from agents.llm.request import ToolSpec
from base import outward
from base.ids import uuid7
from platforms.clean import clean

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
# Long enough that the next turn of a conversation finds its connection still open.
LIMITS = httpx2.Limits(max_connections=1_000, max_keepalive_connections=100, keepalive_expiry=120)
# After the last of an answer only the token counts are missing: nobody waits long for those.
AFTERWARDS_SECONDS = 1.0
MOST_TOKENS = 2**31 - 1  # in any one count


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A vendor's API and our key to it."""

    kind: str  # "openai" or "anthropic"
    base_url: str  # empty: the vendor's own
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Model:
    endpoint: Endpoint
    name: str
    seconds: float  # to the first token, and between any two
    takes_temperature: bool = True
    options: dict[str, Any] = field(default_factory=dict, hash=False)  # sent along with every request


def network(endpoint: Endpoint) -> dict[str, Any]:
    """For the SDK's HTTP client. An address that somebody typed may not lead into our own network."""
    options: dict[str, Any] = {"limits": LIMITS, "follow_redirects": False}
    if endpoint.base_url:
        options["transport"] = outward.transport(httpx2, httpcore2, limits=LIMITS, also=settings.MODEL_HOSTS)
    return options


def timeouts(model: Model) -> httpx2.Timeout:
    """For the SDK: a net under `read`, which is stricter because it does not count pings."""
    return httpx2.Timeout(model.seconds + 1, connect=min(CONNECT_SECONDS, model.seconds))


class Answer(Protocol):
    """Puts the vendor's chunks together to our events."""

    alive: bool  # the chunk taken last said something (a ping says nothing)
    finished: bool  # the model has said why it stopped; nothing but counts may follow

    def take(self, chunk: Any) -> Iterable[Event]: ...

    def end(self) -> Iterable[Event]:
        """What is left to say. Raises ProviderError if the answer is not whole."""


async def read(
    opening: Awaitable[Any],
    answer: Answer,
    seconds: float,
    fault_of: Callable[[Exception], ProviderError],
    errors: tuple[type[Exception], ...],
) -> AsyncGenerator[Event, None]:
    """Yield the events of one answer; whatever goes wrong is a ProviderError.

    Closing this (or cancelling its reader) closes the vendor's HTTP stream at once.
    """
    stream: Any = None
    expected: tuple[type[Exception], ...] = (
        TimeoutError,
        httpx2.HTTPError,
        ValueError,
        RecursionError,
        *errors,
    )
    patience = Patience(seconds)
    try:
        stream = await patience.wait(opening)
        while (chunk := await patience.wait(anext(stream, None))) is not None:
            for event in answer.take(chunk):
                yield event
            if answer.finished:
                patience.renew(min(seconds, AFTERWARDS_SECONDS))
            elif answer.alive:
                patience.renew(seconds)
    except expected as error:
        # What breaks behind the end of an answer costs the counts, not the answer.
        if not answer.finished:
            raise _failure(error, fault_of, stream) from error
    finally:
        if stream is not None:
            await stream.close()
    for event in answer.end():
        yield event


def _failure(error: Exception, fault_of: Callable[[Exception], ProviderError], stream: Any) -> ProviderError:
    match error:
        case TimeoutError():
            failure = faults.fault("timeout")
        case httpx2.HTTPError():  # Anthropic's SDK lets these out once the stream is open
            failure = faults.of_transport(error)
        case ValueError() | RecursionError():  # what the SDKs' JSON and UTF-8 decoders say of a broken chunk
            failure = faults.fault("connection", code="malformed")
        case _:
            failure = fault_of(error)
    if stream is not None and not failure.request_id:
        headers = stream.response.headers
        failure.request_id = request_id_of(headers.get("x-request-id") or headers.get("request-id"))
    return failure


class Patience:
    """Waits for one thing after another, but not for ever. Pings do not renew it, tokens do."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self.renew(seconds)

    def renew(self, seconds: float) -> None:
        self._deadline = self._loop.time() + seconds

    async def wait(self, thing: Awaitable[Any]) -> Any:
        """The thing, or TimeoutError."""
        async with asyncio.timeout_at(self._deadline):
            return await thing


class ToolNames:
    """Vendors allow letters, digits, `_` and `-` in a tool's name; ours have dots."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self._ours = {self.theirs(tool.name): tool.name for tool in tools}

    @staticmethod
    def theirs(name: str) -> str:
        return re.sub(r"[^a-zA-Z0-9_-]", "_", name.replace(".", "__"))[:64]

    def ours(self, name: str) -> str:
        return self._ours.get(name) or name.replace("__", ".")


@dataclass(slots=True)
class ToolCallParts:
    """A tool call while its arguments still arrive."""

    id: str = ""
    name: str = ""
    raw: str = ""

    def whole(self, names: ToolNames) -> ToolCall:
        return ToolCall(
            id=clean(self.id) or f"call_{uuid7().hex}",
            name=clean(names.ours(self.name)),
            arguments=clean(arguments_of(self.raw)),
            raw=clean(self.raw),
        )


def arguments_of(raw: str) -> dict | None:
    """The arguments as an object; no text at all means none. None: this is not a JSON object."""
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def count_of(said: Any) -> int | None:
    """A vendor's count of tokens. None: it said nothing that could be one."""
    return min(said, MOST_TOKENS) if isinstance(said, int) and said >= 0 else None


def usage_of(prompt: int, cached: int, out: int, *, estimated: bool = False) -> Usage:
    """Counts as they can be: what was cached is part of the prompt, and nothing is beyond MOST_TOKENS."""
    prompt = min(prompt, MOST_TOKENS)
    return Usage(prompt, min(cached, prompt), min(out, MOST_TOKENS), estimated)


def schema_of(tool: ToolSpec) -> dict:
    return tool.parameters or {"type": "object", "properties": {}}
