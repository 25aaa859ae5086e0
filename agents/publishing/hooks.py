"""A version that is published goes to the platform, if the agent is there; so does a new address of ours."""

from functools import partial
from importlib import import_module
from typing import Any
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver

from agents.models import PlatformCopy
from agents.signals import agent_changed


@receiver(agent_changed)
def put_on_the_platform(agent_id: UUID, **_signal: Any) -> None:
    if PlatformCopy.objects.filter(agent_id=agent_id).exists():
        # Nobody's publication fails because Redis is away: the guard's next round finds it too.
        transaction.on_commit(partial(ask_for_it, str(agent_id)), robust=True)


def ask_for_it(agent_id: str) -> None:
    # By name: every process of ours reads this file, and most never publish.
    import_module("agents.publishing.tasks").catch_up.delay(agent_id)
