"""Doing what a model asks for: a function of ours, or one HTTP request to the tool's service."""

import asyncio
import json
import logging
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

from agents import registry
from agents.arguments import complaint
from agents.llm.request import ToolSpec
from agents.llm.spans import executes_tool, found_tool
from agents.lookup import Lookup, per_loop
from agents.models import Tool
from agents.registry import Registered, ToolContext, ToolFailed
from agents.tooling import service
from agents.tooling.service import Answer, Kind, Service

logger = logging.getLogger(__name__)

MAX_CHARS = service.MAX_CHARS
MAX_ROUNDS = 6  # times the tools' results go back to the model before it has to speak

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
# What the model is told when it has used one.
ACTED = {
    "end_call": "The call ends once this is spoken.",
    "transfer_call": "The caller is put through once this is spoken.",
}


@dataclass(frozen=True, slots=True)
class ToolResult:
    ok: bool
    text: str  # at most 15,000 characters; for the model, and for the page of the call
    duration_ms: int
    kind: Kind = "text"  # of what it gave; a failure is always text


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
    ok = True
    try:
        answer = await _result(call, name, arguments)
    except ToolFailed as failure:
        ok, answer = False, Answer(str(failure)[:MAX_CHARS], "text")
        told = "(unknown)" if isinstance(failure, _NotFound) else name
        logger.warning("tool %s failed in workspace %s, call %s", told, call.workspace_id, call.call_id)
    return ToolResult(ok, answer.text, round((monotonic() - began) * 1_000), answer.kind)


async def _result(call: ToolContext, name: str, arguments: dict[str, Any] | None) -> Answer:
    if not isinstance(arguments, dict):
        raise _NotFound("The arguments were not a JSON object.")
    ours = registry.find(name)
    if ours is not None:
        found_tool(name)
        await _check(ours.spec.parameters, arguments)
        return service.typed(await _run(ours, call, arguments))
    found = await _services().get((call.workspace_id, name))
    if found is None:
        raise _NotFound(f"There is no tool called {name}.")
    found_tool(name)
    await _check(found.parameters, arguments)
    return await service.ask(_http(), found, arguments, body_of(name, arguments, call.platform_call_id))


async def try_out(tool: Tool, arguments: dict[str, Any]) -> ToolResult:
    """Use one of the workspace's tools once, for real, for a person who sets it up: no call is under way."""
    began = monotonic()
    ok = True
    try:
        await _check(tool.parameters, arguments)
        async with service.client() as http:
            answer = await service.ask(http, service_of(tool), arguments, body_of(tool.name, arguments, ""))
    except ToolFailed as failure:
        ok, answer = False, Answer(str(failure)[:MAX_CHARS], "text")
    return ToolResult(ok, answer.text, round((monotonic() - began) * 1_000), answer.kind)


def body_of(name: str, arguments: dict[str, Any], platform_call_id: str) -> dict[str, Any]:
    """What a service is sent: as Retell sends it, so that what answers there answers here."""
    return {"name": name, "args": arguments, "call": {"call_id": platform_call_id}}


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


def service_of(tool: Tool) -> Service:
    return Service(
        url=tool.url,
        seconds=tool.timeout_ms / 1_000,
        parameters=tool.parameters,
        method=tool.method,
        headers=json.loads(tool.headers) if tool.headers else {},
        retries=tool.retries,
    )


def _load(key: tuple[UUID, str]) -> Service | None:
    workspace_id, name = key
    tool = Tool.objects.for_workspace(workspace_id).filter(name=name).first()
    return service_of(tool) if tool else None


_services = per_loop(lambda: Lookup(_load))
_http = per_loop(service.client)


async def close() -> None:
    """Close the connections kept to tool services."""
    await _http().aclose()
