"""OpenAI's chat completions, and everything that speaks like them (Ollama, vLLM, Google, LiteLLM, …).

Their dialects are forgiven: no `index`, a tool call all at once, counts on the last chunk with text or
never, an empty `finish_reason`.
"""

import json
from collections.abc import AsyncGenerator, Iterator
from typing import Any

from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError, AsyncOpenAI, OpenAIError
from openai import DefaultAsyncHttpxClient as HttpClient

from agents.llm.errors import ProviderError
from agents.llm.events import Event, Finish, FinishReason, TextDelta, Usage
from agents.llm.providers import base, faults
from agents.llm.request import Message, Request, told
from platforms.clean import clean

BASE_URL = "https://api.openai.com/v1"

FINISH: dict[str, FinishReason] = {
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}


def connect(endpoint: base.Endpoint) -> AsyncOpenAI:
    """A client with its own connections. Slow (certificates): not for the event loop's thread."""
    client = AsyncOpenAI(
        # Never left empty: the SDK would look into our environment, which is not this workspace's.
        api_key=endpoint.api_key or "none",
        base_url=endpoint.base_url or BASE_URL,
        max_retries=0,
        http_client=HttpClient(**base.network(endpoint)),
    )
    _ = client.chat.completions  # imported on first use by the SDK
    return client


def stream(client: AsyncOpenAI, request: Request, model: base.Model) -> AsyncGenerator[Event, None]:
    names = base.ToolNames(request.tools)
    opening = client.chat.completions.create(**_body(request, model), timeout=base.timeouts(model))
    return base.read(opening, _Answer(names), model.seconds, fault_of, (OpenAIError,))


def _body(request: Request, model: base.Model) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": model.name,
        "messages": _messages(request),
        "stream": True,
        "stream_options": {"include_usage": True},
        # OpenAI's own newer models refuse the old name, older servers do not know the new one.
        "max_tokens" if model.endpoint.base_url else "max_completion_tokens": request.max_tokens,
    }
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": base.ToolNames.theirs(tool.name),
                    "description": tool.description,
                    "parameters": base.schema_of(tool),
                },
            }
            for tool in request.tools
        ]
    if request.temperature is not None and model.takes_temperature:
        body["temperature"] = request.temperature
    if model.options:
        body["extra_body"] = model.options
    return body


def _messages(request: Request) -> list[dict[str, Any]]:
    system = [{"role": "system", "content": request.system}] if request.system else []
    return system + [_message(message) for message in told(request)]


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.text}
    body: dict[str, Any] = {"role": message.role, "content": message.text or None}
    if message.tool_calls:
        body["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {
                    "name": base.ToolNames.theirs(call.name),
                    "arguments": json.dumps(call.arguments or {}),
                },
            }
            for call in message.tool_calls
        ]
    return body


class _Answer:
    def __init__(self, names: base.ToolNames) -> None:
        self.alive = False
        self.finished = False
        self._names = names
        self._calls: list[base.ToolCallParts] = []
        self._at: dict[int, base.ToolCallParts] = {}  # by the vendor's index
        self._reason = ""
        self._refused = False
        self._usage: Usage | None = None

    def take(self, chunk: Any) -> Iterator[Event]:
        self.alive = False
        if chunk.usage:
            self._usage = _usage(chunk.usage)
        if not chunk.choices:
            return
        choice = chunk.choices[0]
        if delta := choice.delta:
            self.alive = True
            self._refused = self._refused or bool(getattr(delta, "refusal", None))
            for part in delta.tool_calls or ():
                self._take_call(part)
            if delta.content:
                yield TextDelta(clean(delta.content))
        if choice.finish_reason and not self.finished:
            self._reason = choice.finish_reason
            self.finished = True
            for call in self._calls:
                yield call.whole(self._names)

    def _take_call(self, part: Any) -> None:
        last = self._calls[-1] if self._calls else None
        call = last if part.index is None else self._at.get(part.index)
        # Some give every call the index 0, or none at all: another id is another call.
        if call is None or (part.id and call.id and part.id != call.id):
            call = base.ToolCallParts()
            self._calls.append(call)
            if part.index is not None:
                self._at[part.index] = call
        call.id = call.id or part.id or ""
        if function := part.function:
            call.name = call.name or function.name or ""
            given = function.arguments or ""
            call.raw += given if isinstance(given, str) else json.dumps(given)

    def end(self) -> Iterator[Event]:
        if self._usage:
            yield self._usage
        if not self.finished:
            raise faults.fault("connection", code="truncated")
        if self._reason == "content_filter" or self._refused:
            raise faults.fault("content_filter")
        yield Finish("tool_calls" if self._calls else FINISH.get(self._reason, "stop"))


def _usage(usage: Any) -> Usage | None:
    """None where it is of no use: then the router counts."""
    prompt, out = base.count_of(usage.prompt_tokens), base.count_of(usage.completion_tokens)
    if prompt is None:
        return None
    cached = base.count_of(getattr(usage.prompt_tokens_details, "cached_tokens", None))
    return base.usage_of(prompt, cached or 0, out or 0, estimated=out is None)


def fault_of(error: Exception) -> ProviderError:
    """What the SDK raised, in our words."""
    if isinstance(error, APITimeoutError):
        return faults.fault("timeout")
    if isinstance(error, APIConnectionError):
        return faults.of_transport(error)
    if isinstance(error, APIStatusError):
        return faults.of_answer(
            (error.code, error.type),
            error.status_code,
            message=error.message,
            headers=error.response.headers,
            request_id=error.request_id,
        )
    if isinstance(error, APIError):  # in mid-stream
        return faults.of_answer((error.code, error.type), None, message=error.message)
    return faults.fault("server", code=type(error).__name__)
