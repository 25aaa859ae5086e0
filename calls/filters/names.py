"""The filters there are: how each reads its values, and which calls it leaves.

What it asks of the database is served by an index of its own, or is cheap on what the index over
(workspace, -started_at, -id) brings. None of these columns changes while a call goes on.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID

from django.db.models import BooleanField, DurationField, ExpressionWrapper, F, Func, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import (
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
    Lookup,
)

from agents.models import AgentVersion
from calls import tags
from calls.filters import days, numbers
from calls.models import PLAYGROUND, Call, Review
from calls.wording import FAILED, SENTIMENTS, STATUSES
from platforms import events

FIELD = "field."
MOST_VALUES = 50
MOST_TERMS = 40  # in one list
LONGEST = 200  # characters of a value
_COMPARED = {"gt": GreaterThan, "gte": GreaterThanOrEqual, "lt": LessThan, "lte": LessThanOrEqual}
_KEY = re.compile(r"field\.[\w-]{1,40}", re.ASCII)
# ASCII: what PostgreSQL's JSON path takes for digits.
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Values = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """What a filter may have to know: whose time, whose calls."""

    zone: str = days.UTC_NAME
    workspace_id: Any = None
    agents: Values = ()


@dataclass(frozen=True, slots=True)
class Name:
    """One filter. `read` makes a value of what is written, or raises ValueError in words for people."""

    label: str
    hint: str
    read: Callable[[str], str]
    q: Callable[[Values, Within], Q]
    several: bool = True  # whether `a,b` and `!a` make sense


def _one_of(known: Iterable[str]) -> Callable[[str], str]:
    names = tuple(known)

    def read(text: str) -> str:
        if text.lower() not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return text.lower()

    return read


def _id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("none has that name, or that id, as 01a1fe28-0942-7503-9423-43404816d9b9") from None


def _platform(text: str) -> str:
    if not re.fullmatch(r"[a-z_]{1,20}", text.lower()):
        raise ValueError("the name of a platform, as retell")
    return text.lower()


def _version(text: str) -> str:
    if not re.fullmatch(r"v?[0-9]{1,9}", text.lower()):
        raise ValueError("the number of a version, as 14")
    return str(int(text.lower().removeprefix("v")))


def _caller(text: str) -> str:
    """A number however it is written; anything else as it is."""
    bare = re.sub(r"[\s().-]", "", text)
    if re.fullmatch(r"\+?\d{3,20}", bare):
        return bare.removeprefix("+")
    if len(text) > 60:
        raise ValueError("a whole number, as +14155550123")
    return text


def _ranged(one: Callable[[str], Any], shown: Callable[[Any], str]) -> Callable[[str], str]:
    return lambda text: numbers.read(text, one).written(shown)


def _field_value(text: str) -> str:
    """A value of whatever kind: `Gold`, `yes`, `>30`, `2026-01-01..2026-02-01`."""
    bound = text.lstrip("<>=").strip() if text[:1] in "<>" else ""
    if bound:
        return f"{text[: 2 if text[1:2] == '=' else 1]}{_bound(bound)}"
    least, dots, most = text.partition("..")
    if dots and _is_bound(least) and _is_bound(most):
        return f"{least}..{most}"
    return text


def _is_bound(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text) or _DAY.fullmatch(text))


def _bound(text: str) -> str:
    if not _is_bound(text):
        raise ValueError("compare with a number or a day: >30, 2026-01-01..2026-02-01")
    return text


# --- Which calls ----------------------------------------------------------------------------------------


def _in(column: str) -> Callable[[Values, Within], Q]:
    return lambda values, _: Q(**{f"{column}__in": values})


def _status(values: Values, _: Within) -> Q:
    by_name = {
        "live": Q(ended_at=None),
        "ended": Q(ended_at__isnull=False) & ~Q(outcome__in=FAILED),
        "failed": Q(ended_at__isnull=False, outcome__in=FAILED),
    }
    return _any(by_name[value] for value in values)


def _any(conditions: Iterable[Q]) -> Q:
    found = Q()
    for condition in conditions:
        found |= condition
    return found


def _versions(values: Values, within: Within) -> Q:
    """By their ids, of which the planner knows how many calls each has."""
    rows = AgentVersion.objects.filter(number__in=[int(value) for value in values])
    if within.workspace_id is None:
        return Q(version_id__in=rows.values("pk"))
    rows = rows.for_workspace(within.workspace_id)
    if within.agents:
        rows = rows.filter(agent_id__in=within.agents)
    return Q(version_id__in=list(rows.values_list("pk", flat=True)))


def _when(values: Values, within: Within) -> Q:
    first, last = days.span_of(values[0], within.zone)
    return _since((first.isoformat(),), within) & _until((last.isoformat(),), within)


def _since(values: Values, within: Within) -> Q:
    return Q(started_at__gte=days.midnight(days.day(values[0]), within.zone))


def _until(values: Values, within: Within) -> Q:
    following = days.day(values[0]) + days.timedelta(days=1)
    return Q(started_at__lt=days.midnight(following, within.zone))


def _number(column: str, one: Callable[[str], Any]) -> Callable[[Values, Within], Q]:
    return lambda values, _: Q(**numbers.read(values[0], one).lookups(column))


def _duration(values: Values, _: Within) -> Q:
    asked = numbers.read(values[0], numbers.milliseconds).lookups("")
    found: list[Lookup] = []
    for name, ms in asked.items():
        found.append(_COMPARED[name.strip("_")](length(), days.timedelta(milliseconds=ms)))
    return Q(*found)


def _callers(values: Values, _: Within) -> Q:
    ways = [way for value in values for way in ((value, f"+{value}") if value.isdecimal() else (value,))]
    return (Q(from_number__in=ways) & ~Q(direction="outbound")) | Q(to_number__in=ways, direction="outbound")


def _escalated(values: Values, _: Within) -> Q:
    return _any(~Q(alerts=[]) if value == "yes" else Q(alerts=[]) for value in values)


def _review(values: Values, within: Within) -> Q:
    rows = Review.objects.all()
    if within.workspace_id is not None:
        rows = rows.for_workspace(within.workspace_id)
    return _any(Q(pk__in=rows.filter(done_at__isnull=value == "open").values("call_id")) for value in values)


def field(key: str) -> Name:
    """The filter of a custom field, whose kind need not be known: what is written is read in each way."""

    def has(value: str) -> Q:
        if asked := _path(key, value):
            return Q(_matches(asked))
        likely: list[Any] = [value]
        if _NUMBER.fullmatch(value):
            likely.append(float(value) if "." in value else int(value))
        if value.lower() in ("yes", "no", "true", "false"):
            likely.append(value.lower() in ("yes", "true"))
        return _any(Q(fields__contains={key: one}) for one in likely)

    return Name(
        key.replace("_", " ").capitalize(),
        "a value, or for numbers and days >30, 1..5",
        _field_value,
        lambda values, _: _any(has(value) for value in values),
    )


def _matches(path: str) -> Coalesce:
    asked = Func(
        F("fields"),
        Value(path),
        template="(%(expressions)s::jsonpath)",
        arg_joiner=" @@ ",
        output_field=BooleanField(),
    )
    return Coalesce(asked, False)  # it is null of a call that does not say


def _path(key: str, value: str) -> str:
    """A comparison as PostgreSQL's JSON path; empty if it is none."""
    own = f"$.{json.dumps(key)}"

    def literal(text: str) -> str:
        return text if _NUMBER.fullmatch(text) else json.dumps(text)

    if value[:1] in "<>" and value:
        sign = value[: 2 if value[1:2] == "=" else 1]
        return f"{own} {sign} {literal(value[len(sign) :])}"
    least, dots, most = value.partition("..")
    if dots and _is_bound(least) and _is_bound(most):
        return f"{own} >= {literal(least)} && {own} <= {literal(most)}"
    return ""


TIME = "a time: >2m, <=30s, 1m..5m, <800ms"
NAMES: dict[str, Name] = {
    "agent": Name("Agent", "the id of an agent", _id, _in("agent_id")),
    "version": Name("Version", "the number of a version: 14", _version, _versions),
    "platform": Name("Platform", "the name of a platform: retell", _platform, _in("platform")),
    "channel": Name("Channel", "phone, web or chat", _one_of(Call.Channel.values), _in("channel")),
    "when": Name("When", ", ".join(days.WHEN), _one_of(days.WHEN), _when, False),
    "from": Name("From", "a day: 2026-11-20", lambda text: days.day(text).isoformat(), _since, False),
    "to": Name("To", "a day: 2026-11-20", lambda text: days.day(text).isoformat(), _until, False),
    "duration": Name(
        "Length", TIME, _ranged(numbers.milliseconds, numbers.as_time), _duration, False
    ),
    "status": Name("Status", "live, ended or failed", _one_of(STATUSES), _status),
    "outcome": Name(
        "Outcome", "how it ended", _one_of(get_args(events.Outcome)), _in("outcome")
    ),
    "sentiment": Name("Mood", "positive, neutral or negative", _one_of(SENTIMENTS), _in("sentiment")),
    "tag": Name("Tag", "a tag", tags.read, lambda values, _: Q(tags__overlap=list(values))),
    "topic": Name("Topic", "the id of a topic", _id, lambda values, _: Q(topics__overlap=list(values))),
    "escalated": Name("Escalated", "yes or no", _one_of(("yes", "no")), _escalated),
    "cost": Name(
        "Cost",
        "an amount of USD: <0.50, >=1, 0.10..0.20",
        _ranged(numbers.usd, numbers.as_usd),
        _number("total_usd", numbers.usd),
        False,
    ),
    "latency": Name(
        "Reply p95",
        TIME,
        _ranged(numbers.milliseconds, numbers.as_time),
        _number("reply_p95_ms", numbers.milliseconds),
        False,
    ),
    "score": Name(
        "Score",
        "0 to 100: <70, >=90, 50..70",
        _ranged(numbers.points, str),
        _number("score", numbers.points),
        False,
    ),
    "caller": Name("Caller", "a whole number: +14155550123", _caller, _callers),
    "review": Name("Review", "open or done", _one_of(("open", "done")), _review),
}  # fmt: skip


SINGLE = frozenset(name for name, one in NAMES.items() if not one.several)


def named(name: str) -> Name | None:
    """None: there is no such filter."""
    if name in NAMES:
        return NAMES[name]
    return field(name.removeprefix(FIELD)) if _KEY.fullmatch(name) else None


def length() -> ExpressionWrapper:
    """How long a call took, as the index has it; null while it goes on."""
    return ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField())


def shows_playground(values: Values) -> bool:
    """What was only tried there is listed only if it is asked for by name."""
    return PLAYGROUND in values
