import json

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from base.embedded import folders
from config import first_run


class Command(BaseCommand):
    help = (
        "Make the first workspace, its admin and, with a simulator, agents to watch. Changes nothing twice."
    )
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--migrate", action="store_true", help="bring the schema up to date before")
        parser.add_argument("--url", default=settings.EARSHOT_URL, help="where platforms reach us")
        parser.add_argument("--simulator-url", default="", help="where the simulator answers; empty: none")
        parser.add_argument("--admin-email", default="")
        parser.add_argument("--admin-password", default="")

    def handle(
        self,
        *,
        migrate: bool,
        url: str,
        simulator_url: str,
        admin_email: str,
        admin_password: str,
        **options,
    ) -> None:
        if migrate:
            call_command("migrate", interactive=False, verbosity=0)
        path = first_run.path()
        folders.make_home(path.parent)
        try:
            told = first_run.read(path)
        except json.JSONDecodeError as error:
            raise CommandError(f"{path} is not JSON ({error}); mend it or delete it.") from error
        with transaction.atomic():
            try:
                found = first_run.login(told, admin_email, admin_password)
            except first_run.LoginUnknown as owner:
                raise CommandError(
                    f"this database belongs to {owner} already, and {path} does not know the password. "
                    "Put the file back, or give --admin-email and --admin-password to set a new one."
                ) from None
            first_run.vendors_models(found.workspace)
            connection = None
            if simulator_url:
                connection = first_run.simulated_world(found.workspace, found.user, simulator_url)
            else:
                first_run.no_simulated_world(found.workspace)
            content = first_run.summary(found, connection, url)
        first_run.write(path, content)
        if admin_email and admin_email.lower() != found.user.email.lower():
            self.stdout.write(
                f"The first admin is {found.user.email}; --admin-email is for an empty Earshot."
            )
        agents = ", ".join(agent["name"] for agent in content["agents"]) or "none"
        self.stdout.write(f"{found.workspace}: owner {found.user.email}, agents {agents}.")
