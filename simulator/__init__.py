"""A stand-in for the outside world: a voice platform, two model vendors, a tools server, and callers.

It speaks to Earshot over HTTP and WebSocket only, and knows nothing of it.
"""

from simulator.pace import Timing
from simulator.platform.mishaps import Mishaps
from simulator.platform.studio import agent_id
from simulator.platform.webhooks import Target
from simulator.world import API_KEY, World

__all__ = ["API_KEY", "Mishaps", "Target", "Timing", "World", "agent_id"]
