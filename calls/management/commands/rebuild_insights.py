import time
from argparse import ArgumentParser
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from accounts.models import Workspace
from calls.insights import tallies


class Command(BaseCommand):
    help = (
        "Add up what calls come to anew, a week at a time. Hours that retention has touched stay as they are."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", default="", help="one workspace: its id or its name; else all")
        parser.add_argument("--since", default="", help="only what began on this day (UTC) or later")

    def handle(self, *, workspace: str, since: str, **options: Any) -> None:
        began, total = time.monotonic(), 0
        first = _day(since) if since else None
        for one in _workspaces(workspace):
            for until, calls in tallies.rebuild(one.pk, first):
                total += calls
                self.stdout.write(f"{one}: {calls:,} calls until {until:%Y-%m-%d %H:%M} UTC")
        self.stdout.write(f"{total:,} calls added up in {time.monotonic() - began:.1f} s.")


def _workspaces(named: str) -> list[Workspace]:
    if not named:
        return list(Workspace.objects.order_by("created_at"))
    which = Q(name=named)
    with suppress(ValueError):
        which |= Q(pk=UUID(named))
    found = list(Workspace.objects.filter(which))
    if len(found) != 1:
        raise CommandError(f"There {'is no' if not found else 'is more than one'} workspace {named}.")
    return found


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise CommandError("--since: give a day as 2026-11-20.") from error
