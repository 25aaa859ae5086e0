"""`manage.py simulate`: play the outside world (see docs/simulator.md)."""

import asyncio
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.listening import handed_down
from simulator.director import CROWD
from simulator.run import BadOption, Options, run
from simulator.world import SEED, TOKEN_RATE


class Command(BaseCommand):
    help = "Play the outside world: callers, their voice platform, model servers and tools."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=0, help="where to serve; 0 takes a free port")
        parser.add_argument("--fd", type=int, help="serve a listening socket that was opened for us")
        parser.add_argument(
            "--first-run", type=Path, help="who to call; default $EARSHOT_HOME/first-run.json"
        )
        parser.add_argument("--no-calls", action="store_true", help="serve only")
        parser.add_argument("--seed", type=int, default=SEED, help="the same seed gives the same calls")
        parser.add_argument("--rate", type=float, help="calls a minute; default: keep a crowd live")
        parser.add_argument("--crowd", type=int, default=CROWD, help="how many are live, or one more")
        parser.add_argument("--calls", type=int, help="stop after so many calls; default: never")
        parser.add_argument("--speed", type=float, default=1.0, help="how fast people live")
        parser.add_argument("--token-rate", type=float, default=TOKEN_RATE, help="tokens a second")
        parser.add_argument("--faults", type=float, default=0.0, help="share of sim-fast requests that fail")
        parser.add_argument("--stamp", action="store_true", help="number every token, for measurements")

        parser.add_argument("--no-webhooks", action="store_true", help="tell nobody of calls by webhook")
        parser.add_argument("--duplicates", type=float, default=0.0, help="share of webhooks sent once more")
        parser.add_argument("--reorder", type=float, default=0.0, help="share that come behind the next ones")
        parser.add_argument("--late", type=float, default=0.0, help="share that come much too late")

    def handle(
        self, *, fd: int | None, no_calls: bool, no_webhooks: bool, first_run: Path | None, **given: Any
    ) -> None:
        default = Path(os.environ.get("EARSHOT_HOME", ".earshot")) / "first-run.json"
        chosen = {option.name: given[option.name] for option in fields(Options) if option.name in given}
        options = Options(
            first_run=None if no_calls else first_run or default, webhooks=not no_webhooks, **chosen
        )
        listening = None if fd is None else handed_down(fd)
        try:
            asyncio.run(run(options, self._say, listening))
        except BadOption as problem:
            raise CommandError(str(problem)) from None

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
