"""What `/metrics` says: what every process of this machine has counted, and how things stand."""

import fcntl
import logging
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis
from celery import current_app
from django.conf import settings
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from observability.readiness import of_our_own

logger = logging.getLogger(__name__)

KEPT_S = 5.0
_LONGEST_MS = 2_000
_PATIENCE_S = 2.0
# Every part is a partial index's own condition, so what is settled costs nothing however much there is.
_STANDING = """
SELECT (SELECT count(*) FROM webhooks_delivery WHERE status = 'pending'),
       (SELECT count(*) FILTER (WHERE status = 'pending' AND due_at IS NOT NULL) FROM webhooks_delivery
         WHERE status = 'dead' OR (status = 'pending' AND attempts > 0)),
       (SELECT count(*) FILTER (WHERE status = 'dead') FROM webhooks_delivery
         WHERE status = 'dead' OR (status = 'pending' AND attempts > 0)),
       (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM webhooks_delivery
         WHERE status = 'pending'),
       (SELECT count(*) FROM calls_call WHERE ended_at IS NULL AND platform <> 'playground')
"""
_NAMES = (
    ("earshot_deliveries_pending", "Webhooks stored and not yet applied."),
    ("earshot_deliveries_failing", "Of those, the ones that failed at least once."),
    ("earshot_deliveries_dead", "Dead letters."),
    ("earshot_deliveries_oldest_pending_seconds", "How long the oldest pending webhook has waited."),
    ("earshot_live_calls", "Calls that are going on."),
)


def text() -> bytes:
    """All of it in Prometheus' text format. Synchronous, and may take as long as the database does (2 s)."""
    standing = CollectorRegistry()
    standing.register(_standing)
    return counted() + generate_latest(standing)


# --- What processes count ---------------------------------------------------------------------------------


def counted() -> bytes:
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return generate_latest(REGISTRY)
    with _alone(Path(folder)):
        fold_the_dead(Path(folder))
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)
        return generate_latest(registry)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process reads or folds these files meanwhile. Raises BlockingIOError if one is stuck in it."""
    deadline = time.monotonic() + _PATIENCE_S
    with (folder / "lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.01)
        yield


def fold_the_dead(folder: Path) -> None:
    """Add what ended processes have counted to one file of each kind, and forget how they were doing.

    Counts must never go down, so the files cannot simply be removed; left alone they would be one more for
    every process that ever ran.
    """
    for path in folder.glob("*.db"):
        kind, *_, pid = path.stem.split("_")
        if pid == "0" or _is_alive(int(pid)):
            continue
        if kind == "gauge":
            mark_process_dead(int(pid), str(folder))
        else:
            _fold(path, folder / f"{kind}_0.db")


def _fold(path: Path, into: Path) -> None:
    total = MmapedDict(str(into))
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
            before, _ = total.read_value(key)
            total.write_value(key, before + value, 0.0)
        path.unlink()
    finally:
        total.close()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


# --- How things stand -------------------------------------------------------------------------------------


class Standing(Collector):
    """Read at a scrape, and at most every few seconds."""

    def __init__(self) -> None:
        self._kept: tuple[float, list[Metric]] = (0.0, [])

    def collect(self) -> Iterator[Metric]:
        until, families = self._kept
        if time.monotonic() > until:
            families = [*_in_database(), *_in_queues(), _build()]
            self._kept = (time.monotonic() + KEPT_S, families)
        yield from families


_standing = Standing()


def _in_database() -> Iterator[Metric]:
    try:
        with psycopg.connect(**of_our_own()) as asked:
            asked.execute(f"SET statement_timeout = {_LONGEST_MS}")
            values = asked.execute(_STANDING).fetchone()
    except psycopg.Error as error:
        logger.warning("metrics without the database: %s", type(error).__name__)
        yield GaugeMetricFamily("earshot_database_up", "Whether the database could be asked.", 0)
        return
    yield GaugeMetricFamily("earshot_database_up", "Whether the database could be asked.", 1)
    for (name, meaning), value in zip(_NAMES, values, strict=True):
        yield GaugeMetricFamily(name, meaning, float(value))


def _in_queues() -> Iterator[Metric]:
    try:
        lengths = queue_lengths()
    except redis.RedisError as error:
        logger.warning("metrics without Redis: %s", type(error).__name__)
        return
    family = GaugeMetricFamily("earshot_queue_length", "Tasks that wait for a worker.", labels=["queue"])
    for name, length in lengths.items():
        family.add_metric([name], length)
    yield family


def queue_lengths() -> dict[str, int]:
    """Queue → tasks that wait in it. Raises RedisError."""
    names = sorted(current_app.amqp.queues)
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        pipeline = client.pipeline(transaction=False)
        for name in names:
            pipeline.llen(name)
        return dict(zip(names, pipeline.execute(), strict=True))


def _build() -> Metric:
    family = GaugeMetricFamily("earshot_build", "What runs here.", labels=["static_version", "python"])
    family.add_metric([settings.STATIC_VERSION, platform.python_version()], 1)
    return family
