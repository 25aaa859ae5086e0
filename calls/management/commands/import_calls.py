import zlib
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from agents.models import Agent
from calls import imported

PROGRESS_EVERY = 500


class Command(BaseCommand):
    help = "Import calls from a file of JSON Lines, plain or gzipped. What is here already stays as it is."

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path, help="calls, one JSON object a line (docs/import.md)")
        parser.add_argument("--agent", required=True, help="the agent they were with: its id or its name")

    def handle(self, *, file: Path, agent: str, **options: Any) -> None:
        new = known = refused = said = 0
        try:
            for taken in imported.take_in(file, _agent(agent)):
                new, known = new + taken.new, known + taken.known
                for each in taken.refused:
                    self.stderr.write(f"line {each.line}: {each.reason}")
                refused += len(taken.refused)
                if (done := new + known + refused) >= said + PROGRESS_EVERY:
                    said = done
                    self.stderr.write(f"{done:,} lines read")
        except (OSError, EOFError, zlib.error) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise CommandError(f"{file} cannot be read: {why}. {_sum(new, known, refused)}") from error
        self.stdout.write(_sum(new, known, refused))
        if refused:
            raise CommandError(f"{refused:,} of the lines could not be read.")


def _sum(new: int, known: int, refused: int) -> str:
    return f"{new:,} calls imported, {known:,} were here already, {refused:,} lines refused."


def _agent(wanted: str) -> Agent:
    try:
        chosen = Q(pk=UUID(wanted))
    except ValueError:
        chosen = Q(name=wanted)
    found = list(Agent.objects.filter(chosen)[:2])
    if not found:
        raise CommandError("There is no such --agent.")
    if len(found) > 1:
        raise CommandError("More than one agent has that name: give the id of one as --agent.")
    return found[0]
