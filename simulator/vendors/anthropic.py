"""An Anthropic-compatible model server: messages, streamed as events or whole."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from simulator.stories.script import Said
from simulator.vendors.faults import BROKEN_OFF
from simulator.vendors.models import MODELS, Models, Work, text_of
from simulator.vendors.openai import CUT_AFTER, HANG_SECONDS, split
from simulator.web import App, Cut, Request, Response, Stream, as_json

# fault: (status, type, message)
ERRORS = {
    "429": (429, "rate_limit_error", "This request would exceed your organization's rate limit."),
    "429-bare": (429, "rate_limit_error", "This request would exceed your organization's rate limit."),
    "quota": (402, "billing_error", "Your credit balance is too low."),
    "529": (529, "overloaded_error", "Overloaded"),
    "503": (503, "overloaded_error", "Overloaded"),
    "500": (500, "api_error", "Internal server error"),
    "401": (401, "authentication_error", "invalid x-api-key"),
    "404": (404, "not_found_error", "model not found"),
    "context": (400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"),
}

OVERLOADED = {"type": "overloaded_error", "message": "Overloaded"}


class Anthropic:
    def __init__(self, models: Models) -> None:
        self._models = models

    def add_to(self, app: App, prefix: str) -> None:
        app.route("GET", f"{prefix}/v1/models", self.list)
        app.route("POST", f"{prefix}/v1/messages", self.create)

    async def list(self, request: Request) -> Response:
        models = [
            {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
            for name in MODELS
        ]
        return as_json({"data": models, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]})

    async def create(self, request: Request) -> Response | Stream:
        if not (request.bearer or request.headers.get("x-api-key")):
            return _error("401", "req_0")
        asked = request.json()
        if (
            not isinstance(asked.get("messages"), list)
            or not asked.get("model")
            or not asked.get("max_tokens")
        ):
            return _refusal(
                400, "invalid_request_error", "model, messages and max_tokens: Field required", "req_0"
            )
        tools = [str(tool.get("name", "")) for tool in asked.get("tools") or []]
        messages = [said for message in asked["messages"] for said in _said(message)]
        work = self._models.start(str(asked["model"]), messages, tools, text_of(asked.get("system")))
        if work.fault in ERRORS:
            work.counts.refused += 1
            return _error(work.fault, work.request_id)
        if work.fault == "hang":
            with work.counted():
                await asyncio.sleep(HANG_SECONDS)
        headers = {"request-id": work.request_id}
        if asked.get("stream"):
            return Stream(_stream(work), headers)
        return await _whole(work, headers)


def _said(message: dict[str, Any]) -> list[Said]:
    """One message: tool results are told by the user here, in blocks."""
    role, content = str(message.get("role")), message.get("content")
    if isinstance(content, str):
        return [Said(role, content)]
    said = []
    for block in content or []:
        if block.get("type") == "tool_result":
            said.append(Said("tool", text_of(block.get("content"))))
        elif block.get("type") == "text":
            said.append(Said(role, str(block.get("text", ""))))
        elif block.get("type") == "tool_use":
            said.append(Said(role))
    return said


def _refusal(status: int, kind: str, message: str, request_id: str, *, when: bool = True) -> Response:
    headers = {"request-id": request_id}
    if when and status in {429, 503, 529}:
        headers["retry-after"] = "1"
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}
    return as_json(body, status, headers)


def _error(fault: str, request_id: str) -> Response:
    return _refusal(*ERRORS[fault], request_id, when=fault != "429-bare")


def _input_usage(work: Work) -> dict[str, Any]:
    return {
        "input_tokens": work.prompt_tokens - work.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": work.cached_tokens,
        "output_tokens": 1,
        "service_tier": "standard",
    }


def _message(work: Work, content: list[dict[str, Any]], stop: str | None) -> dict[str, Any]:
    return {
        "id": f"msg_{work.request_id[4:]}",
        "type": "message",
        "role": "assistant",
        "model": work.model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": _input_usage(work),
    }


async def _stream(work: Work) -> AsyncGenerator[bytes, None]:
    with work.counted():
        await work.think()
        yield _event("message_start", message=_message(work, [], None))
        yield _event("ping")
        index = 0
        if work.reply.text:
            yield _event("content_block_start", index=index, content_block={"type": "text", "text": ""})
            written = 0
            async for token in work.pen.write(work.reply.text, work.request_id):
                yield _event("content_block_delta", index=index, delta={"type": "text_delta", "text": token})
                written += len(token)
                if written > len(work.reply.text) * CUT_AFTER:
                    if work.fault == "stall":
                        await asyncio.sleep(HANG_SECONDS)
                    if work.fault in BROKEN_OFF:
                        yield work.break_off(_event("error", error=OVERLOADED))
                        return
            yield _event("content_block_stop", index=index)
            index += 1
        if work.reply.call:
            use = {"type": "tool_use", "id": f"toolu_{work.request_id[4:]}", "name": work.tool, "input": {}}
            yield _event("content_block_start", index=index, content_block=use)
            for piece in split(work.arguments, work.request_id):
                await asyncio.sleep(0.5 / work.pen.rate)
                yield _event(
                    "content_block_delta",
                    index=index,
                    delta={"type": "input_json_delta", "partial_json": piece},
                )
            yield _event("content_block_stop", index=index)
        stop = "refusal" if work.fault == "refusal" else "tool_use" if work.reply.call else "end_turn"
        yield _event(
            "message_delta",
            delta={"stop_reason": stop, "stop_sequence": None},
            usage={"output_tokens": work.completion_tokens},
        )
        work.done = True
        yield _event("message_stop")


async def _whole(work: Work, headers: dict[str, str]) -> Response:
    with work.counted():
        await work.think()
        await asyncio.sleep(work.completion_tokens / work.pen.rate)
        if work.fault == "cut":
            raise Cut
        content: list[dict[str, Any]] = [{"type": "text", "text": work.reply.text}] if work.reply.text else []
        if work.reply.call:
            content.append(
                {
                    "type": "tool_use",
                    "id": f"toolu_{work.request_id[4:]}",
                    "name": work.tool,
                    "input": work.reply.call.arguments,
                }
            )
        work.done = True
    message = _message(work, content, "tool_use" if work.reply.call else "end_turn")
    message["usage"]["output_tokens"] = work.completion_tokens
    return as_json(message, headers=headers)


def _event(kind: str, **data: Any) -> bytes:
    body = json.dumps({"type": kind, **data}, ensure_ascii=False)
    return f"event: {kind}\ndata: {body}\n\n".encode()
