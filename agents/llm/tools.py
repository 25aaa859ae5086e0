"""Doing what a model asks for: a function of ours, or one HTTP request to the tool's service."""

import asyncio
import json
import logging
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

import httpx

from agents import registry
from agents.arguments import complaint
from agents.llm.request import ToolSpec
from agents.llm.spans import executes_tool, found_tool
from agents.lookup import Lookup, per_loop
from agents.models import Tool
from agents.registry import Registered, ToolContext, ToolFailed
from platforms.clean import clean

logger = logging.getLogger(__name__)

MAX_CHARS = 15_000  # of a result; what is over is cut, models would only drown in it
MAX_BYTES = MAX_CHARS * 4

# The voice session acts on these itself; nobody is asked.
BUILT_IN: dict[str, ToolSpec] = {
    "end_call": ToolSpec(
        "end_call",
        "Hang up. Use it once the caller has said goodbye or needs nothing more.",
        {
            "type": "object",
            "properties": {
                "message": {"type": "string", "description": "The last thing to say to the caller."},
            },
        },
    ),
    "transfer_call": ToolSpec(
        "transfer_call",
        "Hand the caller over to a person. Use it when they ask for one or you cannot help.",
        {
            "type": "object",
            "properties": {
                "message": {"type": "string", "description": "What to tell the caller before the handover."},
                "number": {
                    "type": "string",
                    "description": "Where to, in E.164, if the prompt names a number.",
                },
            },
        },
    ),
}


@dataclass(frozen=True, slots=True)
class ToolResult:
    ok: bool
    text: str  # at most 15,000 characters; for the model, and for the page of the call
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Service:
    url: str
    seconds: float
    parameters: dict[str, Any]  # JSON Schema


class _NotFound(ToolFailed):
    """It is not known whether there is such a tool: its name is a model's word, maybe a caller's."""


@executes_tool
async def run(call: ToolContext, name: str, arguments: dict[str, Any] | None) -> ToolResult:
    """Use a tool: a registered one, or the workspace's own of that name. Never raises for the tool's faults:
    they are results too.

    `arguments` is what the model sent. None (it was no JSON object) and what does not fit the tool's schema
    fail without asking anybody.
    """
    began = monotonic()
    try:
        ok, text = True, _cut(await _result(call, name, arguments))
    except ToolFailed as failure:
        ok, text = False, _cut(str(failure))
        told = "(unknown)" if isinstance(failure, _NotFound) else name
        logger.warning("tool %s failed in workspace %s, call %s", told, call.workspace_id, call.call_id)
    return ToolResult(ok, text, round((monotonic() - began) * 1_000))


async def _result(call: ToolContext, name: str, arguments: dict[str, Any] | None) -> str:
    if not isinstance(arguments, dict):
        raise _NotFound("The arguments were not a JSON object.")
    ours = registry.find(name)
    if ours is not None:
        found_tool(name)
        await _check(ours.spec.parameters, arguments)
        return await _run(ours, call, arguments)
    service = await _services().get((call.workspace_id, name))
    if service is None:
        raise _NotFound(f"There is no tool called {name}.")
    found_tool(name)
    await _check(service.parameters, arguments)
    body = {"name": name, "args": arguments, "call": {"call_id": call.platform_call_id}}
    return await _ask(service, body)


async def _check(parameters: dict[str, Any], arguments: dict[str, Any]) -> None:
    if parameters and (fault := await asyncio.to_thread(complaint, parameters, arguments)):
        raise ToolFailed(f"The arguments do not fit: {fault}")


async def _run(tool: Registered, call: ToolContext, arguments: dict[str, Any]) -> str:
    try:
        async with asyncio.timeout(tool.seconds):
            return await tool.run(call, arguments)
    except ToolFailed:
        raise
    except TimeoutError as error:
        raise ToolFailed(f"The tool did not answer within {tool.seconds:g} s.") from error
    except Exception as error:
        # Ours, so it is our bug; the agent has to be able to go on all the same.
        logger.exception("tool %s broke, call %s", tool.spec.name, call.call_id)
        raise ToolFailed("The tool broke.") from error


async def _ask(service: Service, body: dict) -> str:
    try:
        async with (
            asyncio.timeout(service.seconds),
            _http().stream("POST", service.url, content=json.dumps(body), headers=HEADERS) as response,
        ):
            if not response.is_success:
                raise ToolFailed(f"The tool answered with status {response.status_code}.")
            return await _text(response)
    except TimeoutError as error:
        raise ToolFailed(f"The tool did not answer within {service.seconds:g} s.") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise ToolFailed("The tool could not be reached.") from error


async def _text(response: httpx.Response) -> str:
    """The answer, read no further than we would keep."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) >= MAX_BYTES:
            break
    return clean(bytes(body).decode("utf-8", errors="replace"))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 1] + "…"


def _load(key: tuple[UUID, str]) -> Service | None:
    workspace_id, name = key
    tool = Tool.objects.for_workspace(workspace_id).filter(name=name).first()
    return Service(tool.url, tool.timeout_ms / 1_000, tool.parameters) if tool else None


HEADERS = {"content-type": "application/json", "accept": "application/json, text/plain"}
_services = per_loop(lambda: Lookup(_load))
# No redirects: a service that is allowed must not be able to point us at one that is not.
_http = per_loop(lambda: httpx.AsyncClient(follow_redirects=False, timeout=httpx.Timeout(30, connect=5)))


async def close() -> None:
    """Close the connections kept to tool services."""
    await _http().aclose()
