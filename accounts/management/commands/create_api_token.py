from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Role, Workspace
from accounts.tokens import create_token


class Command(BaseCommand):
    help = "Make an API token for a workspace and print it. It is shown this once."

    def add_arguments(self, parser):
        parser.add_argument("name", help="what it is for, as people will see it in the settings")
        parser.add_argument("--workspace", help="its name or id; not needed where there is only one")
        parser.add_argument("--role", choices=Role.values, default=Role.OPERATOR)
        parser.add_argument("--days", type=int, help="how long it works; without it, until revoked")

    def handle(self, *, name, workspace, role, days, **options) -> None:
        if days is not None and days < 1:
            raise CommandError("--days must be at least 1.")
        expires_at = timezone.now() + timedelta(days=days) if days else None
        token, plain = create_token(self.find(workspace), name, role, None, expires_at)
        self.stderr.write(f"{token.name}: {role} of {token.workspace}. Keep it now, it is not shown again.")
        self.stdout.write(plain)

    @staticmethod
    def find(wanted: str | None) -> Workspace:
        found = [row for row in Workspace.objects.all() if wanted in (None, row.name, str(row.pk))]
        if len(found) != 1:
            known = ", ".join(Workspace.objects.order_by("name").values_list("name", flat=True)) or "none yet"
            raise CommandError(f"Say which --workspace. There are: {known}.")
        return found[0]
