"""What calls are found by, put in order every night: what no call has any more is forgotten.

Whoever is erased leaves none of it in the first place; this is for what was corrected or taken back.
"""

import logging
import time

from celery import shared_task
from django.db import DatabaseError

from accounts.models import Workspace
from calls import points
from calls.search import spelling

logger = logging.getLogger(__name__)

ENOUGH_SECONDS = 60.0  # the other workspaces have their turn another night


@shared_task(ignore_result=True, slow=600.0)
def forget() -> None:
    enough = time.monotonic() + ENOUGH_SECONDS
    for workspace_id in Workspace.objects.order_by("?").values_list("pk", flat=True):
        try:
            points.complete(workspace_id)
            points.sweep(workspace_id)
            spelling.forget(workspace_id)
        except DatabaseError as error:
            # By name only: it quotes rows. The others shall not wait for it.
            logger.warning("workspace %s was not put in order: %s", workspace_id, type(error).__name__)
        if time.monotonic() >= enough:
            return
