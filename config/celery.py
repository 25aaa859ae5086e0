"""Slow work: the Celery application, and the timetable of what runs by itself."""

import os
from datetime import datetime
from typing import Any

from celery import Celery, Task
from celery.schedules import crontab
from celery.signals import celeryd_after_setup, setup_logging, worker_process_init, worker_process_shutdown
from django.conf import settings

from base import slow, tracing
from base.trace import bind_trace, current_trace_id, new_trace

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# They load every page and path of the API, of which workers serve none: a second, and memory in each process.
# `make check` makes them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

TIMETABLE = {
    "clear sessions": {"task": "config.tasks.clear_sessions", "schedule": crontab(hour="3", minute="30")},
    # Webhooks are applied as they come; this finds what a lost doorbell or a dead worker left. Ticks that
    # nobody was there for do not pile up.
    "apply webhooks": {"task": "webhooks.tasks.apply_pending", "schedule": 5.0, "options": {"expires": 5}},
    "guard agents": {"task": "agents.publishing.tasks.guard", "schedule": 300.0, "options": {"expires": 300}},
    # Runs begin when they are started; this finds what was in the way then.
    "play tests": {"task": "agents.testing.tasks.play", "schedule": 5.0, "options": {"expires": 5}},
    "fetch recordings": {
        "task": "calls.recordings.tasks.fetch_due",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "erase callers": {"task": "calls.privacy.tasks.erase", "schedule": 30.0, "options": {"expires": 30}},
    "enforce retention": {
        "task": "calls.privacy.tasks.enforce",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "read again": {"task": "calls.judging.tasks.read_on", "schedule": 5.0, "options": {"expires": 5}},
    # Exports begin when they are asked for; this finds what was in the way then.
    "make exports": {"task": "calls.exports.tasks.go_on", "schedule": 10.0, "options": {"expires": 10}},
    "remove exports": {
        "task": "calls.exports.tasks.remove_old",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "catch up on calls": {"task": "calls.tasks.catch_up", "schedule": 10.0, "options": {"expires": 10}},
    "add calls up": {"task": "calls.insights.tasks.settle", "schedule": 10.0, "options": {"expires": 10}},
    "add calls up again": {
        "task": "calls.insights.tasks.look_again",
        "schedule": crontab(hour="2", minute="30"),
    },
    "forget what nobody says": {
        "task": "calls.search.tasks.forget",
        "schedule": crontab(hour="3", minute="0"),
    },
}


class TracedTask(Task):
    """A task belongs to the trace of whoever asked for it; if it is slow, it needs a place (base/slow.py)."""

    abstract = True
    # Of slow work: it is asked for again in so many seconds if all places are taken. 0: by the timetable.
    slow: float | None = None

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        with tracing.span(f"send {self.name}", {"messaging.operation.type": "send"}, "producer"):
            headers = {"trace_id": current_trace_id(), "traceparent": tracing.carrier()}
            headers |= options.pop("headers", None) or {}
            return super().apply_async(args, kwargs, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        headers = self.request.headers or {}
        told = {"messaging.operation.type": "process", "earshot.retries": self.request.retries}
        with (
            bind_trace(headers.get("trace_id") or new_trace()),
            tracing.following(headers.get("traceparent") or ""),
            tracing.span(f"process {self.name}", told, "consumer"),
        ):
            return self.run(*args, **kwargs) if self.slow is None else self._in_its_place(args, kwargs)

    def _in_its_place(self, args: Any, kwargs: Any) -> Any:
        with slow.place() as ours:
            if ours:
                return self.run(*args, **kwargs)
        if self.slow:
            # For no longer than it was asked for: else the timetable's would pile up.
            expires = self.request.expires
            if isinstance(expires, str):
                expires = datetime.fromisoformat(expires)
            self.apply_async(args, kwargs, countdown=self.slow, expires=expires, retries=self.request.retries)
        return None


@celeryd_after_setup.connect
def make_places(instance: Any, **_signal: Any) -> None:
    """In a worker, before it starts its processes."""
    slow.make_places(instance.concurrency)


@worker_process_init.connect
def begin_tracing(**_signal: Any) -> None:
    """In each of a worker's processes: what sends traces is a thread, and those do not survive a fork."""
    tracing.start(settings.OTEL_EXPORTER_OTLP_ENDPOINT, "worker")


@worker_process_shutdown.connect
def end_tracing(**_signal: Any) -> None:
    tracing.stop()


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
# Packages of an app: it looks into none.
app.autodiscover_tasks(["calls.privacy"])
app.autodiscover_tasks(["agents.publishing", "agents.testing", "calls.recordings"])
app.autodiscover_tasks(["calls.exports", "calls.insights", "calls.judging", "calls.search"])
