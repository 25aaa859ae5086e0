from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from accounts.models import Workspace
from base.errors import Faulty
from calls.privacy import erasing, numbers


class Command(BaseCommand):
    help = "Erase one caller everywhere: their calls, and what is written of their number beside them."

    def add_arguments(self, parser) -> None:
        parser.add_argument("number", help="with its country's code: +447700900142")
        parser.add_argument("--workspace", required=True, help="whose caller: its id or its name")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")

    def handle(self, *, number: str, workspace: str, dry_run: bool, **options: Any) -> None:
        whose = _workspace(workspace)
        try:
            digits = numbers.digits_of(number)
        except ValueError as error:
            raise CommandError(str(error)) from error
        found = erasing.look(whose.pk, digits)
        if dry_run:
            self.stdout.write(
                f"{found.calls:,} calls: {found.held:,} are under legal hold and would be left, "
                f"{found.live:,} still go on. Nothing was changed."
            )
            return
        try:
            asked = erasing.ask(whose.pk, number, by=None)
        except Faulty as error:
            raise CommandError(" ".join(error.faults.values())) from error
        self._erase(asked.pk)

    def _erase(self, erasure_id: UUID) -> None:
        erasure = erasing.claim(erasure_id)
        if erasure is None:
            raise CommandError("A worker was quicker and is at it. Settings → Privacy says how far it is.")
        while erasing.go_on(erasure):
            self.stderr.write(f"{erasure.done:,} of {erasure.about:,} calls")
        for what, count in sorted(erasure.counts.items()):
            if count:
                self.stdout.write(f"{what}: {count:,}")
        if erasure.held:
            self.stdout.write(f"{erasure.held:,} calls are under legal hold and were left.")
        if erasure.live:
            self.stdout.write(f"{erasure.live:,} calls still go on: they are erased once they have ended.")
        self.stdout.write(f"Erasure {erasure.pk} is {erasure.get_status_display().lower()}.")


def _workspace(wanted: str) -> Workspace:
    try:
        chosen = Q(pk=UUID(wanted))
    except ValueError:
        chosen = Q(name=wanted)
    found = list(Workspace.objects.filter(chosen)[:2])
    if not found:
        raise CommandError("There is no such --workspace.")
    if len(found) > 1:
        raise CommandError("More than one workspace has that name: give the id of one as --workspace.")
    return found[0]
