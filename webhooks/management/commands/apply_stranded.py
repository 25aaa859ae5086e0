from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webhooks.models import Delivery
from webhooks.services import Applied, apply_call

PENDING, DEAD = Delivery.Status.PENDING.value, Delivery.Status.DEAD.value
WORDED = {"applied": "applied", "ignored": "ignored", DEAD: "given up", PENDING: "to be tried again"}


class Command(BaseCommand):
    help = (
        "Apply the webhooks nobody has applied, here and now: with no worker and no Redis. One line per call."
    )

    def handle(self, **options: Any) -> None:
        calls, came = 0, Counter[str]()
        while applied := apply_call():
            calls += 1
            came += applied.came
            self.stdout.write(f"{_named(applied)}: {_worded(applied.came)}")
        waiting = Delivery.objects.filter(status=PENDING).count() - came[PENDING]
        if waiting > 0:
            self.stderr.write(
                f"{waiting:,} are in a worker's hands, or failed a moment ago: run this again soon."
            )
        if came[DEAD] or came[PENDING]:
            raise CommandError(f"{_worded(came)}. /webhooks/ says why.")
        self.stderr.write(f"{_worded(came)}." if calls else "Nothing was stranded.")


def _named(applied: Applied) -> str:
    return applied.platform_call_id or "about no call"


def _worded(came: Counter) -> str:
    return ", ".join(f"{came[status]:,} {word}" for status, word in WORDED.items() if came[status])
