"""What browsers tell us went wrong: made safe, held to a rate, kept. No words of a call are among it."""

import logging
import re
import time
from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.access import Viewer
from base import meters
from base.trace import current_trace_id
from observability.models import BrowserReport
from platforms.clean import clean

logger = logging.getLogger(__name__)

PER_MINUTE = 60  # of one person, or one program
REPORTS = meters.counter("browser_reports", "What browsers told us went wrong, repeats included.", "kind")
# Browsers quote what they could not parse, and that may be what a caller said. What is tried begins at the
# first quotation mark, or with a run of its own, and never again within: texts come from anybody.
_QUOTATION = re.compile(
    r'\A([^"]*)".*"(?:\.\.\.)?(?= is not valid JSON)|(?<=JSON Parse error: ).*', re.DOTALL
)
_ADDRESS = re.compile(r"(\bhttps?://[^\s?#)]*|(?<![\w/.-])[.-]*/[\w./-]*)[?#][^\s):]*")


class TooMany(Exception):
    """More than one person may report in a minute. `args[0]` is how many seconds to wait."""


def keep(viewer: Viewer, told: list[dict], user_agent: str) -> int:
    """Store these reports (fields of BrowserReport) as the viewer's; answers how many. Raises TooMany."""
    _hold_back(viewer, len(told))
    rows = [
        BrowserReport(
            workspace_id=viewer.workspace_id,
            user_id=viewer.user_id,
            user_agent=clean(user_agent)[:300],
            trace_id=current_trace_id(),
            **_safe(one),
        )
        for one in told
    ]
    BrowserReport.objects.bulk_create(rows)
    for row in rows:
        REPORTS.labels(row.kind).inc(row.count)
    return len(rows)


def _safe(told: dict) -> dict:
    told = clean(told)
    told["message"] = wordless(told["message"])
    told["stack"] = wordless(told["stack"])
    told["source"] = told["source"].split("?")[0].split("#")[0]
    told["page"] = told["page"].split("?")[0].split("#")[0]
    return told


def wordless(text: str) -> str:
    """An error's text without the queries of addresses and without quotations of what could not be parsed."""
    return _ADDRESS.sub(r"\1", _QUOTATION.sub(lambda found: f"{found[1] or ''}“…”", text))


def _hold_back(viewer: Viewer, wanted: int) -> None:
    """Count in Redis, at once for all processes; while Redis is away, by what the minute has stored."""
    who = viewer.token_id or viewer.user_id
    minute, second = divmod(time.time(), 60)
    key = f"browser-reports:{who}:{int(minute)}"
    try:
        cache.add(key, 0, timeout=120)
        used = cache.incr(key, wanted)
    except (RedisError, ValueError) as error:  # ValueError: it was emptied between the two
        logger.warning("browser reports are counted in the database: %s", type(error).__name__)
        recent = timezone.now() - timedelta(minutes=1)
        stored = BrowserReport.objects.for_workspace(viewer.workspace_id).filter(user_id=viewer.user_id)
        used = stored.filter(created_at__gte=recent).order_by()[:PER_MINUTE].count() + wanted
    if used > PER_MINUTE:
        raise TooMany(max(1, 60 - int(second)))
