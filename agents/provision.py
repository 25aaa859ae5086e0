"""Agents, tools, providers and models as people manage them: made, edited, removed. All of it is audited.

The audit log is given ids and which settings changed; never a name, an address or a key.
"""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.models import User, Workspace
from agents.models import Agent, LanguageModel, Provider, Tool

Actor = User | UUID | None  # a person, or the id of one or of an API token
Managed = Agent | Provider | LanguageModel | Tool
KINDS = {Agent: "agent", Provider: "provider", LanguageModel: "model", Tool: "tool"}


@transaction.atomic
def create_agent(workspace: Workspace | UUID, fields: dict[str, Any], *, by: Actor) -> Agent:
    """`fields`: columns of Agent. It has no version yet, so it answers nobody."""
    agent = Agent.objects.create(workspace_id=getattr(workspace, "pk", workspace), **fields)
    _note("agent.create", agent, by)
    return agent


@transaction.atomic
def create_provider(workspace: Workspace | UUID, fields: dict[str, Any], *, by: Actor) -> Provider:
    """`fields`: name, kind, base_url, api_key, enabled. Raises IntegrityError for a name that is taken."""
    workspace_id = getattr(workspace, "pk", workspace)
    provider = Provider.objects.create(workspace_id=workspace_id, **fields)
    _note("provider.create", provider, by, {"kind": provider.kind})
    return provider


@transaction.atomic
def create_model(provider: Provider, fields: dict[str, Any], *, by: Actor) -> LanguageModel:
    """`fields`: columns of LanguageModel. Raises IntegrityError for a name that is taken."""
    model = LanguageModel.objects.create(workspace_id=provider.workspace_id, provider=provider, **fields)
    _note("model.create", model, by, {"provider": str(provider.pk), "tier": model.tier})
    return model


@transaction.atomic
def create_tool(workspace: Workspace | UUID, fields: dict[str, Any], *, by: Actor) -> Tool:
    """`fields`: columns of Tool. Raises IntegrityError for a name that is taken."""
    tool = Tool.objects.create(workspace_id=getattr(workspace, "pk", workspace), **fields)
    _note("tool.create", tool, by, {"method": tool.method})
    return tool


@transaction.atomic
def edit(row: Managed, fields: dict[str, Any], *, by: Actor) -> list[str]:
    """Change what is another than it was, and say what that is. Models are asked so within five seconds."""
    changed = [name for name, value in fields.items() if getattr(row, name) != value]
    if changed:
        for name in changed:
            setattr(row, name, fields[name])
        row.save(update_fields=changed)
        _note(f"{_kind(row)}.edit", row, by, {"changed": sorted(changed)})
    return changed


@transaction.atomic
def delete(row: Managed, *, by: Actor) -> None:
    """Remove it; a provider goes with its models, an agent with its versions. What they have cost stays."""
    _note(f"{_kind(row)}.delete", row, by)
    row.delete()


def _kind(row: Managed) -> str:
    return KINDS[type(row)]


def _note(action: str, row: Managed, by: Actor, detail: dict | None = None) -> None:
    audit.note(action, workspace=row.workspace_id, actor=by, target=f"{_kind(row)}:{row.pk}", detail=detail)
