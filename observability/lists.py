"""Below the boxes: latest model calls, browser errors by message, webhooks by kind; and one trace's rows."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from observability import asking, sql
from observability.asking import Answer
from observability.models import BrowserReport

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SEARCHED = timedelta(days=7)
KINDS = {
    BrowserReport.Kind.ERROR: "Error",
    BrowserReport.Kind.REJECTION: "Rejection",
    BrowserReport.Kind.CSP: "Refused",
    BrowserReport.Kind.STALL: "Stall",
    BrowserReport.Kind.RECONNECT: "Reconnect",
}
_TRACE = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Lists:
    model_calls: Answer
    browser_errors: Answer
    webhooks: Answer


def lists(workspace_id: UUID, *, only_errors: bool) -> Lists:
    """The latest model calls (or a day's failed ones), browser errors of a day, webhooks of an hour."""
    day, hour = _values(workspace_id, DAY), _values(workspace_id, HOUR)
    model_calls = asking.put(sql.FAILED_MODEL_CALLS if only_errors else sql.MODEL_CALLS, day)
    told = asking.put(sql.BROWSER_ERRORS, day)
    return Lists(
        model_calls=replace(model_calls, rows=[row | _ended(row) for row in model_calls.rows]),
        browser_errors=replace(told, rows=[row | {"word": KINDS[row["kind"]]} for row in told.rows]),
        webhooks=asking.put(sql.WEBHOOKS, hour),
    )


def _values(workspace_id: UUID, span: timedelta) -> dict:
    at, since_id = asking.since(span)
    return {"workspace": workspace_id, "since": at, "since_id": since_id}


def _ended(row: dict) -> dict:
    """How an attempt ended, as a sign: a word, an icon and a tone."""
    if row["error_type"]:
        return {"word": row["error_type"].replace("_", " "), "icon": "alert", "tone": "danger"}
    if row["finish"] in ("cancelled", "length", "content_filter"):
        return {"word": row["finish"].replace("_", " "), "icon": "cut", "tone": "warn"}
    return {"word": "answered", "icon": "check", "tone": "none"}


@dataclass(frozen=True, slots=True)
class Found:
    """What of one trace is in one place. `answer.failed`: it could not be looked through in time."""

    name: str
    answer: Answer


def is_trace(text: str) -> bool:
    return bool(_TRACE.fullmatch(text))


def of_trace(workspace_id: UUID, trace: str) -> list[Found]:
    """Everything of the last week that carries this trace id, place by place."""
    values = _values(workspace_id, SEARCHED) | {"trace": trace}
    return [Found(name, asking.put(question, values)) for name, question in sql.TRACE.items()]
