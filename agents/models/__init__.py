"""How an agent behaves: its versions, its tools, the models it may use, and every call made to one."""

from agents.models.agents import (
    Agent,
    AgentDraft,
    AgentVersion,
    DraftStep,
    PlatformCopy,
    Tool,
    VersionIsFinal,
    new_agent_key,
    tool_name,
)
from agents.models.providers import LanguageModel, Provider, Tier
from agents.models.spending import Budget, ModelCall
from agents.models.testing import AgentTest, AgentTestResult, AgentTestRun, ToolsFrom

__all__ = [
    "Agent",
    "AgentDraft",
    "AgentTest",
    "AgentTestResult",
    "AgentTestRun",
    "AgentVersion",
    "Budget",
    "DraftStep",
    "LanguageModel",
    "ModelCall",
    "PlatformCopy",
    "Provider",
    "Tier",
    "Tool",
    "ToolsFrom",
    "VersionIsFinal",
    "new_agent_key",
    "tool_name",
]
