"""What the platform takes for an agent and for a model of its own, and its word for anything else."""

import re
from collections.abc import Callable
from typing import Any

VOICES = (
    {"voice_id": "11labs-Dorothy", "voice_name": "Dorothy", "provider": "elevenlabs", "gender": "female",
     "accent": "British", "age": "Young"},
    {"voice_id": "11labs-Anthony", "voice_name": "Anthony", "provider": "elevenlabs", "gender": "male",
     "accent": "British", "age": "Middle Aged"},
    {"voice_id": "cartesia-Willa", "voice_name": "Willa", "provider": "cartesia", "gender": "female",
     "accent": "American", "age": "Young"},
    {"voice_id": "openai-Alloy", "voice_name": "Alloy", "provider": "openai", "gender": "female",
     "accent": "American", "age": "Young"},
)  # fmt: skip
VOICE_IDS = {voice["voice_id"] for voice in VOICES}
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
TOOL_NAME = re.compile("[a-zA-Z0-9_-]{1,64}")
LEAST_MS, MOST_MS, MOST_RETRIES = 1_000, 600_000, 5


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def check_agent(fields: Any) -> None:
    """Raises Refused."""
    _check(fields, AGENT)


def check_llm(fields: Any) -> None:
    """Raises Refused."""
    _check(fields, LLM)
    names = [tool["name"] for tool in fields.get("general_tools") or ()]
    if len(set(names)) < len(names):
        raise Refused(400, "general_tools: names must be unique.")


def _check(fields: Any, rules: dict[str, tuple[Callable[[Any], bool], str]]) -> None:
    if not isinstance(fields, dict):
        raise Refused(400, "The body must be an object.")
    for name, (fits, wanted) in rules.items():
        if name in fields and not fits(fields[name]):
            raise Refused(400, f"{name} must be {wanted}.")


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _text_or_null(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _within(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    )


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _language(value: Any) -> bool:
    return bool(value) and (_text(value) or (isinstance(value, list) and all(map(_text, value))))


def _engine(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if value.get("type") == "custom-llm":
        address = value.get("llm_websocket_url")
        return _text(address) and address.startswith(("ws://", "wss://", "http://", "https://"))
    return value.get("type") == "retell-llm" and _text(value.get("llm_id"))


def _model(value: Any) -> bool:
    return isinstance(value, dict) and _within(0, 1)(value.get("temperature", 0))


def _tools(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(map(_tool, value)))


def _tool(tool: Any) -> bool:
    if not isinstance(tool, dict) or not TOOL_NAME.fullmatch(str(tool.get("name"))):
        return False
    match tool.get("type"):
        case "end_call":
            return True
        case "transfer_call":
            return isinstance(tool.get("transfer_destination"), dict) and isinstance(
                tool.get("transfer_option"), dict
            )
        case "custom":
            return (
                _text(tool.get("url"))
                and tool.get("method", "POST") in METHODS
                and _schema(tool.get("parameters", {"type": "object", "properties": {}}))
                and _within(LEAST_MS, MOST_MS)(tool.get("timeout_ms", LEAST_MS))
                and _within(0, MOST_RETRIES)(tool.get("max_retry", 0))
            )
    return False


def _schema(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("type") == "object"
        and isinstance(value.get("properties"), dict)
    )


AGENT: dict[str, tuple[Callable[[Any], bool], str]] = {
    "response_engine": (
        _engine,
        "a custom-llm with its llm_websocket_url, or a retell-llm with its llm_id",
    ),
    "voice_id": (lambda value: value in VOICE_IDS, "the id of a voice"),
    "voice_speed": (_within(0.5, 2), "between 0.5 and 2"),
    "language": (_language, "a language, or a list of them"),
    "agent_name": (_text_or_null, "text or null"),
    "webhook_url": (_text_or_null, "an address or null"),
    "webhook_events": (lambda value: isinstance(value, list) and all(map(_text, value)), "a list of names"),
    "version_title": (_text_or_null, "text or null"),
}
LLM: dict[str, tuple[Callable[[Any], bool], str]] = {
    "general_prompt": (_text_or_null, "text or null"),
    "begin_message": (_text_or_null, "text or null"),
    "start_speaker": (lambda value: value in ("user", "agent"), '"user" or "agent"'),
    "default_dynamic_variables": (lambda value: value is None or _texts(value), "an object of texts"),
    "model_config": (_model, "an object with a temperature between 0 and 1"),
    "general_tools": (_tools, "a list of tools, each with what its type needs"),
}
