"""`/api/v1/insights`: what calls come to, one figure by one thing."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest, QueryDict
from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from accounts.api import access
from accounts.permissions import Permission
from agents.models import Agent, AgentVersion
from base.api import Asked as AskedOf
from base.api import Day, Money, answers, invalid, money
from calls.filters import Filters, days, known_zone
from calls.insights import sums
from calls.insights.asked import narrowed
from calls.insights.metrics import METRICS, Metric
from calls.insights.periods import STEPS, Period
from calls.insights.sums import Key, Sums

router = Router(tags=["Calls"])
USUAL_DAYS = 7
Number = Annotated[str, StringConstraints(pattern="^[1-9][0-9]{0,8}$")]
Platform = Annotated[str, StringConstraints(pattern="^[a-z_]{1,20}$")]
UNITS = "What `value` is in: calls, share (0 to 1), ms, usd, mood (−1 to 1)."


class InsightOut(Schema):
    key: str | None = Field(
        description="When a piece of time begins, or the id or name of what it is of. Null: not known.",
        examples=["2026-11-20T00:00:00Z"],
    )
    label: str = Field(description="The same for people.", examples=["Fri 20 Nov"])
    value: float | None = Field(description="Null: there is nothing to say it of. Of money see cost_usd.")
    cost_usd: Money | None = Field(description="The value of a metric of money, exactly.")
    n: int = Field(description="Of how many it is; of fewer than 20 it says little.", examples=[142])


class InsightsOut(Schema):
    metric: str = Field(examples=["calls"])
    unit: str = Field(description=UNITS, examples=["calls"])
    of: str = Field(description="What there are `n` of: calls, replies, uses of tools.", examples=["calls"])
    by: str = Field(examples=["day"])
    since: date = Field(alias="from", description="The first day.")
    until: date = Field(alias="to", description="The last day.")
    tz: str = Field(description="Whose days.", examples=["UTC"])
    total: InsightOut = Field(description="Of all of it; its key is null.")
    items: list[InsightOut] = Field(description="In the order of time, or most `n` first.")


class InsightsAsked(AskedOf):
    metric: Literal[*METRICS] = Field("calls", description="What is asked.")  # type: ignore[valid-type]
    by: Literal["hour", "day", "week", "month", "agent", "version", "platform", "channel"] = Field(
        "day", description="What it is asked by. Percentiles are within 5 % of what was measured."
    )
    since: Day = Field(None, alias="from", description="The first day; else six days before the last.")
    until: Day = Field(None, alias="to", description="The last day; else today.")
    tz: str = Field("UTC", max_length=60, description="Whose days, as Europe/London.")
    agent: list[UUID] = Field([], max_length=50, description="Calls of any of these agents.")
    version: list[Number] = Field([], max_length=50, description="Of any of these versions, by number: 14.")
    platform: list[Platform] = Field([], max_length=50, description="Of any of these platforms: retell.")
    channel: list[Literal["phone", "web", "chat"]] = Field([], max_length=3)

    @property
    def filters(self) -> Filters:
        """Raises as the types of the API do."""
        query = QueryDict(mutable=True)
        for name in ("agent", "version", "platform", "channel"):
            query.setlist(name, [str(one) for one in getattr(self, name)])
        filters = Filters.of(query, self.tz, strict=True)
        if filters.faults:
            raise invalid(filters.faults)
        return filters

    @property
    def period(self) -> Period:
        if not known_zone(self.tz):
            raise invalid({"tz": "there is no such time zone: Europe/London"})
        last = self.until or days.today(self.tz)
        try:
            first = self.since or last - days.timedelta(days=USUAL_DAYS - 1)
            days.day(first.isoformat()), days.day(last.isoformat())
            return Period.of(first, last, self.tz, self.by if self.by in STEPS else "month")
        except (ValueError, OverflowError) as error:
            raise invalid({"from": str(error)}) from error


@router.get(
    "/insights",
    summary="What calls come to",
    auth=access(Permission.SEE_CALLS),
    response=answers(InsightsOut, 400),
    by_alias=True,
)
def get_insights(request: HttpRequest, asked: Query[InsightsAsked]):
    """A figure of the calls that have ended, by when they began or by what they were of. Changes of calls
    are in it within half a minute."""
    workspace_id, metric, period = request.viewer.workspace_id, METRICS[asked.metric], asked.period
    which = narrowed(asked.filters, workspace_id)
    timed = asked.by in STEPS
    bounds = [*period.starts, period.end] if timed else [period.start, period.end]
    found = sums.sums(workspace_id, bounds, which, by=() if timed else (asked.by,))
    if timed:
        items = [
            _out(metric, found.get(Key(slot=at), Sums()), _utc(start), period.label(at))
            for at, start in enumerate(period.starts)
        ]
    else:
        items = _named(workspace_id, asked.by, metric, found)
    return {
        "metric": asked.metric,
        "unit": metric.unit,
        "of": metric.of,
        "by": asked.by,
        "from": period.first,
        "to": period.last,
        "tz": asked.tz,
        "total": _out(metric, sums.total(found.values()), None, "All"),
        "items": items,
    }


def _named(workspace_id: UUID, by: str, metric: Metric, found: dict[Key, Sums]) -> list[InsightOut]:
    """Most first, those of nobody knows which last."""
    names = _names(workspace_id, by)
    items = []
    for key, one in found.items():
        value = getattr(key, by)
        label = "Not known" if value is None else names.get(str(value), str(value).capitalize())
        items.append(_out(metric, one, None if value is None else str(value), label))
    return sorted(items, key=lambda item: (item.key is None, -item.n, item.label))


def _names(workspace_id: UUID, by: str) -> dict[str, str]:
    if by == "agent":
        rows = Agent.objects.for_workspace(workspace_id).values_list("pk", "name")
        return {str(pk): name for pk, name in rows}
    if by == "version":
        versions = AgentVersion.objects.for_workspace(workspace_id)
        told = versions.values_list("pk", "agent__name", "number")
        return {str(pk): f"{name} v{number}" for pk, name, number in told}
    return {}


def _out(metric: Metric, of: Sums, key: str | None, label: str) -> InsightOut:
    value = metric.value(of)
    in_money = metric.unit == "usd"
    return InsightOut(
        key=key,
        label=label,
        value=None if value is None or in_money else float(value),
        cost_usd=money(round(Decimal(value), 6)) if in_money and value is not None else None,
        n=metric.n(of),
    )


def _utc(moment: days.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
