"""The platforms whose webhooks we understand, and those that agents are put on. Only here are they named."""

from platforms.agents import Home
from platforms.retell import agents as retell_agents
from platforms.retell import webhooks as retell
from platforms.webhooks import Adapter

ADAPTERS: dict[str, Adapter] = {"retell": retell}
HOMES: dict[str, Home] = {"retell": retell_agents}
