from typing import Any

from django.core.management.base import BaseCommand

from accounts.models import Workspace
from calls.privacy import enforcing


class Command(BaseCommand):
    help = (
        "Remove what each workspace has kept for longer than it wants to. The timetable does so every hour."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        names = dict(Workspace.objects.values_list("pk", "name"))
        total = 0
        for did in enforcing.enforce(dry_run=dry_run):
            what = did.part.one if did.count == 1 else did.part.many
            self.stdout.write(
                f"{names.get(did.workspace_id, did.workspace_id)}: {did.count:,} {what}"
                f"{' would be' if dry_run else ''} removed"
            )
            total += did.count
        self.stdout.write(
            f"{total:,} to be removed. Nothing was changed." if dry_run else f"{total:,} removed."
        )
