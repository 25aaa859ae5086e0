"""Runs of an agent's tests: started, claimed one by one, settled, stopped. Who plays them: tasks.py.

Each result is claimed by an update, so a message that comes twice plays nothing twice.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from accounts import audit
from accounts.models import User
from agents.drafting.content import Content
from agents.models import Agent, AgentTest, AgentTestResult, AgentTestRun, AgentVersion, ModelCall
from agents.provision import Actor
from agents.testing.checks import FEATURE
from agents.testing.digest import digest_of
from base.ids import first_uuid7

Status, Verdict = AgentTestRun.Status, AgentTestResult.Verdict
UNDER_WAY = (Status.WAITING, Status.RUNNING)
OPEN = (Verdict.WAITING, Verdict.RUNNING)
MOST_UNDER_WAY = 3  # runs of one agent
KEPT = 50  # runs of one agent over drafts that became no version
STOPPED = "The run was stopped before it was through."
DIED = "The process that ran it died. Run it again."
_CLOCKS_DIFFER = timedelta(minutes=1)


class UnderWay(Exception):
    """The agent is being tested already. The message says so to people."""


@transaction.atomic
def start(
    agent: Agent,
    told: Content,
    tests: Sequence[AgentTest],
    *,
    by: Actor,
    version: AgentVersion | None = None,
    revision: int | None = None,
) -> AgentTestRun:
    """Have the tests run over what the agent is `told`. A run of the same that is under way is joined.

    Raises UnderWay where that one has other tests, or too many are under way.
    """
    Agent.objects.select_for_update(of=("self",)).get(pk=agent.pk)
    digest = digest_of(told)
    under_way = agent.test_runs.filter(status__in=UNDER_WAY)
    same = under_way.filter(digest=digest).first()
    if same:
        if {test.pk for test in tests} <= set(same.results.values_list("test_id", flat=True)):
            return same
        raise UnderWay("Other tests are being run on exactly this. Wait for them, or stop them.")
    if under_way.count() >= MOST_UNDER_WAY:
        raise UnderWay(
            f"{MOST_UNDER_WAY} runs of this agent’s tests are under way. Wait for one, or stop one."
        )
    run = AgentTestRun.objects.create(
        workspace_id=agent.workspace_id,
        agent=agent,
        version=version,
        revision=revision,
        content=told,
        digest=digest,
        started_by=by if isinstance(by, User) else User.objects.filter(pk=by).first(),
    )
    over_drafts = agent.test_runs.filter(version=None).exclude(status__in=UNDER_WAY).order_by("-id")
    AgentTestRun.objects.filter(pk__in=list(over_drafts.values_list("pk", flat=True)[KEPT:])).delete()
    AgentTestResult.objects.bulk_create(
        AgentTestResult(workspace_id=agent.workspace_id, run=run, test=test, name=test.name) for test in tests
    )
    _note("test.run", run, by, {"tests": len(tests)})
    # Nobody's run fails because Redis is away: the timetable finds it too.
    transaction.on_commit(ring, robust=True)
    return run


def ring() -> None:
    """Have what waits played."""
    # By name: web processes read this file, and most never start a run.
    import_module("agents.testing.tasks").play.delay()


@transaction.atomic
def stop(run: AgentTestRun, *, by: Actor) -> AgentTestRun:
    """What is not through by now never will be. One that is over stays as it is."""
    locked = AgentTestRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if locked.status in UNDER_WAY:
        locked.status, locked.ended_at = Status.STOPPED, timezone.now()
        locked.save(update_fields=["status", "ended_at"])
        locked.results.filter(verdict__in=OPEN).update(verdict=Verdict.ERROR, error=STOPPED)
        _note("test.stop", locked, by)
    return locked


# --- For whoever plays them -----------------------------------------------------------------------------


def is_any_open() -> bool:
    return AgentTestRun.objects.filter(status__in=UNDER_WAY).exists()


def waiting() -> QuerySet[AgentTestResult]:
    return AgentTestResult.objects.filter(verdict=Verdict.WAITING, run__status__in=UNDER_WAY)


def claim() -> AgentTestResult | None:
    """The next that waits, of whichever run has fewest under way: nobody waits for all of somebody else's."""
    busy = Count("run__results", filter=Q(run__results__verdict=Verdict.RUNNING))
    for found in list(waiting().annotate(busy=busy).order_by("busy", "id").values_list("pk", flat=True)[:8]):
        if AgentTestResult.objects.filter(pk=found, verdict=Verdict.WAITING).update(verdict=Verdict.RUNNING):
            result = AgentTestResult.objects.select_related("run__agent__workspace", "run__version", "test")
            ours = result.filter(pk=found).first()
            if ours is None:  # its agent was deleted meanwhile
                continue
            AgentTestRun.objects.filter(pk=ours.run_id, status=Status.WAITING).update(status=Status.RUNNING)
            return ours
    return None


def is_stopped(result: AgentTestResult) -> bool:
    return not AgentTestResult.objects.filter(pk=result.pk, verdict=Verdict.RUNNING).exists()


def settle(result: AgentTestResult, verdict: str, **fields: Any) -> None:
    """How it went. What was stopped meanwhile stays stopped, but for what it has cost."""
    rows = AgentTestResult.objects.filter(pk=result.pk)
    if not rows.filter(verdict=Verdict.RUNNING).update(verdict=verdict, cost_usd=_cost(result), **fields):
        rows.update(cost_usd=_cost(result))
    _finish()


def settle_dead() -> None:
    """Only for whoever may play, which is one at a time: what is being played now nobody plays."""
    AgentTestResult.objects.filter(verdict=Verdict.RUNNING).update(verdict=Verdict.ERROR, error=DIED)
    _finish()


def turn_of(result: AgentTestResult) -> str:
    """What the requests of a test are booked under."""
    return f"test {result.pk}"


def _finish() -> None:
    left = AgentTestResult.objects.filter(run=OuterRef("pk"), verdict__in=OPEN)
    over = AgentTestRun.objects.filter(~Exists(left), status__in=UNDER_WAY)
    over.update(status=Status.DONE, ended_at=timezone.now())


def _cost(result: AgentTestResult) -> Decimal:
    since = round((result.created_at - _CLOCKS_DIFFER).timestamp() * 1_000)
    made = ModelCall.objects.for_workspace(result.workspace_id).filter(id__gte=first_uuid7(since))
    spent = made.filter(feature=FEATURE, turn=turn_of(result)).aggregate(usd=Sum("cost_usd"))
    return spent["usd"] or Decimal(0)


def _note(action: str, run: AgentTestRun, by: Actor, detail: dict | None = None) -> None:
    told = {"run": str(run.pk)} | (detail or {})
    audit.note(action, workspace=run.workspace_id, actor=by, target=f"agent:{run.agent_id}", detail=told)
