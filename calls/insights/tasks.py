"""Adding up, by the timetable."""

from celery import shared_task

from calls.insights import tallies

ENOUGH_SECONDS = 4.0  # others wait for this worker too; the timetable comes by again


@shared_task(ignore_result=True)
def settle() -> None:
    """The hours in which something has changed; of a long past so many as there is time for."""
    tallies.settle(ENOUGH_SECONDS)


@shared_task(ignore_result=True, slow=60.0)
def look_again() -> None:
    """Every night: what was written beside calls that were over, or moved them."""
    tallies.look_again()
