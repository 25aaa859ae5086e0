"""How Celery's tasks go: by name, how they ended and how long they took. Connected in apps.py."""

import time
from typing import Any

from celery.signals import task_postrun, task_prerun

from base import meters

SECONDS = meters.seconds("task_seconds", "Tasks, by how they ended.", "task", "state")

_began: dict[str, float] = {}  # of the tasks that run now


@task_prerun.connect
def begins(task_id: str, **_signal: Any) -> None:
    _began[task_id] = time.monotonic()


@task_postrun.connect
def ends(task_id: str, task: Any, state: str | None = None, **_signal: Any) -> None:
    began = _began.pop(task_id, None)
    if began is not None:
        SECONDS.labels(task.name, (state or "unknown").lower()).observe(time.monotonic() - began)
