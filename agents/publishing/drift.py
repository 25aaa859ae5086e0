"""What is on the platform against what we have put there; and what is done about it."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from agents import services
from agents.drafting import content
from agents.models import Agent, AgentVersion, PlatformCopy
from agents.provision import Actor
from agents.publishing.alone import alone, asked
from agents.publishing.push import failed, fresh, is_pending, push, wanted_settings
from agents.publishing.wanted import added, home_of, ids_of
from platforms.agents import Settings
from platforms.errors import NotThere, PlatformError, Unpublishable

_TEXTS, _NUMBERS = ("prompt", "first_message", "voice", "language"), ("speed", "temperature")


class NoCopy(Exception):
    """The agent was never put on a platform, or is guarded no longer. The message says so to people."""


def check(agent: Agent, wait_s: float = 10.0) -> PlatformCopy:
    """Read the agent there and note what differs. If it cannot be read, the copy says so too, and what was
    known before stays: that is no drift. Raises NoCopy, PlatformError, Unpublishable and Busy."""
    with alone(agent, wait_s):
        agent, copy = fresh(agent), _copy(agent)
        try:
            _note(agent, copy, _read(agent))
        except (PlatformError, Unpublishable) as error:
            failed(copy, error)
            raise
        return copy


def keep(agent: Agent, by: Actor) -> AgentVersion | None:
    """Say what the platform says: in a new version what a version can say; the rest is left to the platform.

    None: no version was needed. Raises NoCopy, Unpublishable, PlatformError and Busy.
    """
    with alone(agent):
        agent, copy = fresh(agent), _copy(agent)
        home, _ = home_of(agent)
        theirs = _read(agent)
        names = home.differing(copy.ours, theirs)
        if not names:
            _note(agent, copy, theirs)
            return None
        with transaction.atomic():
            version = _say_theirs(agent, copy, theirs, names, by)
            _note(agent, copy, theirs)
        return version


def put_back(agent: Agent, by: Actor) -> PlatformCopy:
    """Put what our live version says there once more. Raises NoCopy and what push() raises."""
    _copy(agent)
    return push(agent, by, act="agent.drift_put_back")


def _say_theirs(
    agent: Agent, copy: PlatformCopy, theirs: Settings, names: Iterable[str], by: Actor
) -> AgentVersion | None:
    live, was_there = agent.live_version, copy.version_id
    said = sayable(agent, copy.ours, theirs, names)
    kept = set(said)
    if "answered_by" in names and agent.hosting == Agent.Hosting.PLATFORM and "prompt" in theirs:
        agent.platform_llm_id = theirs[
            "answered_by"
        ]  # another model there, which is ours to change from now on
        agent.save(update_fields=["platform_llm_id"])
        kept.add("answered_by")
    version = None
    if said:
        person = User.objects.filter(pk=getattr(by, "pk", by)).first()
        note = f"Kept from {agent.connection}: {', '.join(sorted(said))}"
        version = services.publish(agent, by=person, note=note[:200], **said)
        if live and was_there == live.pk:
            copy.version = version  # it is there: it came from there
    now = wanted_settings(agent)
    copy.ours = copy.ours | {name: now[name] if name in kept else None for name in names}
    copy.save(update_fields=["version", "ours"])
    audit.note(
        "agent.drift_keep",
        workspace=agent.workspace_id,
        actor=by,
        target=f"agent:{agent.pk}",
        detail={"kept": sorted(kept), "left": sorted(set(names) - kept)},
    )
    return version


def sayable(agent: Agent, ours: Settings, theirs: Settings, names: Iterable[str]) -> dict[str, object]:
    """What of theirs a version can say, by its fields."""
    live = agent.live_version
    found: dict[str, object] = {}
    for name in names:
        value = theirs[name]
        if name in _TEXTS and isinstance(value, str):
            found[name] = value
        elif name in _NUMBERS and isinstance(value, int | float):
            found[name] = float(value)
        elif name == "variables" and live and isinstance(value, dict):
            ready = added(agent, live)
            found[name] = {key: text for key, text in value.items() if ready.get(key) != text}
        elif name == "tools" and (kept := _tools(agent, ours[name], value)) is not None:
            found[name] = kept
    told = content.of(live) | found
    wrong = {fault.field for fault in content.faults(agent.workspace_id, told) if fault.blocks}
    return {name: value for name, value in found.items() if name not in wrong}


def _tools(agent: Agent, ours: list, theirs: object) -> list[str] | None:
    """Our names of their tools, if each of them is one that we had put there, as we had put it."""
    home, _ = home_of(agent)
    put = {tool["name"]: tool for tool in ours}
    found = []
    for tool in theirs if isinstance(theirs, list) else [None]:
        name = tool.get("name") if isinstance(tool, dict) else None
        if name not in put or home.differing({"tools": [put[name]]}, {"tools": [tool]}):
            return None
        found.append(name.replace("__", "."))
    return found


def _note(agent: Agent, copy: PlatformCopy, theirs: Settings) -> None:
    home, _ = home_of(agent)
    copy.theirs, copy.checked_at = theirs, timezone.now()
    copy.differences = home.differing(copy.ours, theirs)
    if not is_pending(agent, copy):
        copy.error = ""
    copy.save(update_fields=["theirs", "checked_at", "differences", "error"])


def _read(agent: Agent) -> Settings:
    home, account = home_of(agent)
    try:
        return asked(home.read(account, ids_of(agent)))
    except NotThere as error:
        raise Unpublishable(f"{home.NAME} knows no agent {agent.platform_agent_id} any more.") from error


def _copy(agent: Agent) -> PlatformCopy:
    copy = PlatformCopy.objects.filter(agent=agent).first()
    if copy is None:
        raise NoCopy("This agent is on no platform yet: put it there first.")
    return copy
