"""An agent of ours as Retell has it: put there in a version, and read back. platforms/agents.py, Home.

Versions at Retell: what is published never changes, so everything is put into a draft that begins as the
published version is, and then published; whatever else is set there stays. A model that Retell hosts has
versions in step with its agent's.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from platforms.agents import Account, Ids, Settings, Voice, Wanted, WantedTool
from platforms.errors import NotThere, PlatformError, Unpublishable
from platforms.retell.rest import RetellApi

NAME = "Retell"
SLOWEST, FASTEST = 0.5, 2.0
LEAST_MS, MOST_MS = 1_000, 600_000
MOST_RETRIES = 5
DROPPED_WITHIN_S = 5.0  # a draft that nobody needs
HOTTEST = 1.0  # their models take no higher temperature
# With these a request has no body, and Retell does not say how it would send the arguments.
BODILESS = ("GET", "DELETE")
EVENTS = ("call_started", "call_ended", "call_analyzed")
TRANSFERS = ("transfer_started", "transfer_bridged", "transfer_cancelled", "transfer_ended")
SPOKEN = "transcript_updated"  # words of a call that does not come to our socket

# Ours → theirs. What is not here takes more than another name.
OF_AGENT = {
    "name": "agent_name",
    "voice": "voice_id",
    "language": "language",
    "speed": "voice_speed",
    "webhook_url": "webhook_url",
    "webhook_events": "webhook_events",
}
OF_LLM = {"prompt": "general_prompt", "variables": "default_dynamic_variables", "tools": "general_tools"}
NAMES = (*OF_AGENT, "answered_by", "prompt", "first_message", "temperature", "variables", "tools")


# --- What ours would be there ---------------------------------------------------------------------------


def settings(wanted: Wanted, ids: Ids) -> Settings:
    """By our names. `answered_by`: our socket's address, or the id of a model there; empty: to be made."""
    if not wanted.voice:
        raise Unpublishable("Choose a voice first: Retell takes no agent without one.")
    if not SLOWEST <= wanted.speed <= FASTEST:
        raise Unpublishable(f"Retell speaks at a speed of {SLOWEST:g} to {FASTEST:g}, not {wanted.speed:g}.")
    spoken = () if wanted.socket_url else (SPOKEN,)
    found: Settings = {
        "name": wanted.name,
        "voice": wanted.voice,
        "language": wanted.language,
        "speed": wanted.speed,
        "webhook_url": wanted.webhook_url,
        "webhook_events": [*EVENTS, *TRANSFERS, *spoken],
        "answered_by": wanted.socket_url or ids.llm,
    }
    if wanted.socket_url:
        return found
    return found | {
        "prompt": wanted.prompt,
        "first_message": wanted.first_message,
        "temperature": min(wanted.temperature, HOTTEST),
        "variables": dict(wanted.variables),
        "tools": [_tool(tool) for tool in wanted.tools],
    }


def _tool(tool: WantedTool) -> dict[str, Any]:
    name = tool.name.replace(".", "__")  # no dots in names there
    if tool.runs == "end_call":
        return {"type": "end_call", "name": name, "description": tool.description}
    if tool.runs == "transfer_call":
        where = "The number that the instructions name for this caller, in E.164."
        return {
            "type": "transfer_call",
            "name": name,
            "description": tool.description,
            "transfer_destination": {"type": "inferred", "prompt": where},
            "transfer_option": {"type": "cold_transfer"},
        }
    if tool.method in BODILESS:
        raise Unpublishable(
            f"{tool.name} is asked by {tool.method}, and Retell sends no arguments with that."
        )
    return {
        "type": "custom",
        "name": name,
        "description": tool.description,
        "url": tool.url,
        "method": tool.method,
        "parameters": {"type": "object", "properties": {}, **tool.parameters},
        "timeout_ms": min(max(tool.timeout_ms, LEAST_MS), MOST_MS),
        "max_retry": min(tool.retries, MOST_RETRIES),
        "speak_during_execution": False,
        "speak_after_execution": True,
    }


def _agent_fields(settings: Settings, ids: Ids) -> dict[str, Any]:
    fields = _renamed(settings, OF_AGENT)
    answered_by = settings.get("answered_by")
    if answered_by is None:
        return fields
    if "prompt" in settings:
        return fields | {"response_engine": {"type": "retell-llm", "llm_id": ids.llm}}
    return fields | {"response_engine": {"type": "custom-llm", "llm_websocket_url": answered_by}}


def _llm_fields(settings: Settings) -> dict[str, Any]:
    fields = _renamed(settings, OF_LLM)
    if (first := settings.get("first_message")) is not None:
        fields |= {"begin_message": first, "start_speaker": "agent" if first else "user"}
    if (temperature := settings.get("temperature")) is not None:
        fields |= {"model_config": {"temperature": temperature}}
    return fields


def _renamed(settings: Settings, names: Mapping[str, str]) -> dict[str, Any]:
    return {theirs: settings[ours] for ours, theirs in names.items() if settings.get(ours) is not None}


# --- Putting it there -----------------------------------------------------------------------------------


async def make(account: Account, ids: Ids, settings: Settings) -> Ids:
    """Make the agent, and the model that Retell hosts for it, if they are not there. Nobody is called yet."""
    async with _api(account) as api:
        if "prompt" in settings and not await _may_be_changed(api, ids):
            fields = {"start_speaker": "agent"} | _llm_fields(settings)
            ids = Ids(ids.agent, _id(await api.create_llm(fields), "llm_id"))
        if not ids.agent:
            ids = Ids(_id(await api.create_agent(_agent_fields(settings, ids)), "agent_id"), ids.llm)
    return ids


async def _may_be_changed(api: RetellApi, ids: Ids) -> bool:
    """Whether there is a model for the agent that gets drafts with it, or was never published."""
    if not ids.llm:
        return False
    try:
        if ids.agent and _engine(await _live(api, ids.agent)).get("llm_id") == ids.llm:
            return True
        return not (await api.get_llm(ids.llm)).get("is_published")
    except NotThere:
        return False


async def put(account: Account, ids: Ids, settings: Settings, title: str) -> None:
    """Publish a version with these settings there, or nothing at all."""
    async with _api(account) as api, _draft(api, ids) as draft:
        agent, llm = _agent_fields(settings, ids) | {"version_title": title}, _llm_fields(settings)
        engine = _engine(draft)
        if ids.llm and engine.get("llm_id") == ids.llm:
            agent.pop("response_engine", None)  # it names the version of the model that goes with the draft
            await api.update_llm(ids.llm, engine.get("version"), llm)
        elif llm and "response_engine" in agent:
            await api.update_llm(ids.llm, None, llm)
        await api.update_agent(ids.agent, _version(draft), agent)
        await api.publish_agent(ids.agent, _version(draft), title)


@asynccontextmanager
async def _draft(api: RetellApi, ids: Ids) -> AsyncIterator[dict]:
    """A draft that begins as the published version is. It is taken away again if it cannot be published."""
    live = await _live(api, ids.agent)
    if not live.get("is_published"):
        yield live
        return
    draft = await api.draft_of(ids.agent, _version(live))
    version = _version(draft)
    try:
        yield draft
    except (PlatformError, asyncio.CancelledError):  # cancelled: it took too long
        with suppress(PlatformError, TimeoutError):
            async with asyncio.timeout(DROPPED_WITHIN_S):
                await api.drop_draft(ids.agent, version)
        raise


# --- Reading it back ------------------------------------------------------------------------------------


async def read(account: Account, ids: Ids) -> Settings:
    """What calls are made with there, by our names; of a model only if one of theirs answers."""
    async with _api(account) as api:
        agent = await _live(api, ids.agent)
        engine = _engine(agent)
        found = {ours: agent.get(theirs) for ours, theirs in OF_AGENT.items()}
        found |= {"speed": _number(found["speed"], 1.0)}  # what is not set is 1 there
        found |= {
            "answered_by": engine.get("llm_websocket_url") or engine.get("llm_id") or engine.get("type")
        }
        if engine.get("type") != "retell-llm":
            return found
        llm = await api.get_llm(str(engine.get("llm_id")), engine.get("version"))
    found |= {ours: llm.get(theirs) for ours, theirs in OF_LLM.items()}
    spoken_first = "" if llm.get("start_speaker") == "user" else llm.get("begin_message")
    temperature = _number((llm.get("model_config") or {}).get("temperature"), 0.0)
    return found | {"first_message": spoken_first, "temperature": temperature}


async def _live(api: RetellApi, agent_id: str) -> dict:
    try:
        return await api.get_agent(agent_id, "latest_published")
    except NotThere:
        return await api.get_agent(agent_id)  # never published


def _engine(agent: dict) -> dict:
    """What answers its calls."""
    engine = agent.get("response_engine")
    return engine if isinstance(engine, dict) else {}


def differing(ours: Settings, theirs: Settings) -> list[str]:
    """The names of settings that are something else there. What is None on our side is theirs to say."""
    return [
        name
        for name in NAMES
        if ours.get(name) is not None and name in theirs and not _same(name, ours[name], theirs[name])
    ]


def _same(name: str, ours: Any, theirs: Any) -> bool:
    if name == "webhook_events":
        return isinstance(theirs, list) and {*map(str, theirs)} == {*ours}
    return says(theirs, ours)


def says(theirs: Any, ours: Any) -> bool:
    """Whether theirs says all that ours does: they add what is usual there to what they were given."""
    if isinstance(ours, Mapping):
        return isinstance(theirs, Mapping) and all(
            says(theirs.get(key), value) for key, value in ours.items()
        )
    if isinstance(ours, list):
        return (
            isinstance(theirs, list)
            and len(ours) == len(theirs)
            and all(says(one, other) for one, other in zip(theirs, ours, strict=True))
        )
    if isinstance(ours, float) and isinstance(theirs, int | float):
        return math.isclose(ours, theirs, abs_tol=1e-6)
    return theirs == ours


# --- Voices ---------------------------------------------------------------------------------------------


async def voices(account: Account) -> list[Voice]:
    async with _api(account) as api:
        told = await api.list_voices()
    return [_voice(one) for one in told if isinstance(one, dict) and one.get("voice_id")]


def _voice(told: dict) -> Voice:
    def text(name: str) -> str:
        value = told.get(name)
        return value if isinstance(value, str) else ""

    id = str(told["voice_id"])
    return Voice(
        id=id,
        name=text("voice_name") or id,
        provider=text("provider"),
        gender=text("gender"),
        accent=text("accent"),
        age=text("age"),
        preview_url=text("preview_audio_url"),
    )


def _api(account: Account) -> RetellApi:
    return RetellApi(account.api_key, account.base_url, account.transport() if account.transport else None)


def _id(told: dict, name: str) -> str:
    if not isinstance(told.get(name), str) or not told[name]:
        raise PlatformError("Retell made something without an id", retryable=False)
    return told[name]


def _version(told: dict) -> int:
    if not isinstance(told.get("version"), int):
        raise PlatformError("Retell answered an agent without its version", retryable=True)
    return told["version"]


def _number(value: Any, otherwise: float) -> Any:
    return otherwise if value is None else value
