"""A version that is published goes to the platform, if the agent is there; so does a new address of ours."""

from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver

from agents.models import PlatformCopy
from agents.publishing.tasks import catch_up
from agents.signals import agent_changed


@receiver(agent_changed)
def put_on_the_platform(agent_id: UUID, **_signal: Any) -> None:
    if PlatformCopy.objects.filter(agent_id=agent_id).exists():
        # Nobody's publication fails because Redis is away: the guard's next round finds it too.
        transaction.on_commit(partial(catch_up.delay, str(agent_id)), robust=True)
