"""Three hundred calls on the first workspace's board, each pictured four times a second, until it is ended.

They are in no database: only their cards are, in the live log. Needs REDIS_LOG_URL and DATABASE_URL.

    python -m bench.crowd CALLS
"""

import asyncio
import os
import sys
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from accounts.models import Workspace  # noqa: E402
from agents.models import Agent  # noqa: E402
from base.ids import uuid7  # noqa: E402
from calls import board  # noqa: E402
from calls.models import Call, Turn  # noqa: E402
from streaming import scripts  # noqa: E402
from streaming.log import Log  # noqa: E402

SECONDS = 0.25
TICK = 0.016
TURN_MS, WORD_MS = 6_000, 250
SENTENCE = (
    "I have looked at the account and the last reading was taken on the fourth, so the amount on the bill "
    "is an estimate, and once the meter has been read again it is put right with the next one."
)


class Speaking:
    """One call in the middle: caller and agent take turns of six seconds, with a word every quarter."""

    def __init__(self, workspace: Workspace, number: int) -> None:
        # Some have gone on for long. They do not begin their turns together.
        began = timezone.now() - timedelta(seconds=30 + number * 7 % 600, milliseconds=number * 37 % 6000)
        agent = Agent(workspace=workspace, name=f"Line {number % 5}", topic="Power cuts")
        self.call = Call(
            pk=uuid7(),
            workspace=workspace,
            agent=agent,
            level=Call.Level.TOKEN,
            from_number=f"+4477009{number:05}",
            started_at=began,
        )
        self.turns: list[Turn] = []

    def picture(self) -> dict:
        ms = int((timezone.now() - self.call.started_at) / timedelta(milliseconds=1))
        n, into = divmod(ms, TURN_MS)
        said = len(self.turns)
        self.turns += [self._turn(number) for number in range(said, n)]
        self.call.revision += 1
        text = " ".join(SENTENCE.split()[: 1 + into // WORD_MS])
        now = board.Now(timezone.now(), self._role(n), text, True, n * TURN_MS, ms)
        return board.card(self.call, self.turns, now)

    def _turn(self, n: int) -> Turn:
        start = n * TURN_MS
        text = " ".join(SENTENCE.split()[: TURN_MS // WORD_MS])
        reply_ms = 700 + n % 5 * 90
        return Turn(
            n=n, role=self._role(n), text=text, start_ms=start, end_ms=start + 5_200, reply_ms=reply_ms
        )

    @staticmethod
    def _role(n: int) -> str:
        return Turn.Role.CALLER if n % 2 else Turn.Role.AGENT


async def speak(workspace: Workspace, calls: int) -> None:
    log, loop = Log(), asyncio.get_running_loop()
    speaking = [Speaking(workspace, number) for number in range(calls)]
    due, told = loop.time(), 0.0
    while True:
        due = max(due + TICK, loop.time() - 1)
        await asyncio.sleep(max(0.0, due - loop.time()))
        told += calls * TICK / SECONDS
        turn, told = int(told), told % 1
        batch, speaking = speaking[:turn], speaking[turn:] + speaking[:turn]
        entries = [entry for one in batch for entry in board.entries(one.call, one.picture())]
        appends = [scripts.append(topic, [scripts.packed(entry)], log.database) for topic, entry in entries]
        await log.run_all(appends)


def main() -> None:
    workspace = Workspace.objects.order_by("pk").first()
    if workspace is None:
        raise SystemExit("there is no workspace to show the calls in")
    asyncio.run(speak(workspace, int(sys.argv[1])))


if __name__ == "__main__":
    main()
