"""What calls were found by and no call has any more: forgotten every night.

Whoever is erased leaves none of it in the first place; this is for what was corrected or taken back.
"""

import time

from celery import shared_task

from accounts.models import Workspace
from calls import points
from calls.search import spelling

ENOUGH_SECONDS = 60.0  # the other workspaces have their turn another night


@shared_task(ignore_result=True, slow=600.0)
def forget() -> None:
    enough = time.monotonic() + ENOUGH_SECONDS
    for workspace_id in Workspace.objects.order_by("?").values_list("pk", flat=True):
        points.sweep(workspace_id)
        spelling.forget(workspace_id)
        if time.monotonic() >= enough:
            return
