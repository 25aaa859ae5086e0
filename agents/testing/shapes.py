"""The shape of a test and of how it went, for the JSON API. What is wrong with what one says: forms.py."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field, StringConstraints

from agents.models import AgentTest, AgentTestResult, AgentTestRun, ToolsFrom
from agents.testing import forms
from base.api import Money, Told, money
from platforms.clean import clean

LONGEST_TEXT = 16_000  # of one entry: what a tool gives may be as long
NUMBERS = 2**31  # whole numbers that the database holds

Named = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"\S")]


class TestEntry(Told):
    """Something said, or something a tool did."""

    role: Literal["caller", "agent", "tool"]
    text: str = Field(max_length=LONGEST_TEXT, description="Of a tool: what it gave.")
    name: str = Field(None, max_length=64, description="Of a tool.", examples=["account.lookup"])
    arguments: dict[str, Any] = Field(None, description="Of a tool.")
    ok: bool = Field(None, strict=True, description="Of a tool: whether it worked.")


class TestCheck(Told):
    """What has to hold. Which of its slots count depends on its kind."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,32}$", examples=["c1"])
    kind: Literal["contains", "not_contains", "regex", "tool_called", "tool_not_called", "judged"]
    answers: Literal["any", "every", "last"] = Field(
        None, description="Of which answers; without it any, or every one where something must not be."
    )
    text: str = Field(None, max_length=1_000, description="`contains`, `not_contains`; `regex`: RE2.")
    tool: str = Field(None, max_length=64, description="`tool_called`, `tool_not_called`.")
    arguments: dict[str, Any] = Field(
        None, description="Of that tool: those that must be equal; it may have others, too."
    )
    question: str = Field(
        None,
        max_length=400,
        description="`judged`: a sentence that a model says yes or no to.",
        examples=["The agent offers to call back."],
    )


class TestChange(Told):
    """What is left out stays as it is."""

    name: Named = Field(None, examples=["Duplicate charge"])
    conversation: list[TestEntry] = Field(None, max_length=forms.MOST_ENTRIES)
    start: int = Field(
        None,
        strict=True,
        ge=0,
        le=forms.MOST_ENTRIES,
        description="The entry from which the agent answers anew. What is before stands as it was said.",
    )
    tools: ToolsFrom = Field(None, description="Whether tools answer from the conversation, or are asked.")
    checks: list[TestCheck] = Field(None, max_length=forms.MOST_CHECKS)

    def given(self) -> dict[str, Any]:
        """What was said, as it can be kept."""
        return clean(super().given())


class NewTest(TestChange):
    name: Named = Field(examples=["Duplicate charge"])
    conversation: list[TestEntry] = Field(max_length=forms.MOST_ENTRIES)


class LatestOut(Schema):
    run: UUID
    verdict: AgentTestResult.Verdict
    passed: int = Field(description="How many of its checks held.")
    checks: int
    version: int | None = Field(description="That it was put to; null: a draft.")
    revision: int | None = Field(description="Of the draft.")
    is_current: bool = Field(
        description="It was over exactly what the draft says now, and the test was not changed since."
    )
    ended_at: datetime | None


class TestOut(Schema):
    id: UUID
    agent: UUID
    name: str
    conversation: list[dict[str, Any]] = Field(description="As it was written: each with what its role has.")
    start: int
    tools: ToolsFrom
    checks: list[dict[str, Any]] = Field(description="As they were written, each with what its kind has.")
    source_call: UUID | None = Field(description="The call it was made from.")
    created_at: datetime
    edited_at: datetime
    latest: LatestOut | None = Field(description="How it went last, or goes.")


class ResultOut(Schema):
    id: UUID
    test: UUID | None = Field(description="Null: it was deleted since.")
    name: str
    verdict: AgentTestResult.Verdict
    checks: list[dict[str, Any]] = Field(
        description="As they were asked, once it is over: with `ok` (null: nobody can say), `reason` "
        "for people, and `at`, the entry of `transcript` it is about, or null."
    )
    transcript: list[dict[str, Any]] | None = Field(
        description="What was said before, and what was said anew; entries as a test’s. Null: it was not "
        "asked for."
    )
    error: str | None = Field(description="Why nobody can say how it went, for people.")
    duration_ms: int | None
    cost_usd: Money


class RunOut(Schema):
    id: UUID
    agent: UUID
    version: int | None = Field(description="Null: it is over a draft that was not published so far.")
    revision: int | None = Field(description="Of the draft.")
    status: AgentTestRun.Status
    tests: int = Field(description="How many.")
    passed: int
    failed: int
    errors: int = Field(description="Tests of which nobody can say how they went.")
    unchecked: int = Field(description="Tests without a check: they were held, and nothing was looked at.")
    started_by: UUID | None
    created_at: datetime
    ended_at: datetime | None
    cost_usd: Money


class RunWithResults(RunOut):
    results: list[ResultOut]


def run_out(run: Any, kind: type[RunOut] = RunOut, **more: Any) -> Any:
    """`run`: as `api.RUNS` finds it."""
    return kind(
        id=run.pk,
        agent=run.agent_id,
        version=run.number,
        revision=run.revision,
        status=AgentTestRun.Status(run.status),
        tests=run.tests,
        passed=run.passed,
        failed=run.failed,
        errors=run.errors,
        unchecked=run.unchecked,
        started_by=run.started_by_id,
        created_at=run.created_at,
        ended_at=run.ended_at,
        cost_usd=money(run.cost),
        **more,
    )


def result_out(result: AgentTestResult, *, transcript: bool = True) -> ResultOut:
    return ResultOut(
        id=result.pk,
        test=result.test_id,
        name=result.name,
        verdict=AgentTestResult.Verdict(result.verdict),
        checks=result.checks,
        transcript=result.transcript if transcript else None,
        error=result.error or None,
        duration_ms=result.duration_ms,
        cost_usd=money(result.cost_usd),
    )


def latest_out(result: AgentTestResult, digest: str) -> LatestOut:
    """`digest`: of what the draft says."""
    return LatestOut(
        run=result.run_id,
        verdict=AgentTestResult.Verdict(result.verdict),
        passed=sum(check.get("ok") is True for check in result.checks),
        checks=len(result.checks),
        version=result.run.version.number if result.run.version else None,
        revision=result.run.revision,
        is_current=result.run.digest == digest and not result.is_outdated,
        ended_at=result.run.ended_at,
    )


def told(test: AgentTest, latest: LatestOut | None = None) -> TestOut:
    return TestOut(
        id=test.pk,
        agent=test.agent_id,
        name=test.name,
        conversation=test.conversation,
        start=test.start,
        tools=ToolsFrom(test.tools),
        checks=test.checks,
        source_call=test.source_call,
        created_at=test.created_at,
        edited_at=test.edited_at,
        latest=latest,
    )
