"""How an agent stands at its platform, for templates."""

from django import template

from agents.models import Agent
from agents.publishing import standing
from agents.publishing.standing import Standing

register = template.Library()


@register.simple_tag
def platform_standing(agent: Agent) -> Standing:
    return standing.of(agent)
