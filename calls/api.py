"""`/api/v1/calls`: what happened. Words are for those who may see them; numbers are masked for everybody."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import Field, PrivateAttr, ValidationInfo, create_model, model_validator

from accounts.api import access
from accounts.permissions import Permission
from agents.testing import shapes as tests
from agents.testing.shapes import NUMBERS, Named, TestOut
from base.api import (
    Asked,
    Listing,
    Money,
    Shown,
    Told,
    answers,
    found,
    invalid,
    money,
    ours,
    page_of,
    paged,
)
from calls import as_test, figures, parts
from calls.filters import NAMES, UTC_NAME, Filters, known_zone, named
from calls.models import Call, Event, Turn
from calls.personal import seeing
from calls.sorting import NEWEST, SORTS, Gone, Sort
from platforms.clean import clean

router = Router(tags=["Calls"])
CALLS = Call.objects.select_related("agent", "version")
LISTED = Call.objects.listed()

# What a fact holds beside words: numbers to mask, and how its words came in, which is what a replay is for.
_NUMBERS = ("from_number", "to_number", "to")
_LEFT_OUT = ("stream",)


class AgentOfCall(Shown):
    id: UUID
    name: str = Field(examples=["Nora"])
    version: int | None = Field(description="Which of its versions answered.")
    label: str | None = Field(description="The same in words; “Draft” in the playground.", examples=["v14"])


class AlertOut(Shown):
    rule: str = Field(description="The rule’s id in the agent’s version.", examples=["r1"])
    name: str = Field(examples=["Asked for a person"])
    at_ms: int = Field(description="When it fired, since the call began.")
    turn: str | None = Field(description="The key of the turn or tool it was for.", examples=["c3"])
    do: str = Field(description="What the rule says is done: alert, whisper, transfer or end.")
    done: str = Field(description="What could be: nobody acts on a call whose socket we do not hold.")


class CallOut(Shown):
    id: UUID
    platform: str = Field(examples=["retell"])
    platform_call_id: str = Field(examples=["call_a4441234567890777c4a4a123e6"])
    connection: UUID | None
    agent: AgentOfCall | None = Field(description="Null: nobody has said yet which agent of ours it was.")
    platform_agent_id: str | None
    status: str = Field(description="live, ended or failed.", examples=["ended"])
    channel: str = Field(description="phone, web or chat.", examples=["phone"])
    level: str = Field(description="How closely it was followed: token, turn or event.", examples=["token"])
    direction: str | None = Field(description="inbound or outbound.", examples=["inbound"])
    from_number: str | None = Field(description="Masked.", examples=["+44 77•• ••• 142"])
    to_number: str | None = Field(description="Masked.")
    started_at: datetime
    ended_at: datetime | None
    duration_ms: int | None = Field(description="Null while it goes on.", examples=[93_400])
    outcome: str | None = Field(description="Null while it goes on.", examples=["caller_hung_up"])
    end_reason: str | None = Field(description="The platform’s own word.", examples=["user_hangup"])
    transfer: str | None = Field(description="How far handing the caller over came.", examples=["bridged"])
    transfer_to: str | None = Field(description="Masked.")
    summary: str | None = Field(description="The platform’s. Words: null for a viewer.")
    sentiment: str | None = Field(description="positive, neutral or negative.")
    successful: bool | None = Field(description="In the platform’s judgement.")
    cost_usd: Money = Field(description="What the platform and the models cost so far.")
    alerts: list[AlertOut] = Field(description="Escalation rules that fired, in the order of the call.")
    tags: list[str] = Field(description="What people put on it, in the order of the alphabet.")
    topics: list[UUID] = Field(description="What it is about.")
    fields: dict[str, Any] | None = Field(description="Custom fields by key. Words: null for a viewer.")
    score: int | None = Field(description="Of its scorecard, 0 to 100.")
    reply_p95_ms: int | None = Field(
        description="How long the caller waited for answers. Null while it goes on."
    )
    turn_count: int
    trace_id: str | None


CallList = page_of(CallOut)

_ASKED: Any = {
    name.replace("from", "since"): (
        list[str] if one.several else str,
        Field(
            [] if one.several else None,
            alias=name,
            description=f"{one.label}: {one.hint}."
            + (" `a,b`: any of them; `!a`: not." if one.several else ""),
        ),
    )
    for name, one in NAMES.items()
}


class CallFilters(create_model("NamedFilters", __base__=Asked, **_ASKED)):
    """The filters of the history page, as calls/filters reads them; `field.<key>` is a custom field's."""

    tz: str = Field(
        None, max_length=80, description="Whose days are meant: an IANA time zone; UTC without it."
    )
    _filters: Filters = PrivateAttr(default_factory=Filters)

    @model_validator(mode="after")
    def _knows_its_names(self, info: ValidationInfo) -> "CallFilters":
        """Instead of the one of `Asked`: the names of custom fields are not known beforehand."""
        request = (info.context or {}).get("request")
        if request is None:
            return self
        known = {field.alias or name for name, field in type(self).model_fields.items()}
        unknown = sorted(name for name in request.GET if name not in known and not named(name))
        zone = known_zone(self.tz) if self.tz is not None else UTC_NAME
        self._filters = Filters.of(request.GET, zone or UTC_NAME, strict=True)
        faults = {name[:60]: "there is no such parameter" for name in unknown} | dict(self._filters.faults)
        if not zone:
            faults["tz"] = "an IANA time zone, as Europe/London"
        if faults:
            raise invalid(faults)
        return self

    @property
    def filters(self) -> Filters:
        return self._filters


class Calls(CallFilters, Listing):
    """Which calls, in what order, and how many at once."""

    sort: Literal[SORTS] = Field(  # type: ignore[valid-type]
        NEWEST, description="By what; `-`: the most first. Calls that have none, as live ones, come last."
    )


@router.get(
    "/calls",
    summary="List calls",
    auth=access(Permission.SEE_CALLS),
    response=answers(CallList, 400),
)
def list_calls(request: HttpRequest, asked: Query[Calls]):
    """The latest to begin first, live ones included; or in another order."""
    if not request.viewer.may(Permission.SEE_WORDS) and (hidden := asked.filters.of_facts()).faults:
        raise invalid(hidden.faults)
    rows = asked.filters.narrow(ours(request, LISTED))
    scope = f"api:calls:{request.viewer.workspace_id}:{asked.filters.zone}:{asked.filters.query}"
    try:
        page = Sort.of(asked.sort).page(rows, asked.cursor, scope, asked.limit)
    except BadRequest as error:
        raise invalid({"cursor": "it is not one of this list, or the filters have changed"}) from error
    except Gone as error:
        raise invalid({"cursor": "the row it stands at is gone; begin again without it"}) from error
    return CallList(items=told(page.calls, request), next=page.after or None)


@router.get(
    "/calls/{uuid:call_id}",
    summary="Get a call",
    auth=access(Permission.SEE_CALLS),
    response=answers(CallOut, 404),
)
def get_call(request: HttpRequest, call_id: UUID):
    """One call, live or ended."""
    return told([found(request, CALLS, call_id)], request)[0]


class TestFromCall(Told):
    name: Named = Field(None, description="Without it: what the call was about.")
    turn: int = Field(
        None,
        strict=True,
        ge=1,
        lt=NUMBERS,
        description="The number of the last turn taken, with all of its answer; without it, the last.",
    )


@router.post(
    "/calls/{uuid:call_id}/test",
    summary="Make a test from a call",
    auth=access(Permission.EDIT_AGENTS),
    response=answers(TestOut, 400, 404, status=201),
)
def make_test_from_call(request: HttpRequest, call_id: UUID, told: TestFromCall):
    """Of its agent: what the caller said is answered anew from the first words after the greeting, and tools
    answer as they did. It has no checks yet. Of a longer call than a test holds its beginning is taken."""
    call = found(request, CALLS, call_id)
    test = as_test.make(call, by=request.viewer.actor_id, **clean(told.given()))
    return Status(201, tests.told(test))


def told(calls: Iterable[Call], request: HttpRequest) -> list[CallOut]:
    calls = list(calls)
    costs = figures.costs_of(calls)
    sees_words = request.viewer.may(Permission.SEE_WORDS)
    return [_out(call, costs[call.pk], sees_words=sees_words) for call in calls]


def _out(call: Call, cost: Decimal, *, sees_words: bool) -> CallOut:
    version = call.version.number if call.version else None
    label = call.version_label or None
    agent = (
        AgentOfCall(id=call.agent_id, name=call.agent.name, version=version, label=label)
        if call.agent
        else None
    )
    return CallOut(
        id=call.pk,
        platform=call.platform,
        platform_call_id=call.platform_call_id,
        connection=call.connection_id,
        agent=agent,
        platform_agent_id=call.platform_agent_id or None,
        status=call.status,
        channel=call.channel,
        level=call.level,
        direction=call.direction or None,
        from_number=_masked(call.from_number),
        to_number=_masked(call.to_number),
        started_at=call.started_at,
        ended_at=call.ended_at,
        duration_ms=call.duration_ms,
        outcome=call.outcome or None,
        end_reason=call.end_reason or None,
        transfer=call.transfer or None,
        transfer_to=_masked(call.transfer_to),
        summary=(seeing.shown(call.summary) or None) if sees_words else None,
        sentiment=call.sentiment or None,
        successful=call.successful,
        cost_usd=money(cost),
        alerts=[AlertOut(**alert, turn=alert["about"] or None) for alert in call.alerts],
        tags=call.tags,
        topics=call.topics,
        fields=seeing.mask().all(call.fields) if sees_words else None,
        score=call.score,
        reply_p95_ms=call.reply_p95_ms,
        turn_count=call.turn_count,
        trace_id=call.trace_id or None,
    )


def _masked(number: str) -> str | None:
    return parts.masked(number) if number else None


# --- What was said --------------------------------------------------------------------------------------


class ToolOut(Shown):
    name: str = Field(examples=["billing.find_charges"])
    arguments: Any = Field(description="What it was given: an object, or null.")
    ok: bool | None = Field(description="Null: still running.")


class TurnOut(Shown):
    n: int = Field(description="Its number, for ever: `/calls/<id>/#turn-<n>` is it on the page.")
    key: str = Field(description="The source’s own identity for it.", examples=["r3"])
    role: str = Field(description="caller, agent or tool.", examples=["agent"])
    text: str = Field(description="What was said; of a tool, its result.")
    heard: str | None = Field(description="What the caller heard before cutting in. Null: all of it.")
    tool: ToolOut | None
    at: datetime
    start_ms: int = Field(description="Since the call began.")
    end_ms: int | None
    reply_ms: int | None = Field(description="From the end of the caller’s words to the first of the answer.")
    mood: float | None = Field(description="Of the caller’s words: -1 angry, 0 calm, 1 delighted.")
    model: str | None = Field(description="Which model answered.")
    fallback: int = Field(description="How many models of the chain had failed before it.")
    error: str | None = Field(description="Why it is cut short.", examples=["timeout"])


class Transcript(Shown):
    items: list[TurnOut]
    next: str | None


class FactOut(Shown):
    id: UUID
    kind: str = Field(description="A class of our vocabulary.", examples=["CallEnded"])
    source: str = Field(description="Who told us: socket, platform, webhook or watch.", examples=["webhook"])
    key: str = Field(description="The same fact has the same key.")
    turn: str | None = Field(description="The key of the turn it is about; null: the call itself.")
    at: datetime
    created_at: datetime = Field(description="When we were told.")
    data: dict[str, Any] | None = Field(description="What it says, numbers masked. Words: null for a viewer.")


class Facts(Shown):
    items: list[FactOut]
    next: str | None


@router.get(
    "/calls/{uuid:call_id}/transcript",
    summary="Get a call’s transcript",
    auth=access(Permission.SEE_WORDS),
    response=answers(Transcript, 400, 404),
)
def get_transcript(request: HttpRequest, call_id: UUID, asked: Query[Listing]):
    """Its turns in the order of their numbers, from the first."""
    call = found(request, CALLS, call_id)
    turns = Turn.objects.for_workspace(call.workspace_id).filter(call=call).defer("stream", "words")
    page, following = paged(turns, asked, call.pk, order="n")
    return Transcript(items=[_turn(turn, call.started_at) for turn in seeing.turns(page)], next=following)


@router.get(
    "/calls/{uuid:call_id}/events",
    summary="List the facts of a call",
    auth=access(Permission.SEE_CALLS),
    response=answers(Facts, 400, 404),
)
def list_call_events(request: HttpRequest, call_id: UUID, asked: Query[Listing]):
    """Everything that was told of it, by whom and when, from the earliest. The call is the fold of these."""
    call = found(request, CALLS, call_id)
    rows = Event.objects.for_workspace(call.workspace_id).filter(call=call)
    page, following = paged(rows, asked, call.pk, order="at")
    sees_words = request.viewer.may(Permission.SEE_WORDS)
    return Facts(items=[_fact(row, sees_words=sees_words) for row in page], next=following)


def _turn(turn: Turn, began: datetime) -> TurnOut:
    is_tool = turn.role == Turn.Role.TOOL
    tool = ToolOut(name=turn.tool_name, arguments=turn.tool_arguments, ok=turn.tool_ok) if is_tool else None
    return TurnOut(
        n=turn.n,
        key=turn.key,
        role=turn.role,
        text=turn.text,
        heard=turn.heard,
        tool=tool,
        at=began + timedelta(milliseconds=turn.start_ms),
        start_ms=turn.start_ms,
        end_ms=turn.end_ms,
        reply_ms=turn.reply_ms,
        mood=turn.mood,
        model=turn.model or None,
        fallback=turn.fallback,
        error=turn.error or None,
    )


def _shown(data: dict[str, Any], hidden: seeing.Mask) -> dict[str, Any]:
    """What is hidden may go over several words, and be cut off in what was heard."""
    told = hidden.all(data)
    if hidden and data.get("words"):
        told["words"] = seeing.words(hidden, data["words"])
    if hidden and data.get("heard"):
        told["heard"] = hidden.beginning(data["heard"], data.get("text", ""))
    return told


def _fact(row: Event, *, sees_words: bool) -> FactOut:
    data = {name: value for name, value in row.data.items() if name not in _LEFT_OUT}
    for name in _NUMBERS:
        if data.get(name):
            data[name] = parts.masked(data[name])
    data = _shown(data, seeing.mask())
    return FactOut(
        id=row.pk,
        kind=row.kind,
        source=row.source,
        key=row.key,
        turn=row.turn or None,
        at=row.at,
        created_at=row.created_at,
        data=data if sees_words else None,
    )
