"""Anthropic's messages, and servers that speak like them."""

import json
from collections.abc import AsyncGenerator, Iterator
from typing import Any

from anthropic import AnthropicError, APIConnectionError, APIStatusError, APITimeoutError, AsyncAnthropic
from anthropic import DefaultAsyncHttpxClient as HttpClient

from agents.llm.errors import ProviderError
from agents.llm.events import Event, Finish, FinishReason, TextDelta, Usage
from agents.llm.providers import base, faults
from agents.llm.request import Message, Request, told
from platforms.clean import clean

BASE_URL = "https://api.anthropic.com"

FINISH: dict[str, FinishReason] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
}

# A conversation must begin with the user and end with one; on the phone the agent often speaks first,
# and again when nobody answers.
CONNECTED = "(The call is connected.)"
SILENCE = "(Silence.)"


def connect(endpoint: base.Endpoint) -> AsyncAnthropic:
    """A client with its own connections. Slow (certificates): not for the event loop's thread."""
    client = AsyncAnthropic(
        # Never left empty: the SDK would look into our environment, which is not this workspace's.
        api_key=endpoint.api_key or "none",
        base_url=endpoint.base_url or BASE_URL,
        max_retries=0,
        http_client=HttpClient(**base.network(endpoint)),
    )
    _ = client.messages  # imported on first use by the SDK
    return client


def stream(client: AsyncAnthropic, request: Request, model: base.Model) -> AsyncGenerator[Event, None]:
    names = base.ToolNames(request.tools)
    opening = client.messages.create(**_body(request, model), timeout=base.timeouts(model))
    return base.read(opening, _Answer(names), model.seconds, _fault_of, (AnthropicError,))


def _body(request: Request, model: base.Model) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": model.name,
        "messages": _messages(request),
        "max_tokens": request.max_tokens,
        "stream": True,
    }
    if request.system:
        body["system"] = request.system
    if request.tools:
        body["tools"] = [
            {
                "name": base.ToolNames.theirs(tool.name),
                "description": tool.description,
                "input_schema": base.schema_of(tool),
            }
            for tool in request.tools
        ]
    extra = dict(model.options)
    if request.temperature is not None and model.takes_temperature:
        # The SDK has no argument for it any more, because the newest models refuse it.
        extra["temperature"] = min(request.temperature, 1.0)
    if extra:
        body["extra_body"] = extra
    return body


def _messages(request: Request) -> list[dict[str, Any]]:
    """Content blocks, one message per speaker in turn: results of tools are said by the user."""
    said: list[dict[str, Any]] = []
    for message in told(request):
        role = "assistant" if message.role == "assistant" else "user"
        if said and said[-1]["role"] == role:
            said[-1]["content"] += _blocks(message)
        else:
            said.append({"role": role, "content": _blocks(message)})
    if not said or said[0]["role"] != "user":
        said.insert(0, {"role": "user", "content": [{"type": "text", "text": CONNECTED}]})
    if said[-1]["role"] != "user":
        said.append({"role": "user", "content": [{"type": "text", "text": SILENCE}]})
    return said


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [{"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.text}]
    # Text that is empty, or of an assistant and ends in white space, is refused.
    text = message.text.rstrip() if message.role == "assistant" else message.text
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text.strip() else []
    for call in message.tool_calls:
        name = base.ToolNames.theirs(call.name)
        blocks.append({"type": "tool_use", "id": call.id, "name": name, "input": call.arguments or {}})
    return blocks


class _Answer:
    def __init__(self, names: base.ToolNames) -> None:
        self.alive = False
        self.finished = False
        self._names = names
        self._calls: dict[int, base.ToolCallParts] = {}  # by content block
        self._called = False
        self._reason = ""
        self._fresh = self._cached = self._written = self._out = 0
        self._counted = False  # the prompt at least

    def take(self, event: Any) -> Iterator[Event]:
        self.alive = True
        match event.type:
            case "message_start":
                self.alive = False
                self._count(event.message.usage)
                # A cancelled answer never says more than this; the router counts the rest itself.
                yield self._usage(estimated=True)
            case "content_block_start":
                yield from self._open(event.index, event.content_block)
            case "content_block_delta":
                yield from self._add(event.index, event.delta)
            case "content_block_stop" if event.index in self._calls:
                self._called = True
                yield self._calls.pop(event.index).whole(self._names)
            case "message_delta":
                self._reason = event.delta.stop_reason or self._reason
                self._count(event.usage)
                self.finished = self.finished or bool(self._reason)
            case "message_stop":
                self.finished = True

    def _open(self, index: int, block: Any) -> Iterator[Event]:
        if block.type == "tool_use":
            # The arguments follow in pieces; a server that has them all at once puts them here.
            given = json.dumps(block.input) if block.input else ""
            self._calls[index] = base.ToolCallParts(block.id or "", block.name or "", given)
        elif block.type == "text" and block.text:
            yield TextDelta(clean(block.text))

    def _add(self, index: int, delta: Any) -> Iterator[Event]:
        if delta.type == "text_delta" and delta.text:
            yield TextDelta(clean(delta.text))
        elif delta.type == "input_json_delta" and index in self._calls:
            self._calls[index].raw += delta.partial_json or ""

    def _count(self, usage: Any) -> None:
        """Every count is the whole so far; one that is missing has not changed."""
        if usage is None:
            return
        self._counted = True
        self._fresh = _or(usage.input_tokens, self._fresh)
        self._cached = _or(usage.cache_read_input_tokens, self._cached)
        self._written = _or(usage.cache_creation_input_tokens, self._written)
        self._out = _or(usage.output_tokens, self._out)

    def _usage(self, *, estimated: bool) -> Usage:
        prompt = self._fresh + self._cached + self._written
        return base.usage_of(prompt, self._cached, self._out, estimated=estimated)

    def end(self) -> Iterator[Event]:
        if not self.finished:
            raise faults.fault("connection", code="truncated")
        if self._counted:
            yield self._usage(estimated=False)
        if self._reason == "refusal":
            raise faults.fault("content_filter", code="refusal")
        yield Finish("tool_calls" if self._called else FINISH.get(self._reason, "stop"))


def _or(said: Any, before: int) -> int:
    count = base.count_of(said)
    return before if count is None else count


def _fault_of(error: Exception) -> ProviderError:
    if isinstance(error, APITimeoutError):
        return faults.fault("timeout")
    if isinstance(error, APIConnectionError):
        return faults.of_transport(error)
    if isinstance(error, APIStatusError):  # in mid-stream too, with status 200
        return faults.of_answer(
            (error.error_code, error.type),
            error.status_code,
            message=error.api_message or "",
            headers=error.response.headers,
            request_id=error.request_id,
        )
    return faults.fault("server", code=type(error).__name__)
