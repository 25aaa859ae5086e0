"""What an agent is told as a file, for another workspace or a repository: no ids, no keys, no addresses.

Tools go by their names and are not part of it. The models of a chain go by provider and name, and those that
are not in the other workspace are left out there, and told.
"""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from agents.drafting.content import Content
from agents.drafting.shapes import ContentChange, Name
from agents.models import Agent, LanguageModel
from base.api import Told

FORMAT = "earshot.agent/1"


class ModelName(Told):
    provider: Name = Field(examples=["OpenAI"])
    model: Name = Field(examples=["gpt-4.1"])


class FileContent(ContentChange):
    chain: list[ModelName] = Field(None, max_length=20)  # type: ignore[assignment]


class AgentFile(Told):
    format: Literal["earshot.agent/1"]
    name: str = Field(min_length=1, max_length=80, examples=["Nora"])
    topic: str = Field("", max_length=80, examples=["Billing"])
    version: int | None = Field(
        None, strict=True, description="Which it was where it comes from; null: a draft."
    )
    content: FileContent


def export(agent: Agent, told: Content, version: int | None) -> dict[str, Any]:
    """As `AgentFile` reads it."""
    named = {str(row.pk): row for row in _models(agent.workspace_id)}
    chain = [named[name] for name in told["chain"] if name in named]
    names = [{"provider": row.provider.name, "model": row.name} for row in chain]
    return {
        "format": FORMAT,
        "name": agent.name,
        "topic": agent.topic,
        "version": version,
        "content": told | {"chain": names},
    }


def content_of(workspace_id: UUID, file: AgentFile) -> tuple[dict[str, Any], list[str]]:
    """What the file says, for a draft of this workspace; and the models it names that are not here."""
    given = file.content.given()
    ids, missing = _found(workspace_id, given.get("chain", []))
    return given | {"chain": ids}, missing


def _found(workspace_id: UUID, named: Sequence[dict[str, str]]) -> tuple[list[str], list[str]]:
    here = {(row.provider.name, row.name): str(row.pk) for row in _models(workspace_id)}
    wanted = [(one["provider"], one["model"]) for one in named]
    missing = [f"{model} at {provider}" for provider, model in wanted if (provider, model) not in here]
    return [here[one] for one in wanted if one in here], missing


def _models(workspace_id: UUID) -> Any:
    return LanguageModel.objects.for_workspace(workspace_id).select_related("provider")
