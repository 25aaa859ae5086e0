"""The platforms whose webhooks we understand, by the name in their address. Only here are they named."""

from platforms.retell import webhooks as retell
from platforms.webhooks import Adapter

ADAPTERS: dict[str, Adapter] = {"retell": retell}
