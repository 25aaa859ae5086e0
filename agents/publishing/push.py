"""Putting an agent on its platform: what its live version says, or the same once more."""

from django.db import transaction
from django.utils import timezone

from accounts import audit
from agents.models import Agent, PlatformCopy
from agents.provision import Actor
from agents.publishing.alone import alone, asked
from agents.publishing.rests import rest_of
from agents.publishing.wanted import home_of, ids_of, wanted
from platforms.agents import Ids, Settings
from platforms.errors import PlatformError, Unpublishable

LONGEST_ERROR = 200


def push(agent: Agent, by: Actor, *, act: str = "agent.push") -> PlatformCopy:
    """Have the platform make its next calls with the live version; the agent is made there if it is not.

    All of our settings are put, also those that were left as the platform had them. Raises Unpublishable,
    PlatformError and Busy.
    """
    with alone(agent):
        return _put(fresh(agent), by, act, left=set())


def catch_up(agent: Agent) -> bool:
    """Put what is not there yet, for nobody in particular: a version published since, a new address of ours.

    Settings that are left to the platform are, and what fails is said on the copy and tried again, ever less
    often. Whether anything was put.
    """
    if rest_of(agent).is_on():
        return False
    with alone(agent):
        agent = fresh(agent)
        copy = PlatformCopy.objects.filter(agent=agent).first()
        if copy is None or not is_pending(agent, copy):
            return False
        left = {name for name, value in copy.ours.items() if value is None}
        waiting = copy.differences if copy.version_id == agent.live_version_id else []
        try:
            _put(agent, None, "agent.push", left, {name: copy.ours[name] for name in waiting})
        except (PlatformError, Unpublishable) as error:
            failed(copy, error)
            rest_of(agent).take()
            return False
    return True


def forget(agent: Agent, by: Actor) -> None:
    """Guard the agent no longer. What is on the platform stays as it is."""
    with alone(agent), transaction.atomic():
        removed, _ = PlatformCopy.objects.filter(agent=agent).delete()
        if removed:
            audit.note(
                "agent.forget_copy", workspace=agent.workspace_id, actor=by, target=f"agent:{agent.pk}"
            )


def fresh(agent: Agent) -> Agent:
    """As it is by now: somebody else's turn may have been before ours."""
    return Agent.objects.select_related("connection", "live_version", "workspace").get(pk=agent.pk)


def wanted_settings(agent: Agent) -> Settings:
    """What would be put now. Raises Unpublishable."""
    home, _ = home_of(agent)
    if agent.live_version is None:
        raise Unpublishable("Publish a version first.")
    return home.settings(wanted(agent, agent.live_version), ids_of(agent))


def is_pending(agent: Agent, copy: PlatformCopy) -> bool:
    """Whether the platform has something older than what we would put. What others changed there is no
    reason: it is for people to keep it or to put ours back."""
    if copy.version_id != agent.live_version_id:
        return True
    try:
        now = wanted_settings(agent)
    except Unpublishable:
        return not copy.differences
    rest = {name: value for name, value in now.items() if name not in copy.differences}
    return any(copy.ours.get(name, ...) not in (None, value) for name, value in rest.items())


def failed(copy: PlatformCopy, error: Exception) -> None:
    """Say on the copy what went wrong. What was known of it stays."""
    copy.error = str(error)[:LONGEST_ERROR]
    copy.save(update_fields=["error"])


def _put(agent: Agent, by: Actor, act: str, left: set[str], waiting: Settings | None = None) -> PlatformCopy:
    """`left`: settings that are theirs to say; `waiting`: as we had put what others have changed, which
    people have yet to keep or to put back."""
    home, account = home_of(agent)
    waiting = waiting or {}
    left = left | set(waiting)
    settings = _without(wanted_settings(agent), left)
    version = agent.live_version
    _know(agent, asked(home.make(account, ids_of(agent), settings)))
    settings = _without(wanted_settings(agent), left)  # with the ids of what was made
    asked(home.put(account, ids_of(agent), settings, f"Earshot v{version.number}"))
    theirs = asked(home.read(account, ids_of(agent)))
    settings |= waiting
    now = timezone.now()
    with transaction.atomic():
        fields = {"workspace_id": agent.workspace_id, "version": version, "ours": settings, "theirs": theirs}
        fields |= {"differences": home.differing(settings, theirs), "error": ""}
        before = PlatformCopy.objects.filter(agent=agent).first()
        copy, _ = PlatformCopy.objects.update_or_create(
            agent=agent, defaults=fields | {"put_at": now, "checked_at": now}
        )
        detail = {
            "version": version.number,
            "over": [name for name in before.differences if name not in waiting] if before else [],
        }
        audit.note(act, workspace=agent.workspace_id, actor=by, target=f"agent:{agent.pk}", detail=detail)
    rest_of(agent).end()
    return copy


def _without(settings: Settings, left: set[str]) -> Settings:
    return {name: None if name in left else value for name, value in settings.items()}


def _know(agent: Agent, ids: Ids) -> None:
    """Remember at once what was made: it would be made again and again otherwise."""
    if ids != ids_of(agent):
        agent.platform_agent_id, agent.platform_llm_id = ids.agent, ids.llm
        agent.save(update_fields=["platform_agent_id", "platform_llm_id"])
