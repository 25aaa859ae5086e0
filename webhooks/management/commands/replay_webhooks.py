import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from kombu.exceptions import OperationalError

from platforms.models import Connection
from webhooks.models import Delivery
from webhooks.services import replay
from webhooks.tasks import apply_pending

FAILING = Q(status=Delivery.Status.DEAD) | Q(status=Delivery.Status.PENDING, attempts__gt=0)
STATUSES = {value: Q(status=value) for value in Delivery.Status.values} | {"failing": FAILING}
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
PROGRESS_EVERY = 1_000


class Command(BaseCommand):
    help = "Have webhooks applied again: all of them, or those that fit every option."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--connection", help="only those that came to it: its id or its name")
        parser.add_argument(
            "--since", help="only those that came then or later: an ISO time, or 2h for an age"
        )
        parser.add_argument("--until", help="only those that came before: an ISO time, or 2h for an age")
        parser.add_argument("--status", help=f"only those that are {', '.join(STATUSES)}")
        parser.add_argument("--call", help="only those about one call: its id here or at the platform")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        chosen = self._chosen(options)
        total = chosen.filter(body__isnull=False).count()
        did = 0
        for did, each in enumerate(replay(chosen, dry_run=dry_run), 1):
            self.stdout.write(f"{each.id} {each.kind or '-'} {each.platform_call_id or '-'} {each.status}")
            if did % PROGRESS_EVERY == 0:
                self.stderr.write(f"{did:,} of {total:,}")
        erased = chosen.filter(body__isnull=True).count()
        left = f" {erased:,} left out: their bodies have been erased." if erased else ""
        if dry_run:
            self.stderr.write(f"{did:,} would be applied again.{left} Nothing was changed.")
            return
        self.stderr.write(f"{did:,} to be applied again.{left}")
        if did:
            self._ring()

    def _ring(self) -> None:
        try:
            apply_pending.apply_async(retry=False)
        except OperationalError:
            self.stderr.write("Redis is away: they are applied once it is back, or by apply_stranded.")

    @staticmethod
    def _chosen(options: dict) -> QuerySet[Delivery]:
        chosen = Delivery.objects.all()
        now = timezone.now()
        since, until = _time("--since", options["since"], now), _time("--until", options["until"], now)
        if since and until and since >= until:
            raise CommandError("--since must be before --until.")
        if since:
            chosen = chosen.filter(created_at__gte=since)
        if until:
            chosen = chosen.filter(created_at__lt=until)
        if status := options["status"]:
            if status not in STATUSES:
                raise CommandError(f"--status must be one of {', '.join(STATUSES)}.")
            chosen = chosen.filter(STATUSES[status])
        if options["connection"]:
            chosen = chosen.filter(connection=_connection(options["connection"]))
        if call := options["call"]:
            chosen = chosen.filter(Q(call_id=_uuid(call)) if _uuid(call) else Q(platform_call_id=call))
            if not chosen.exists():
                raise CommandError("No such delivery is about that --call.")
        return chosen


def _time(option: str, text: str | None, now: datetime) -> datetime | None:
    """ "2026-11-20T09:00:00Z", "2026-11-20", or an age: "90s", "30m", "2h", "3d", "1w"."""
    if not text:
        return None
    try:
        if age := re.fullmatch(r"(\d{1,6})([smhdw])", text):
            return now - timedelta(**{UNITS[age[2]]: int(age[1])})
        found = parse_datetime(text)
        if found is None and (day := parse_date(text)):
            found = datetime(day.year, day.month, day.day)  # noqa: DTZ001  made aware below
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise CommandError(f"{option} must be an ISO time such as 2026-11-20T09:00Z, or an age such as 2h.")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _connection(wanted: str) -> Connection:
    found = list(Connection.objects.filter(Q(pk=_uuid(wanted)) if _uuid(wanted) else Q(name=wanted))[:2])
    if not found:
        raise CommandError("There is no such --connection.")
    if len(found) > 1:
        raise CommandError("More than one connection has that name: give the id of one as --connection.")
    return found[0]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
