"""`/api/v1/agents/{id}/tests`, `…/test-runs` and what is below them: an agent's tests, and how they went."""

from typing import Annotated, Literal
from uuid import UUID

from django.db.models import Count, F, Q, Sum
from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import Field

from accounts.api import access
from accounts.permissions import Permission
from agents.drafting import content, drafts
from agents.drafting.content import Content
from agents.models import Agent, AgentTest, AgentTestResult, AgentTestRun, AgentVersion
from agents.roster.api import AGENTS
from agents.testing import kept, runs, shapes
from agents.testing.digest import digest_of
from agents.testing.forms import MOST_TESTS
from agents.testing.shapes import NUMBERS, LatestOut, NewTest, RunOut, RunWithResults, TestChange, TestOut
from base.api import Asked, Listing, Told, answers, found, invalid, listed, page_of, paged
from base.errors import json_error

router = Router(tags=["Tests"])
READERS, EDITORS = access(Permission.SEE_WORDS), access(Permission.EDIT_AGENTS)
DRAFT = "draft"
TESTS = AgentTest.objects.select_related("agent__live_version")
_how = AgentTestResult.Verdict
# With what is counted of them.
RUNS = AgentTestRun.objects.defer("content").annotate(
    tests=Count("results"),
    passed=Count("results", filter=Q(results__verdict=_how.PASSED)),
    failed=Count("results", filter=Q(results__verdict=_how.FAILED)),
    errors=Count("results", filter=Q(results__verdict=_how.ERROR)),
    unchecked=Count("results", filter=Q(results__verdict=_how.UNCHECKED)),
    cost=Sum("results__cost_usd"),
    number=F("version__number"),
)


class NewRun(Told):
    version: Annotated[int, Field(strict=True, ge=1, lt=NUMBERS)] | Literal["draft"] = Field(
        "draft", description="A number, or `draft`.", examples=["draft"]
    )
    tests: list[UUID] = Field(
        None, min_length=1, max_length=MOST_TESTS, description="Those to be run; without it, all are."
    )


class Results(Asked):
    transcripts: bool = Field(True, description="Whether they are answered: they may be long.")
    test: UUID = Field(None, description="The result of this test alone.")


class Runs(Listing):
    version: str = Field(
        "",
        pattern=r"^(draft|[1-9]\d{0,8})?$",
        description="Those over exactly what this version, or the draft, says.",
    )


@router.get(
    "/agents/{uuid:agent_id}/tests",
    summary="List an agent’s tests",
    auth=READERS,
    response=answers(page_of(TestOut), 400, 404),
)
def list_tests(request: HttpRequest, agent_id: UUID, asked: Query[Listing]):
    """In the order they were made."""
    agent = found(request, AGENTS, agent_id)
    tests, following = paged(agent.tests.all(), asked, agent.pk, order="id")
    latest = _latest(agent, tests)
    return {"items": [shapes.told(test, latest.get(test.pk)) for test in tests], "next": following}


@router.post(
    "/agents/{uuid:agent_id}/tests",
    summary="Add a test",
    auth=EDITORS,
    response=answers(TestOut, 400, 404, status=201),
)
def create_test(request: HttpRequest, agent_id: UUID, told: NewTest):
    """A conversation, and what has to hold of it."""
    agent = found(request, AGENTS, agent_id)
    return Status(201, shapes.told(kept.create(agent, told.given(), by=request.viewer.actor_id)))


@router.get(
    "/tests/{uuid:test_id}",
    summary="Get a test",
    auth=READERS,
    response=answers(TestOut, 404),
)
def get_test(request: HttpRequest, test_id: UUID):
    """With how it went last."""
    return _told(found(request, TESTS, test_id))


@router.patch(
    "/tests/{uuid:test_id}",
    summary="Change a test",
    auth=EDITORS,
    response=answers(TestOut, 400, 404),
)
def edit_test(request: HttpRequest, test_id: UUID, told: TestChange):
    """A run that is under way takes it as it is when its turn comes."""
    test = found(request, TESTS, test_id)
    return _told(kept.edit(test, told.given(), by=request.viewer.actor_id))


@router.delete(
    "/tests/{uuid:test_id}",
    summary="Delete a test",
    auth=EDITORS,
    response=answers(TestOut, 404),
)
def delete_test(request: HttpRequest, test_id: UUID):
    """Answers as it was. How it went stays with the runs."""
    test = found(request, TESTS, test_id)
    told = _told(test)
    kept.delete(test, by=request.viewer.actor_id)
    return told


@router.post(
    "/agents/{uuid:agent_id}/test-runs",
    summary="Run an agent’s tests",
    auth=EDITORS,
    response=answers(RunOut, 400, 404, 409, status=202),
)
def start_test_run(request: HttpRequest, agent_id: UUID, told: NewRun):
    """Over the draft or a version. Ask for the run until its `status` is `done` or `stopped`. One over the
    same that is under way is answered instead; 409 where that one has other tests."""
    agent = found(request, AGENTS, agent_id)
    said, version, revision = _content(agent, told.version)
    try:
        run = runs.start(
            agent,
            said,
            _chosen(agent, told.tests),
            by=request.viewer.actor_id,
            version=version,
            revision=revision,
        )
    except runs.UnderWay as busy:
        return json_error(409, "run_under_way", str(busy))
    return Status(202, shapes.run_out(found(request, RUNS, run.pk)))


@router.get(
    "/agents/{uuid:agent_id}/test-runs",
    summary="List runs of an agent’s tests",
    auth=READERS,
    response=answers(page_of(RunOut), 400, 404),
)
def list_test_runs(request: HttpRequest, agent_id: UUID, asked: Query[Runs]):
    """Newest first."""
    agent = found(request, AGENTS, agent_id)
    rows = RUNS.filter(agent=agent)
    if asked.version:
        said, _, _ = _content(agent, asked.version if asked.version == DRAFT else int(asked.version))
        rows = rows.filter(digest=digest_of(said))
    return listed(request, rows, asked, shapes.run_out)


@router.get(
    "/test-runs/{uuid:run_id}",
    summary="Get a run of an agent’s tests",
    auth=READERS,
    response=answers(RunWithResults, 400, 404),
)
def get_test_run(request: HttpRequest, run_id: UUID, asked: Query[Results]):
    """With how each test went, or goes. Whoever asks again and again leaves the transcripts out."""
    return _with_results(found(request, RUNS, run_id), asked.test, transcripts=asked.transcripts)


@router.post(
    "/test-runs/{uuid:run_id}/stop",
    summary="Stop a run of an agent’s tests",
    auth=EDITORS,
    response=answers(RunWithResults, 404),
)
def stop_test_run(request: HttpRequest, run_id: UUID):
    """What is not through within a second never will be. One that is over stays as it is."""
    run = found(request, RUNS, run_id)
    runs.stop(run, by=request.viewer.actor_id)
    return _with_results(found(request, RUNS, run_id))


# Of a result: what is not told of the last one.
_LONG = ("transcript", "run__content", "test__conversation", "test__checks")


def _told(test: AgentTest) -> TestOut:
    return shapes.told(test, _latest(test.agent, [test]).get(test.pk))


def _latest(agent: Agent, tests: list[AgentTest]) -> dict[UUID, LatestOut]:
    results = AgentTestResult.objects.for_workspace(agent.workspace_id).filter(test__in=tests)
    newest = results.order_by("test_id", "-id").distinct("test_id").select_related("run__version", "test")
    digest = digest_of(drafts.look(agent).content) if tests else ""
    newest = newest.defer(*_LONG, *(f"run__version__{n}" for n in AgentVersion.CONTENT))
    return {result.test_id: shapes.latest_out(result, digest) for result in newest}


def _content(agent: Agent, version: int | str) -> tuple[Content, AgentVersion | None, int | None]:
    """What is to be played, the version that says it, and the revision of the draft if that does."""
    if version != DRAFT:
        one = agent.versions.filter(number=version).first()
        if one is None:
            raise invalid({"version": "there is no such version"})
        return content.of(one), one, None
    draft = drafts.look(agent)
    is_live = draft.content == content.of(agent.live_version)
    return draft.content, agent.live_version if is_live else None, draft.revision


def _chosen(agent: Agent, wanted: list[UUID] | None) -> list[AgentTest]:
    tests = list(agent.tests.all())
    known = {test.pk for test in tests}
    if faults := {
        f"tests.{n}": "there is no such test" for n, pk in enumerate(wanted or ()) if pk not in known
    }:
        raise invalid(faults)
    if not tests:
        raise invalid({"tests": "this agent has none"})
    return [test for test in tests if not wanted or test.pk in wanted]


def _with_results(run: AgentTestRun, test: UUID | None = None, *, transcripts: bool = True) -> RunWithResults:
    rows = run.results.filter(test=test) if test else run.results.all()
    if not transcripts:
        rows = rows.defer("transcript")
    results = [shapes.result_out(one, transcript=transcripts) for one in rows]
    return shapes.run_out(run, RunWithResults, results=results)
