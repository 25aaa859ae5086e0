"""An agent's draft: kept while it is written, by however many people, and made the next version.

There is one row of it per agent, from the first word on; a draft that says what is live has no changes. Its
revision only goes up, so an editor that slept through a publication is still understood. What is published
meanwhile, by whomever, the draft takes up in all it has not changed itself.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import User
from agents import services
from agents.drafting import content, merge
from agents.drafting.content import Content
from agents.faults import Fault
from agents.models import Agent, AgentDraft, AgentVersion, DraftStep
from agents.provision import Actor

STEPS = 50  # revisions that are remembered, so that what comes late is merged and not just laid on top


class NotPublishable(Exception):
    """Something is wrong with the draft: `faults` says what."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults


class Moved(Exception):
    """The draft has another revision than the one that was looked at: `args[0]`."""


@dataclass(frozen=True, slots=True)
class Saved:
    draft: AgentDraft
    merged: bool  # it holds something that this editor has not seen yet
    conflicts: list[str] = field(default_factory=list)  # fields both changed in one place; the later is kept
    theirs: dict[str, Any] = field(default_factory=dict)  # of those: what the other made of it


@transaction.atomic
def open(agent: Agent, by: Actor) -> AgentDraft:
    """The agent's draft as it is now, made if there is none. Locked until the transaction ends."""
    # The live version is read with the draft held: who publishes holds it too.
    start = {"workspace_id": agent.workspace_id, "content": {}, "revision": 0, "edited_by": _person(by)}
    AgentDraft.objects.get_or_create(agent=agent, defaults=start)
    draft = AgentDraft.objects.select_for_update(of=("self",)).select_related("base").get(agent=agent)
    agent.refresh_from_db(fields=["live_version"])
    live = agent.live_version
    if not draft.content:
        _put(draft, content.of(live), live)
    elif draft.base_id != agent.live_version_id:
        _put(draft, _followed(draft, live), live)
    draft.content = _whole(draft)
    return draft


def look(agent: Agent) -> AgentDraft:
    """The same for reading: nothing is written, and one that is not there yet has revision 0."""
    draft = AgentDraft.objects.filter(agent=agent).select_related("base", "edited_by").first()
    return _seen(agent, draft)


def changed(agent: Agent, draft: AgentDraft | None) -> list[str]:
    """The fields in which its draft, if there is one, says something else than what is live."""
    live, told = content.of(agent.live_version), _seen(agent, draft).content
    return [name for name in content.SECTIONS if told[name] != live[name]]


def _seen(agent: Agent, draft: AgentDraft | None) -> AgentDraft:
    live = agent.live_version
    if draft is None:
        return AgentDraft(agent=agent, base=live, content=content.of(live), revision=0)
    if draft.base_id != agent.live_version_id:
        draft.content, draft.base = _followed(draft, live), live
    draft.content = _whole(draft)
    return draft


@transaction.atomic
def save(agent: Agent, changes: dict[str, Any], revision: int, by: Actor) -> Saved:
    """Take in fields as an editor has them, who last saw `revision`. What others changed meanwhile stays."""
    draft = open(agent, by)
    now = draft.content
    known = _at(draft, revision)
    merged = {
        name: merge.field(name, known[name], value, now[name]) for name, value in _fields(changes).items()
    }
    made = now | {name: one.value for name, one in merged.items()}
    conflicts = [name for name, one in merged.items() if one.conflict]
    if made != now:
        person = _person(by)
        if draft.edited_by != person or now == content.of(draft.base):
            _note("draft.edit", agent, by, {"revision": draft.revision + 1})
        draft.edited_by = person
        _put(draft, made, draft.base)
    return Saved(draft, now != known, conflicts, {name: now[name] for name in conflicts})


@transaction.atomic
def publish(agent: Agent, by: Actor, note: str, name: str = "", revision: int | None = None) -> AgentVersion:
    """Make the draft the version that answers from the next call on.

    Raises NotPublishable, and Moved if `revision` is given and the draft has another.
    """
    draft = open(agent, by)
    if revision not in (None, draft.revision):
        raise Moved(draft.revision)
    told = draft.content
    _check(agent, told, draft.base)
    version = services.publish(agent, by=_person(by), note=note, name=name, **told)
    _note("agent.publish", agent, by, {"number": version.number})
    _put(draft, told, version)
    return version


@transaction.atomic
def restore(agent: Agent, number: int, by: Actor) -> AgentVersion:
    """Publish what version `number` says once more. Raises AgentVersion.DoesNotExist, and NotPublishable
    where that cannot be said any more: a tool of it has gone."""
    draft = open(agent, by)
    version = agent.versions.get(number=number)
    told = content.of(version)
    _check(agent, told, draft.base)
    made = services.publish(agent, by=_person(by), note=f"v{number} again", name=version.name, **told)
    _note("agent.restore", agent, by, {"number": made.number, "from": number})
    _put(draft, _followed(draft, made), made)
    return made


@transaction.atomic
def discard(agent: Agent, by: Actor) -> AgentDraft:
    """Forget what was changed: the draft says what is live."""
    draft = open(agent, by)
    if draft.content != content.of(draft.base):
        _note("draft.discard", agent, by, {"revision": draft.revision})
        draft.edited_by = _person(by)
        _put(draft, content.of(draft.base), draft.base)
    return draft


def _check(agent: Agent, told: Content, live: AgentVersion | None) -> None:
    faults = [fault for fault in content.faults(agent.workspace_id, told) if fault.blocks]
    if not faults and live and told == content.of(live):
        faults = [Fault("versions", "", f"It says what v{live.number} says, which is live.")]
    if faults:
        raise NotPublishable(faults)


def _followed(draft: AgentDraft, live: AgentVersion | None) -> Content:
    """The draft's own changes, on what is live now."""
    base, mine, newest = content.of(draft.base), _whole(draft), content.of(live)
    return {name: merge.field(name, base[name], mine[name], newest[name]).value for name in base}


def _whole(draft: AgentDraft) -> Content:
    """With a value for each field that a version has today, and no other."""
    return {name: draft.content.get(name, value) for name, value in content.of(draft.base).items()}


def _at(draft: AgentDraft, revision: int) -> Content:
    """What the draft was at that revision, or what it began from where that is not remembered."""
    began = content.of(draft.base)
    step = draft.steps.filter(revision=revision).first()
    return began | step.content if step else began


def _put(draft: AgentDraft, told: Content, base: AgentVersion | None) -> None:
    draft.content, draft.base = told, base
    draft.revision += 1
    draft.save()
    DraftStep.objects.create(
        workspace_id=draft.workspace_id, draft=draft, revision=draft.revision, content=told
    )
    draft.steps.filter(revision__lte=draft.revision - STEPS).delete()


def _fields(changes: dict[str, Any]) -> Content:
    return {name: changes[name] for name in AgentVersion.CONTENT if name in changes}


def _person(by: Actor) -> User | None:
    return by if isinstance(by, User) or by is None else User.objects.filter(pk=by).first()


def _note(action: str, agent: Agent, by: Actor, detail: dict | None = None) -> None:
    audit.note(action, workspace=agent.workspace_id, actor=by, target=f"agent:{agent.pk}", detail=detail)
