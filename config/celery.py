"""Slow work: the Celery application, and the timetable of what runs by itself."""

import os
from typing import Any

from celery import Celery, Task
from celery.schedules import crontab
from celery.signals import setup_logging
from django.conf import settings

from base.trace import bind_trace, current_trace_id, new_trace

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

TIMETABLE = {
    "clear sessions": {"task": "config.tasks.clear_sessions", "schedule": crontab(hour="3", minute="30")},
    # Webhooks are applied as they come; this finds what a lost doorbell or a dead worker left. Ticks that
    # nobody was there for do not pile up.
    "apply webhooks": {"task": "webhooks.tasks.apply_pending", "schedule": 5.0, "options": {"expires": 5}},
}


class TracedTask(Task):
    """A task belongs to the trace of whoever asked for it."""

    abstract = True

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        headers = {"trace_id": current_trace_id()} | (options.pop("headers", None) or {})
        return super().apply_async(args, kwargs, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        headers = self.request.headers or {}
        with bind_trace(headers.get("trace_id") or new_trace()):
            return self.run(*args, **kwargs)


@setup_logging.connect
def keep_our_logging(**_signal: Any) -> None:
    """With somebody connected here, Celery leaves the log as settings.LOGGING has it."""


def broker_url(redis_url: str) -> str:
    """Celery's own spelling of a Redis on a Unix socket; other addresses are the same."""
    if not redis_url.startswith("unix://"):
        return redis_url
    path, _, query = redis_url.removeprefix("unix://").partition("?")
    return f"redis+socket://{path}?virtual_host={query.removeprefix('db=') or 0}"


app = Celery("earshot", task_cls=TracedTask)
app.set_default()  # tasks may be asked for from any thread
app.conf.update(
    broker_url=broker_url(settings.REDIS_URL),
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 900},  # longer than any task may run
    result_backend=None,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    # A killed worker's task is done again by another, so tasks must bear being done twice.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_soft_time_limit=240,
    task_time_limit=300,
    # Asking for work must not hold up an answer when Redis is away.
    task_publish_retry_policy={
        "max_retries": 2,
        "interval_start": 0,
        "interval_step": 0.2,
        "interval_max": 0.5,
    },
    worker_cancel_long_running_tasks_on_connection_loss=True,
    timezone="UTC",
    beat_schedule=TIMETABLE,
    beat_schedule_filename=str(settings.EARSHOT_HOME / "beat-schedule"),
)
app.autodiscover_tasks()
