"""Recordings are fetched by the timetable: nobody rings, so nothing is lost with a message."""

import time

from celery import shared_task

from base.turns import one_at_a_time
from calls.recordings.fetching import WITHIN_S, due, fetch

BATCH = 20
ENOUGH_SECONDS = 8.0  # others wait for this place too; the timetable comes by again
# One is fetched at a time, so that a platform that hangs takes one place only; longer than one takes.
FETCHING, FETCHING_SECONDS = "calls:recordings:fetching", WITHIN_S + 80


@shared_task(ignore_result=True, slow=0)
def fetch_due() -> None:
    """Those that wait, one after the other while there is time."""
    if not due().exists():
        return
    with one_at_a_time(FETCHING, FETCHING_SECONDS) as ours:
        enough = time.monotonic() + ENOUGH_SECONDS
        for recording in due().select_related("call")[: BATCH if ours else 0]:
            fetch(recording)
            if time.monotonic() > enough or not ours.goes_on():
                return
