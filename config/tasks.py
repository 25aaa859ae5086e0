"""Housekeeping of the whole site."""

from celery import shared_task
from django.core.management import call_command


@shared_task(slow=60.0)
def clear_sessions() -> None:
    """Drop sessions that have expired; Django keeps them for ever otherwise."""
    call_command("clearsessions")
