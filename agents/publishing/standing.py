"""How an agent stands at its platform, as plain values for pages and programs."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from agents.drafting import compare, content
from agents.models import Agent, PlatformCopy
from agents.publishing.masks import without_key
from agents.publishing.push import is_pending
from platforms.adapters import HOMES

# none: never put there; waiting: not what we would put there now; failing: it could not be read, or put.
State = Literal["none", "waiting", "failing", "differs", "same"]

LABELS = {
    "name": "Name",
    "voice": "Voice",
    "language": "Language",
    "speed": "Speed",
    "webhook_url": "Webhook address",
    "webhook_events": "Webhook events",
    "answered_by": "Answered by",
    "prompt": "Prompt",
    "first_message": "First message",
    "temperature": "Temperature",
    "variables": "Variables",
    "tools": "Tools",
}
SHORT = 20  # characters that a sentence has room for


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that is another there. `before`: as we put it; `after`: as it was found."""

    field: str
    label: str
    before: Any
    after: Any
    lines: list[tuple[str, str]]  # ("-", ours) and ("+", theirs), what is the same left out

    @property
    def is_short(self) -> bool:
        """Whether a sentence has room for both."""
        both = self.before, self.after
        return all(isinstance(one, int | float | str) and 0 < len(str(one)) <= SHORT for one in both)


@dataclass(frozen=True, slots=True)
class Standing:
    state: State
    platform: str  # its name; empty: the agent is on none
    connection: str = ""  # the account's name; empty where nothing can be put there
    version: int | None = None  # of ours that is there
    live: int | None = None
    put_at: datetime | None = None
    checked_at: datetime | None = None
    error: str = ""
    differences: list[Difference] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # settings that are the platform's to say


def of(agent: Agent) -> Standing:
    """As last known; nobody is asked."""
    connection, live = agent.connection, agent.live_version.number if agent.live_version else None
    platform = connection.get_platform_display() if connection else ""
    usable = connection is not None and connection.platform in HOMES and bool(connection.api_key)
    name = connection.name if connection and usable else ""
    copy = PlatformCopy.objects.filter(agent=agent).select_related("version").first()
    if copy is None:
        return Standing("none", platform, name, live=live)
    return Standing(
        _state(agent, copy),
        platform,
        name,
        version=copy.version.number if copy.version else None,
        live=live,
        put_at=copy.put_at,
        checked_at=copy.checked_at,
        error=copy.error,
        differences=[_difference(agent, copy, name) for name in copy.differences],
        left=[name for name, value in copy.ours.items() if value is None],
    )


def _state(agent: Agent, copy: PlatformCopy) -> State:
    if copy.differences:
        return "differs"
    if copy.error:
        return "failing"
    return "waiting" if is_pending(agent, copy) else "same"


def _difference(agent: Agent, copy: PlatformCopy, name: str) -> Difference:
    before, after = (_shown(agent, name, side.get(name)) for side in (copy.ours, copy.theirs))
    if name == "tools":
        after = _tools(copy)
    return Difference(name, LABELS.get(name, name), before, after, _lines(name, before, after))


def _shown(agent: Agent, name: str, value: Any) -> Any:
    if name == "tools" and isinstance(value, list):
        return [_named(tool) for tool in value]
    return without_key(agent, {name: value})[name]


def _tools(copy: PlatformCopy) -> list[str]:
    """Theirs by name, and which of them are only called the same."""
    ours = {_named(tool): tool for tool in copy.ours.get("tools") or []}
    theirs = copy.theirs.get("tools")
    found = []
    for tool in theirs if isinstance(theirs, list) else []:
        name = _named(tool)
        changed = name in ours and any(tool.get(key) != value for key, value in ours[name].items())
        found.append(f"{name} (changed)" if changed else name)
    return found


def _named(tool: Any) -> str:
    return str(tool.get("name", "?")).replace("__", ".") if isinstance(tool, dict) else "?"


def _lines(name: str, before: Any, after: Any) -> list[tuple[str, str]]:
    if name in content.TEXTS and isinstance(before, str) and isinstance(after, str):
        empty = content.of(None)
        changes = compare.difference(empty | {name: before}, empty | {name: after})
        return [line for change in changes for line in change.lines if line[0] != " "]
    was, now = _values(before), _values(after)
    gone, come = [one for one in was if one not in now], [one for one in now if one not in was]
    if not gone and not come:
        gone, come = [", ".join(was)], [", ".join(now)]
    return [("-", one) for one in gone] + [("+", one) for one in come]


def _values(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    if isinstance(value, dict):
        return [f"{name}: {one}" for name, one in value.items()]
    return ["nothing"] if value is None or value == "" else [str(value)]
