"""What rooms and packages further out are told of, with ids only."""

from django.dispatch import Signal

# What a platform is to have of an agent is another now: `agent_id`. Sent in the transaction that does it.
agent_changed = Signal()
