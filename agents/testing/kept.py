"""An agent's tests as people keep them: written, changed, deleted. All of it is audited, without words."""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.models import User
from agents.models import Agent, AgentTest, ToolsFrom
from agents.provision import Actor
from agents.testing import forms
from base.errors import Faulty


@transaction.atomic
def create(agent: Agent, fields: dict[str, Any], *, by: Actor, source_call: UUID | None = None) -> AgentTest:
    """`fields`: columns of AgentTest. Raises Faulty."""
    Agent.objects.select_for_update(of=("self",)).get(pk=agent.pk)
    if agent.tests.count() >= forms.MOST_TESTS:
        raise Faulty({"name": f"An agent has {forms.MOST_TESTS} tests at most."})
    test = AgentTest(
        workspace_id=agent.workspace_id,
        agent=agent,
        tools=ToolsFrom.RECORDED,
        source_call=source_call,
        created_by=by if isinstance(by, User) else User.objects.filter(pk=by).first(),
    )
    _put(test, {"checks": [], "start": 0} | fields)
    test.save()
    _note("test.create", test, by)
    return test


@transaction.atomic
def edit(test: AgentTest, fields: dict[str, Any], *, by: Actor) -> AgentTest:
    """Likewise; what is not in `fields` stays."""
    Agent.objects.select_for_update(of=("self",)).get(pk=test.agent_id)
    locked = AgentTest.objects.select_for_update(of=("self",)).get(pk=test.pk)
    _put(locked, fields)
    locked.save()
    _note("test.edit", locked, by, {"changed": sorted(fields)})
    return locked


@transaction.atomic
def delete(test: AgentTest, *, by: Actor) -> None:
    """How it went stays with the runs."""
    _note("test.delete", test, by)
    test.delete()


def _put(test: AgentTest, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(test, name, value)
    found = forms.faults(test.conversation, test.start, test.checks)
    others = AgentTest.objects.filter(agent_id=test.agent_id, name=test.name).exclude(pk=test.pk)
    if others.exists():
        found = {"name": "Another test of this agent has that name."} | found
    if found:
        raise Faulty(found)
    test.conversation = [forms.as_kept(entry) for entry in test.conversation]
    test.checks = [forms.as_asked(check) for check in test.checks]


def _note(action: str, test: AgentTest, by: Actor, detail: dict | None = None) -> None:
    told = {"test": str(test.pk)} | (detail or {})
    audit.note(action, workspace=test.workspace_id, actor=by, target=f"agent:{test.agent_id}", detail=told)
