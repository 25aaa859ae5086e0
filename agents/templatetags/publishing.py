"""How an agent stands at its platform, for templates."""

from importlib import import_module
from typing import Any

from django import template

from agents.models import Agent

register = template.Library()


@register.simple_tag
def platform_standing(agent: Agent) -> Any:
    """standing.of(agent). By name: every process of ours reads this file, and most draw no page."""
    return import_module("agents.publishing.standing").of(agent)
