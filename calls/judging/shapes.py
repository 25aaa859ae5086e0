"""The shape of definitions, of what was said of a call, and of readings, for the JSON API."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field, StringConstraints

from base.api import Money, Told, money
from calls.filters import UTC_NAME
from calls.judging import forms
from calls.judging.agreement import Agreement
from calls.judging.scores import counts
from calls.models import CustomField, FieldValue, Reading, Score, Scorecard, Topic
from calls.personal import seeing

Name = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"\S")]
Question = Annotated[str, StringConstraints(min_length=1, max_length=forms.LONGEST_QUESTION, pattern=r"\S")]
Choice = Annotated[
    str, StringConstraints(min_length=1, max_length=forms.LONGEST_CHOICE, pattern=r"^[^\r\n]+$")
]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]


class CustomFieldChange(Told):
    """What is left out stays as it is. Its key and kind do: values depend on them."""

    name: Name = Field(None, examples=["Plan"])
    question: Question = Field(None, examples=["Which plan did they ask about?"])
    choices: list[Choice] = Field(None, max_length=forms.MOST_CHOICES, description="Of a `choice`.")
    is_active: bool = Field(
        None, strict=True, description="False: it is not asked for any more; its values stay."
    )


class NewField(Told):
    name: Name = Field(examples=["Plan"])
    key: str = Field(None, max_length=40, description="In addresses; without it, made of the name.")
    kind: CustomField.FieldKind
    question: Question = Field(examples=["Which plan did they ask about?"])
    choices: list[Choice] = Field(None, max_length=forms.MOST_CHOICES, description="Of a `choice`.")


class CustomFieldOut(Schema):
    id: UUID
    agent: UUID
    key: str = Field(description="Filters name it `field.<key>`.", examples=["plan"])
    name: str
    kind: CustomField.FieldKind
    question: str
    choices: list[str]
    is_active: bool
    created_at: datetime


class CheckIn(Told):
    id: str = Field(
        None, pattern=r"^[A-Za-z0-9_-]{1,32}$", description="That it had, so that it is the same check."
    )
    question: Question = Field(examples=["The agent says the reference before the call ends."])
    weight: int = Field(1, strict=True, ge=1, le=forms.MOST_WEIGHT)
    is_critical: bool = Field(False, strict=True, description="If it fails, the score is 0.")


class ScorecardChange(Told):
    """What is left out stays as it is. Other checks are another revision: calls keep the score they have."""

    name: Name = Field(None, examples=["Quality"])
    agent: UUID | None = Field(None, description="Null: all agents.")
    checks: list[CheckIn] = Field(None, min_length=1, max_length=forms.MOST_CHECKS)
    sample_percent: Percent = Field(None, description="Of the calls that end, so many are judged.")
    pass_mark: Percent = Field(None, description="A call below it is put up for review.")
    is_active: bool = Field(None, strict=True)


class NewScorecard(Told):
    name: Name = Field(examples=["Quality"])
    agent: UUID | None = Field(None, description="Null: all agents.")
    checks: list[CheckIn] = Field(min_length=1, max_length=forms.MOST_CHECKS)
    sample_percent: Percent = 100
    pass_mark: Percent = 70


class AgreementOut(Schema):
    n: int = Field(description="Answers of the model that a person has looked at.")
    same: int = Field(description="Those of them that stood.")
    percent: int | None


class CheckOut(Schema):
    id: str
    question: str
    weight: int
    is_critical: bool
    agreement: AgreementOut


class ScorecardOut(Schema):
    id: UUID
    agent: UUID | None
    name: str
    checks: list[CheckOut]
    sample_percent: int
    pass_mark: int
    revision: int
    is_active: bool
    agreement: AgreementOut
    created_at: datetime


class TopicChange(Told):
    """What is left out stays as it is."""

    name: Name = Field(None, examples=["Billing"])
    description: Question = Field(None, examples=["Bills, charges and refunds."])
    is_active: bool = Field(None, strict=True)


class NewTopic(Told):
    name: Name = Field(examples=["Billing"])
    description: Question = Field(examples=["Bills, charges and refunds."])


class TopicOut(Schema):
    id: UUID
    name: str
    description: str
    is_active: bool
    created_at: datetime


class SaidField(Told):
    value: str | int | float | bool | None = Field(description="Of the field’s kind; null: it does not say.")


class FieldValueOut(Schema):
    key: str
    name: str
    kind: CustomField.FieldKind
    value: Any = Field(description="Of that kind; null: the call does not say.")
    turn: int | None = Field(description="The number of the turn that says it.")
    model: str | None = Field(description="Who read it; null: a person said it.")
    is_by_person: bool
    said_by: UUID | None
    said_at: datetime


class Overrides(Told):
    """All that a person says otherwise than the model. With none, they agree with all of it."""

    overrides: dict[str, bool | None] = Field(
        max_length=forms.MOST_CHECKS, description="By check: it holds, it does not, or null: not applicable."
    )


class MarkOut(Schema):
    id: str
    question: str
    weight: int
    is_critical: bool
    ok: bool | None = Field(description="What the model says; null: it does not apply.")
    override: bool | None = Field(description="What a person says, where `is_overridden`.")
    is_overridden: bool
    reason: str
    turn: int | None


class ScoreOut(Schema):
    scorecard: UUID
    name: str
    revision: int
    points: int | None = Field(description="What counts: people’s, once one has looked at it.")
    model_points: int | None
    is_passed: bool | None
    checks: list[MarkOut]
    model: str | None
    judged_at: datetime
    reviewed_by: UUID | None
    reviewed_at: datetime | None


class AnalysisOut(Schema):
    fields: list[FieldValueOut]
    topics: list[TopicOut]
    scores: list[ScoreOut]


What = Literal["fields", "scorecards", "topics"]


class NewReading(Told):
    query: str = Field("", max_length=4_000, description="Which calls: the list’s address behind the `?`.")
    what: list[What] = Field(min_length=1, max_length=3)
    tz: str = Field(UTC_NAME, max_length=80, description="Whose days `query` means.")
    dry_run: bool = Field(False, strict=True, description="Only the estimate.")


class EstimateOut(Schema):
    calls: int
    requests: int
    tokens_in: int
    tokens_out: int
    model: str = Field(description="That would be asked first.")
    estimate_usd: Money


class ReadingOut(Schema):
    id: UUID
    query: str
    what: list[What]
    status: Reading.Status
    reason: str | None = Field(description="Why it ended before its end, for people.")
    about: int = Field(description="How many calls.")
    done: int
    failed: int
    estimate_usd: Money
    cost_usd: Money
    asked_by: UUID | None
    created_at: datetime
    ended_at: datetime | None


def field_out(row: CustomField) -> CustomFieldOut:
    return CustomFieldOut(
        id=row.pk,
        agent=row.agent_id,
        key=row.key,
        name=row.name,
        kind=CustomField.FieldKind(row.kind),
        question=row.question,
        choices=row.choices,
        is_active=row.is_active,
        created_at=row.created_at,
    )


def agreement_out(told: Agreement) -> AgreementOut:
    return AgreementOut(n=told.n, same=told.same, percent=told.percent)


def scorecard_out(row: Scorecard, told: Agreement) -> ScorecardOut:
    return ScorecardOut(
        id=row.pk,
        agent=row.agent_id,
        name=row.name,
        checks=[CheckOut(**one, agreement=agreement_out(told.checks[one["id"]])) for one in row.checks],
        sample_percent=row.sample_percent,
        pass_mark=row.pass_mark,
        revision=row.revision,
        is_active=row.is_active,
        agreement=agreement_out(told),
        created_at=row.created_at,
    )


def topic_out(row: Topic) -> TopicOut:
    return TopicOut(
        id=row.pk,
        name=row.name,
        description=row.description,
        is_active=row.is_active,
        created_at=row.created_at,
    )


def value_out(row: FieldValue) -> FieldValueOut:
    return FieldValueOut(
        key=row.field.key,
        name=row.field.name,
        kind=CustomField.FieldKind(row.field.kind),
        value=seeing.mask().all(row.value),
        turn=row.turn,
        model=row.model or None,
        is_by_person=row.is_by_person,
        said_by=row.said_by_id,
        said_at=row.said_at,
    )


def score_out(row: Score) -> ScoreOut:
    points = counts(row)
    return ScoreOut(
        scorecard=row.scorecard_id,
        name=row.scorecard.name,
        revision=row.revision,
        points=points,
        model_points=row.points,
        is_passed=None if points is None else points >= row.scorecard.pass_mark,
        checks=[
            MarkOut(
                **one | {"reason": seeing.shown(one["reason"])},
                override=row.overrides.get(one["id"]),
                is_overridden=one["id"] in row.overrides,
            )
            for one in row.checks
        ],
        model=row.model or None,
        judged_at=row.judged_at,
        reviewed_by=row.reviewed_by_id,
        reviewed_at=row.reviewed_at,
    )


def reading_out(row: Reading) -> ReadingOut:
    return ReadingOut(
        id=row.pk,
        query=row.query,
        what=row.what,
        status=Reading.Status(row.status),
        reason=row.reason or None,
        about=row.about,
        done=row.done,
        failed=row.failed,
        estimate_usd=money(Decimal(row.estimate_usd)),
        cost_usd=money(Decimal(row.cost_usd)),
        asked_by=row.asked_by_id,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )
