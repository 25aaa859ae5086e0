"""`/api/v1/…`: custom fields, scorecards and topics, what calls say to them, and readings in bulk."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status

from accounts.api import access
from accounts.permissions import Permission
from agents.models import Agent
from base.api import Listing, answers, checked, found, invalid, listed, money, named, ours, page_of, paged
from base.errors import json_error
from base.forms import as_typed
from calls.filters import Filters, known_zone
from calls.judging import agreement, definitions, keeping, readings, scores, shapes
from calls.judging.forms import FieldForm, ScorecardForm, TopicForm
from calls.judging.shapes import (
    AnalysisOut,
    CustomFieldChange,
    CustomFieldOut,
    EstimateOut,
    FieldValueOut,
    NewField,
    NewReading,
    NewScorecard,
    NewTopic,
    Overrides,
    ReadingOut,
    SaidField,
    ScorecardChange,
    ScorecardOut,
    ScoreOut,
    TopicChange,
    TopicOut,
)
from calls.models import Call, CustomField, FieldValue, Reading, Scorecard, Topic
from platforms.clean import clean

router = Router(tags=["Analysis"])
EVERYBODY, EDITORS = access(Permission.SEE_CALLS), access(Permission.EDIT_AGENTS)
READERS = access(Permission.SEE_WORDS)


# --- Custom fields --------------------------------------------------------------------------------------


@router.get(
    "/agents/{uuid:agent_id}/fields",
    summary="List an agent’s custom fields",
    auth=EVERYBODY,
    response=answers(page_of(CustomFieldOut), 400, 404),
)
def list_fields(request: HttpRequest, agent_id: UUID, asked: Query[Listing]):
    """What its calls are asked for, in the order they were made."""
    agent = found(request, Agent, agent_id)
    rows, following = paged(CustomField.objects.filter(agent=agent), asked, agent.pk, order="id")
    return {"items": list(map(shapes.field_out, rows)), "next": following}


@router.post(
    "/agents/{uuid:agent_id}/fields",
    summary="Add a custom field",
    auth=EDITORS,
    response=answers(CustomFieldOut, 400, 404, status=201),
)
def create_field(request: HttpRequest, agent_id: UUID, told: NewField):
    """Calls that end from now on are asked for it; others by a reading."""
    agent = found(request, Agent, agent_id)
    form = checked(FieldForm(_typed(told.given()), agent=agent))
    return Status(201, shapes.field_out(definitions.add_field(agent, form.cleaned_data, by=_by(request))))


@router.get(
    "/fields/{uuid:field_id}",
    summary="Get a custom field",
    auth=EVERYBODY,
    response=answers(CustomFieldOut, 404),
)
def get_field(request: HttpRequest, field_id: UUID):
    """What it asks."""
    return shapes.field_out(found(request, CustomField, field_id))


@router.patch(
    "/fields/{uuid:field_id}",
    summary="Change a custom field",
    auth=EDITORS,
    response=answers(CustomFieldOut, 400, 404),
)
def edit_field(request: HttpRequest, field_id: UUID, told: CustomFieldChange):
    """What calls said to it before stays as it is."""
    row = found(request, CustomField.objects.select_related("agent"), field_id)
    was = {"name": row.name, "question": row.question, "choices": row.choices}
    form = checked(FieldForm(_typed(was | told.given()), agent=row.agent, current=row))
    definitions.edit(row, form.cleaned_data | _activity(told.given()), by=_by(request))
    return shapes.field_out(row)


# --- Scorecards -----------------------------------------------------------------------------------------


@router.get(
    "/scorecards",
    summary="List scorecards",
    auth=EVERYBODY,
    response=answers(page_of(ScorecardOut), 400),
)
def list_scorecards(request: HttpRequest, asked: Query[Listing]):
    """In the order they were made, each with how far people agree with the model that judges."""
    rows, following = paged(ours(request, Scorecard), asked, request.viewer.workspace_id, order="id")
    told = agreement.of(rows)
    return {"items": [shapes.scorecard_out(row, told[row]) for row in rows], "next": following}


@router.post(
    "/scorecards",
    summary="Add a scorecard",
    auth=EDITORS,
    response=answers(ScorecardOut, 400, status=201),
)
def create_scorecard(request: HttpRequest, told: NewScorecard):
    """Calls that end from now on are judged by it; others by a reading."""
    if told.agent:
        named(request, "agent", Agent, told.agent)
    workspace = request.viewer.workspace_id
    given = {"sample_percent": told.sample_percent, "pass_mark": told.pass_mark} | told.given()
    form = checked(ScorecardForm(as_typed(given), workspace=workspace))
    row = definitions.add_scorecard(workspace, form.cleaned_data, by=_by(request))
    return Status(201, _scorecard(row))


@router.get(
    "/scorecards/{uuid:scorecard_id}",
    summary="Get a scorecard",
    auth=EVERYBODY,
    response=answers(ScorecardOut, 404),
)
def get_scorecard(request: HttpRequest, scorecard_id: UUID):
    """With how far people agree with the model, by check."""
    return _scorecard(found(request, Scorecard, scorecard_id))


@router.patch(
    "/scorecards/{uuid:scorecard_id}",
    summary="Change a scorecard",
    auth=EDITORS,
    response=answers(ScorecardOut, 400, 404),
)
def edit_scorecard(request: HttpRequest, scorecard_id: UUID, told: ScorecardChange):
    """Scores of before stay as they are."""
    row = found(request, Scorecard, scorecard_id)
    if told.agent:
        named(request, "agent", Agent, told.agent)
    was = {
        "name": row.name,
        "agent": row.agent_id,
        "sample_percent": row.sample_percent,
        "pass_mark": row.pass_mark,
        "checks": row.checks,
    }
    form = checked(ScorecardForm(as_typed(was | told.given()), workspace=row.workspace_id, current=row))
    definitions.edit(row, form.cleaned_data | _activity(told.given()), by=_by(request))
    return _scorecard(row)


# --- Topics ---------------------------------------------------------------------------------------------


@router.get("/topics", summary="List topics", auth=EVERYBODY, response=answers(page_of(TopicOut), 400))
def list_topics(request: HttpRequest, asked: Query[Listing]):
    """What calls are about, as the workspace names it."""
    return listed(request, Topic, asked, shapes.topic_out, order="id")


@router.post("/topics", summary="Add a topic", auth=EDITORS, response=answers(TopicOut, 400, status=201))
def create_topic(request: HttpRequest, told: NewTopic):
    """Calls that end from now on are compared with it; others by a reading."""
    workspace = request.viewer.workspace_id
    form = checked(TopicForm(as_typed(told.given()), workspace=workspace))
    return Status(201, shapes.topic_out(definitions.add_topic(workspace, form.cleaned_data, by=_by(request))))


@router.patch(
    "/topics/{uuid:topic_id}",
    summary="Change a topic",
    auth=EDITORS,
    response=answers(TopicOut, 400, 404),
)
def edit_topic(request: HttpRequest, topic_id: UUID, told: TopicChange):
    """Calls that have it keep it."""
    row = found(request, Topic, topic_id)
    was = {"name": row.name, "description": row.description}
    form = checked(TopicForm(as_typed(was | told.given()), workspace=row.workspace_id, current=row))
    definitions.edit(row, form.cleaned_data | _activity(told.given()), by=_by(request))
    return shapes.topic_out(row)


# --- What a call says -----------------------------------------------------------------------------------


@router.get(
    "/calls/{uuid:call_id}/analysis",
    summary="Get what was read in a call",
    auth=READERS,
    response=answers(AnalysisOut, 404),
)
def get_call_analysis(request: HttpRequest, call_id: UUID):
    """Its custom fields, topics and scores: who said what, and where in the call that shows."""
    call = found(request, Call, call_id)
    topics = {row.pk: row for row in ours(request, Topic).filter(pk__in=call.topics)}
    return AnalysisOut(
        fields=[shapes.value_out(row) for row in _values(call)],
        topics=[shapes.topic_out(topics[pk]) for pk in call.topics if pk in topics],
        scores=[shapes.score_out(row) for row in call.scores.select_related("scorecard").order_by("id")],
    )


@router.put(
    "/calls/{uuid:call_id}/fields/{str:key}",
    summary="Say what a call says to a custom field",
    auth=READERS,
    response=answers(FieldValueOut, 400, 404),
)
def set_call_field(request: HttpRequest, call_id: UUID, key: str, told: SaidField):
    """What a person says counts more than what a model reads, now and later."""
    call = found(request, Call, call_id)
    field = get_object_or_404(CustomField, agent=call.agent_id, key=clean(key))
    row = keeping.say(call, field, told.value, by=request.viewer.user_id, actor=_by(request))
    return shapes.value_out(row)


@router.put(
    "/calls/{uuid:call_id}/scores/{uuid:scorecard_id}",
    summary="Put a call’s score right",
    auth=READERS,
    response=answers(ScoreOut, 400, 404),
)
def set_call_score(request: HttpRequest, call_id: UUID, scorecard_id: UUID, told: Overrides):
    """Where a person says otherwise than the model; what is left out, they agree with."""
    call = found(request, Call, call_id)
    score = get_object_or_404(call.scores.select_related("scorecard"), scorecard=scorecard_id)
    row = scores.override(score, told.overrides, by=request.viewer.user_id, actor=_by(request))
    row.scorecard = score.scorecard
    return shapes.score_out(row)


# --- Readings in bulk -----------------------------------------------------------------------------------


@router.post(
    "/readings",
    summary="Read calls again, or say what that would cost",
    auth=EDITORS,
    response={200: EstimateOut} | answers(ReadingOut, 400, 409, status=202),
)
def start_reading(request: HttpRequest, told: NewReading):
    """Those of a list, as far as they have ended: newest first, by what is defined now. With `dry_run` it is
    200 and the estimate alone. 409 where one is under way or nothing can be read."""
    if not known_zone(told.tz):
        raise invalid({"tz": "an IANA time zone, as Europe/London"})
    if faults := Filters.of(QueryDict(told.query), told.tz, strict=True).faults:
        raise invalid({f"query.{name}": problem for name, problem in faults.items()})
    workspace = request.viewer.workspace_id
    try:
        if told.dry_run:
            return Status(200, _estimate(readings.estimate(workspace, told.query, told.what, told.tz)))
        by = request.viewer.user_id
        reading = readings.start(workspace, told.query, told.what, zone=told.tz, by=by, actor=_by(request))
    except readings.Refused as why:
        return json_error(409, "not_now", str(why))
    return Status(202, shapes.reading_out(reading))


@router.get("/readings", summary="List readings", auth=EDITORS, response=answers(page_of(ReadingOut), 400))
def list_readings(request: HttpRequest, asked: Query[Listing]):
    """Newest first."""
    return listed(request, Reading, asked, shapes.reading_out)


@router.get(
    "/readings/{uuid:reading_id}",
    summary="Get a reading",
    auth=EDITORS,
    response=answers(ReadingOut, 404),
)
def get_reading(request: HttpRequest, reading_id: UUID):
    """How far it is."""
    return shapes.reading_out(found(request, Reading, reading_id))


@router.post(
    "/readings/{uuid:reading_id}/stop",
    summary="Stop a reading",
    auth=EDITORS,
    response=answers(ReadingOut, 404),
)
def stop_reading(request: HttpRequest, reading_id: UUID):
    """What has been read stays. One that is over stays as it is."""
    return shapes.reading_out(readings.stop(found(request, Reading, reading_id), actor=_by(request)))


def _by(request: HttpRequest) -> UUID | None:
    return request.viewer.actor_id


def _typed(given: dict[str, Any]) -> dict[str, str]:
    """As a form has it: choices are a line each."""
    return as_typed(given | {"choices": "\n".join(given.get("choices") or ())})


def _activity(given: dict[str, Any]) -> dict[str, Any]:
    """What no form has."""
    return {"is_active": given["is_active"]} if "is_active" in given else {}


def _scorecard(row: Scorecard) -> ScorecardOut:
    return shapes.scorecard_out(row, agreement.of([row])[row])


def _values(call: Call) -> QuerySet[FieldValue]:
    return (
        FieldValue.objects.filter(call=call).select_related("field").order_by("field__position", "field_id")
    )


def _estimate(told: readings.Estimate) -> EstimateOut:
    return EstimateOut(
        calls=told.calls,
        requests=told.requests,
        tokens_in=told.tokens_in,
        tokens_out=told.tokens_out,
        model=told.model,
        estimate_usd=money(told.usd),
    )
