"""What is at a platform, fit to be shown."""

from agents.models import Agent
from platforms.agents import Settings


def without_key(agent: Agent, settings: Settings) -> Settings:
    """Whoever knows the whole address of our socket can speak as the platform."""
    answered_by = settings.get("answered_by")
    shown = {"answered_by": answered_by.replace(agent.key, "…")} if isinstance(answered_by, str) else {}
    return settings | shown
