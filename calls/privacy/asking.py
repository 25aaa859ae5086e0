"""Asking for an erasure: it is written down, and a worker is rung for."""

import logging

from django.db import transaction
from kombu.exceptions import OperationalError

from accounts.access import Viewer
from calls.models import Erasure
from calls.privacy import erasing, tasks

logger = logging.getLogger(__name__)


@transaction.atomic
def ask(caller: str, *, by: Viewer) -> Erasure:
    """Have a number as somebody types it erased. Raises Faulty."""
    erasure = erasing.ask(by.workspace_id, caller, by=by)
    transaction.on_commit(_ring)
    return erasure


def _ring() -> None:
    try:
        tasks.erase.apply_async(retry=False)
    except OperationalError:
        logger.warning("an erasure waits for the timetable: Redis is away")
