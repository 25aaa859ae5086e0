"""What is at a platform, fit to be shown."""

import re

from agents.models import Agent
from platforms.agents import Settings

_KEY = re.compile(r"(/voice/[^/]+/)[^/?#]+")  # of any agent of ours: theirs may be led to another's socket


def without_key(agent: Agent, settings: Settings) -> Settings:
    """Whoever knows the whole address of our socket can speak as the platform."""
    answered_by = settings.get("answered_by")
    if not isinstance(answered_by, str):
        return settings
    return settings | {"answered_by": _KEY.sub(r"\1…", answered_by).replace(agent.key, "…")}
