"""What a process counts about itself, read by Prometheus. Any room may count; `/metrics` shows all of it.

With PROMETHEUS_MULTIPROC_DIR (which `manage.py up` sets) every process counts into files of its own there,
and any web process answers for all. One `inc` then costs about 1 µs and one `observe` 2 µs, 1 µs more where
the labels are looked up each time: keep the labelled child where it is hot.
"""

from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

# From a webhook's answer to a long task.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


def counter(name: str, meaning: str, *labels: str) -> Counter:
    """Something that only goes up. `name` without our prefix: "webhook_answers"."""
    return Counter(f"earshot_{name}", meaning, labels)


def seconds(name: str, meaning: str, *labels: str) -> Histogram:
    """How long something took. `name` ends in "_seconds"."""
    return Histogram(f"earshot_{name}", meaning, labels, buckets=SECONDS)


def histogram(name: str, meaning: str, buckets: Sequence[float], *labels: str) -> Histogram:
    """Anything else that comes in sizes; its unit is the end of its name."""
    return Histogram(f"earshot_{name}", meaning, labels, buckets=buckets)


def level(name: str, meaning: str) -> Gauge:
    """Something that goes up and down, added up over the processes that are alive."""
    return Gauge(f"earshot_{name}", meaning, multiprocess_mode="livesum")


def worst(name: str, meaning: str) -> Gauge:
    """Something of which the worst process counts, among those that are alive."""
    return Gauge(f"earshot_{name}", meaning, multiprocess_mode="livemax")


class Few:
    """Labels that people make up: the first `most` as they are, every other as "other". Each costs memory for
    as long as a process lives, and whoever names things could name them without end."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[tuple[str, ...]] = set()

    def __call__(self, *names: str) -> tuple[str, ...]:
        if names not in self._known:
            if len(self._known) >= self._most:
                return ("other",) * len(names)
            self._known.add(names)
        return names
