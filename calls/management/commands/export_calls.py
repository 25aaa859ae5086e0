import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from accounts.models import Workspace
from base.errors import Faulty
from calls import exports, saved
from calls.exports import writing
from calls.filters import UTC_NAME, known_zone
from calls.models import Export
from calls.personal.seeing import NOTHING

PROGRESS_EVERY = 1_000


class Command(BaseCommand):
    help = "Write the calls of a list to a file or to standard output, the newest first."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--workspace", required=True, help="its id or its name")
        parser.add_argument("--query", default="", help="as the page’s address has it: status=failed&when=7d")
        parser.add_argument("--tz", default=UTC_NAME, help="whose days the query means: an IANA time zone")
        parser.add_argument("--format", choices=Export.Format.values, default=Export.Format.JSONL)
        parser.add_argument("--columns", default="", help="their names with commas between; the usual ones")
        parser.add_argument("--turns", action="store_true", help="what was said, too")
        parser.add_argument("--out", type=Path, help="a file that is not there yet; standard output without")

    def handle(self, *, workspace: str, query: str, tz: str, out: Path | None, **options: Any) -> None:
        workspace_id = _workspace(workspace)
        if not known_zone(tz):
            raise CommandError("There is no such --tz.")
        try:
            rows = exports.rows_of(saved.read(query), workspace_id, tz)
            columns = exports.columns_of(
                [name for name in options["columns"].split(",") if name],
                workspace_id,
                turns=options["turns"],
                sees_words=True,
            )
        except Faulty as error:
            raise CommandError("; ".join(f"{name}: {why}" for name, why in error.faults.items())) from error
        done = told = 0
        with ExitStack() as files:
            target = _target(out, files)
            for text, calls, _ in writing.pieces(rows, columns, options["format"], NOTHING):
                target.write(text)
                done += calls
                if done >= told + PROGRESS_EVERY:
                    told = done
                    self.stderr.write(f"{done:,} calls written")
            target.flush()
        self.stderr.write(f"{done:,} calls exported.")


def _target(out: Path | None, files: ExitStack) -> IO[bytes]:
    if out is None:
        return sys.stdout.buffer
    try:
        # What callers said is for nobody else on the machine.
        out.touch(mode=0o600, exist_ok=False)
        return files.enter_context(out.open("wb"))
    except OSError as error:
        raise CommandError(f"{out} cannot be written: {error.strerror}.") from error


def _workspace(wanted: str) -> UUID:
    try:
        chosen = Q(pk=UUID(wanted))
    except ValueError:
        chosen = Q(name=wanted)
    found = list(Workspace.objects.filter(chosen).values_list("pk", flat=True)[:2])
    if not found:
        raise CommandError("There is no such --workspace.")
    if len(found) > 1:
        raise CommandError("More than one workspace has that name: give the id of one.")
    return found[0]
