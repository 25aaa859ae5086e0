"""An OpenAI-compatible model server: chat completions, streamed or whole, as on the wire."""

import asyncio
import json
import random
import time
from collections.abc import AsyncGenerator
from typing import Any

from simulator.stories.script import Said
from simulator.vendors.faults import BROKEN_OFF
from simulator.vendors.models import MODELS, Models, Work, text_of
from simulator.web import App, Cut, Request, Response, Stream, as_json

HANG_SECONDS = 600.0
# How much of an answer comes before it is cut.
CUT_AFTER = 0.4

# fault: (status, type, code, message)
ERRORS: dict[str, tuple[int, str, str | None, str]] = {
    "429": (429, "requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    "429-bare": (429, "requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    "quota": (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota."),
    "529": (529, "server_error", "overloaded", "The model is overloaded."),
    "503": (503, "server_error", "overloaded", "The engine is currently overloaded, please try again later."),
    "500": (500, "server_error", None, "The server had an error while processing your request."),
    "401": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "404": (404, "invalid_request_error", "model_not_found", "The model does not exist."),
    "context": (
        400, "invalid_request_error", "context_length_exceeded", "The maximum context length is exceeded.",
    ),
}  # fmt: skip


SERVER_ERROR = {
    "error": {"message": "The server had an error.", "type": "server_error", "param": None, "code": None}
}


class OpenAI:
    def __init__(self, models: Models) -> None:
        self._models = models

    def add_to(self, app: App, prefix: str) -> None:
        app.route("GET", f"{prefix}/models", self.list)
        app.route("POST", f"{prefix}/chat/completions", self.complete)

    async def list(self, request: Request) -> Response:
        models = [
            {"id": name, "object": "model", "created": 1767225600, "owned_by": "simulator"} for name in MODELS
        ]
        return as_json({"object": "list", "data": models})

    async def complete(self, request: Request) -> Response | Stream:
        if not request.bearer:
            return _error("401", "req_0")
        asked = request.json()
        if not isinstance(asked.get("messages"), list) or not asked.get("model"):
            return as_json(
                {"error": {"message": "model and messages are required.", "type": "invalid_request_error",
                           "param": None, "code": None}},
                400,
            )  # fmt: skip
        messages, system = _conversation(asked["messages"])
        tools = [tool.get("function", {}).get("name", "") for tool in asked.get("tools") or []]
        work = self._models.start(str(asked["model"]), messages, tools, system)
        if work.fault in ERRORS:
            work.counts.refused += 1
            return _error(work.fault, work.request_id)
        if work.fault == "hang":
            with work.counted():
                await asyncio.sleep(HANG_SECONDS)
        headers = {"x-request-id": work.request_id, "openai-processing-ms": "12"}
        if asked.get("stream"):
            options = asked.get("stream_options") or {}
            return Stream(_stream(work, bool(options.get("include_usage"))), headers)
        return await _whole(work, headers)


def _conversation(messages: list[dict[str, Any]]) -> tuple[list[Said], str]:
    said, system = [], []
    for message in messages:
        text = text_of(message.get("content"))
        if message.get("role") in {"system", "developer"}:
            system.append(text)
        else:
            said.append(Said(str(message.get("role")), text))
    return said, "\n".join(system)


def _error(fault: str, request_id: str) -> Response:
    status, kind, code, message = ERRORS[fault]
    headers = {"x-request-id": request_id}
    if status in {429, 503, 529} and fault != "429-bare":
        headers["retry-after"] = "1"
    return as_json(
        {"error": {"message": message, "type": kind, "param": None, "code": code}}, status, headers
    )


def _usage(work: Work) -> dict[str, Any]:
    return {
        "prompt_tokens": work.prompt_tokens,
        "completion_tokens": work.completion_tokens,
        "total_tokens": work.prompt_tokens + work.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": work.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def split(arguments: str, seed: str) -> list[str]:
    """Arguments arrive in pieces that respect nothing."""
    chance, cut, rest = random.Random(seed), [], arguments
    while rest:
        size = chance.randint(2, 9)
        cut.append(rest[:size])
        rest = rest[size:]
    return cut


async def _stream(work: Work, include_usage: bool) -> AsyncGenerator[bytes, None]:
    head = {
        "id": f"chatcmpl-{work.request_id[4:]}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": work.model,
        "service_tier": "default",
        "system_fingerprint": "fp_simulator",
    }

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event(head | {"choices": [choice]} | ({"usage": None} if include_usage else {}))

    with work.counted():
        await work.think()
        yield chunk({"role": "assistant", "content": "" if work.reply.text else None, "refusal": None})
        written = 0
        async for token in work.pen.write(work.reply.text, work.request_id):
            yield chunk({"content": token})
            written += len(token)
            if written > len(work.reply.text) * CUT_AFTER:
                if work.fault == "stall":
                    await asyncio.sleep(HANG_SECONDS)
                if work.fault in BROKEN_OFF:
                    yield work.break_off(_event(SERVER_ERROR))
                    return
        if work.fault == "refusal":
            yield chunk({"refusal": "I can't help with that."})
        if work.reply.call:
            call = {"index": 0, "id": f"call_{work.request_id[4:]}", "type": "function"}
            yield chunk({"tool_calls": [call | {"function": {"name": work.tool, "arguments": ""}}]})
            for piece in split(work.arguments, work.request_id):
                await asyncio.sleep(0.5 / work.pen.rate)
                yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        yield chunk({}, "tool_calls" if work.reply.call else "stop")
        if include_usage:
            yield _event(head | {"choices": [], "usage": _usage(work)})
        work.done = True
        yield b"data: [DONE]\n\n"


async def _whole(work: Work, headers: dict[str, str]) -> Response:
    with work.counted():
        await work.think()
        await asyncio.sleep(work.completion_tokens / work.pen.rate)
        if work.fault == "cut":
            raise Cut
        message: dict[str, Any] = {"role": "assistant", "content": work.reply.text or None, "refusal": None}
        if work.reply.call:
            function = {"name": work.tool, "arguments": work.arguments}
            message["tool_calls"] = [
                {"id": f"call_{work.request_id[4:]}", "type": "function", "function": function}
            ]
        work.done = True
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": "tool_calls" if work.reply.call else "stop",
    }
    body = {
        "id": f"chatcmpl-{work.request_id[4:]}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": work.model,
        "choices": [choice],
        "usage": _usage(work),
    }
    return as_json(body, headers=headers)


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
