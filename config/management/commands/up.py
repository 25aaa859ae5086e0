import asyncio
import os
import shutil
import sys
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from base import lock
from base.embedded import folders, places, postgres, redis
from base.processes import CannotStart
from config import start
from config.preflight import check_database, check_redis


class Command(BaseCommand):
    help = "Start everything: servers, web, worker, beat, watch and simulator. Ctrl-C stops all of it."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000, help="where to answer; 8000")
        parser.add_argument(
            "--host", default="127.0.0.1", help="which address to listen on; this machine only"
        )
        parser.add_argument("--workers", type=int, default=1, help="web processes")
        parser.add_argument("--no-simulator", action="store_true", help="no simulated callers and models")
        parser.add_argument("--reset", action="store_true", help="delete all data first; asks")
        parser.add_argument("--admin-email", default="", help="the first admin, when there is none yet")
        parser.add_argument("--admin-password", default="", help="their password; one is made up otherwise")

    def handle(self, **options) -> None:
        home: Path = settings.EARSHOT_HOME
        # Children say what they like; a terminal that cannot show it must not stop them.
        sys.stdout.reconfigure(errors="replace")
        if options["workers"] < 1:
            raise CannotStart("--workers: give at least 1.")
        folders.make_home(home)
        held = lock.take(home)
        try:
            if options["reset"]:
                self._reset(home)
            self._check_given_servers()
            asyncio.run(start.everything(start.plan(home, held.after_a_crash, **options), held))
        finally:
            held.release()

    def _reset(self, home: Path) -> None:
        """Delete what the embedded servers hold, after asking."""
        if os.environ.get("DATABASE_URL") or os.environ.get("REDIS_URL"):
            raise CannotStart("--reset empties the embedded servers only; unset DATABASE_URL and REDIS_URL.")
        self.stdout.write(
            f"This deletes every call, agent and account in {home}.\nType yes to go on: ", ending=""
        )
        self.stdout.flush()
        try:
            answer = input()
        except EOFError:
            answer = ""
        if answer.strip().lower() != "yes":
            raise CannotStart("nothing was deleted, because the answer was not yes.")
        postgres.stop_leftover(home)
        redis.stop_leftover(home)
        for folder in (places.postgres_folder(home), places.redis_folder(home)):
            shutil.rmtree(folder, ignore_errors=True)
        (home / "first-run.json").unlink(missing_ok=True)

    def _check_given_servers(self) -> None:
        """Servers of somebody else are asked at once: a wrong address is a sentence, not a hanging start."""
        if os.environ.get("DATABASE_URL"):
            check_database(settings.DATABASE_URL, may_change=True)
        for name in ("REDIS_URL", "REDIS_LOG_URL"):
            if os.environ.get(name):
                check_redis(name, getattr(settings, name))
