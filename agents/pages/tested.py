"""What the page of one agent shows of its tests: how each went last, and how each version did."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from agents.models import Agent, AgentDraft, AgentTest, AgentTestResult, AgentTestRun
from agents.testing.digest import digest_of

Verdict = AgentTestResult.Verdict
Status = AgentTestRun.Status
OVER = (Verdict.PASSED, Verdict.FAILED, Verdict.ERROR, Verdict.UNCHECKED)
UNDER_WAY = (Status.WAITING, Status.RUNNING)
# (word, icon, tone) of a verdict. The browser is told the same; "": it was never run.
VERDICTS = {
    Verdict.PASSED.value: ("Passed", "check", "ok"),
    Verdict.FAILED.value: ("Failed", "x", "danger"),
    Verdict.ERROR.value: ("Not judged", "alert", "warn"),
    Verdict.UNCHECKED.value: ("Nothing checked", "alert", "warn"),
    Verdict.RUNNING.value: ("Running", "clock", "live"),
    Verdict.WAITING.value: ("Waiting", "clock", "none"),
    "": ("Not run", "clock", "none"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a test went last. `version`, or else `revision` of the draft: what it was run over. Only what was
    run over exactly what the draft says has the draft's revision."""

    run: str
    verdict: str
    passed: int
    of: int  # checks
    at: datetime
    version: int | None
    revision: int | None
    failed: dict[str, Any] | None  # the first check that did not hold, with its reason
    error: str  # why nobody can say
    outdated: bool  # the test was changed since

    @property
    def over(self) -> str:
        if self.outdated:
            return "earlier test"
        return "draft" if self.version is None else f"v{self.version}"


def page(agent: Agent, listed: list[dict[str, Any]]) -> dict[str, Any]:
    """Of the section: its rows, what a new one is cloned from, and what the browser goes on from."""
    word, icon, tone = VERDICTS[""]
    blank = {"verdict": {"word": word, "icon": icon, "tone": tone}}
    data = {"rows": listed, "run": _under_way(agent), "verdicts": VERDICTS}
    return {"rows": listed, "blank": blank, "data": data}


def rows(agent: Agent, draft: AgentDraft) -> list[dict[str, Any]]:
    """Each test in the order they were made, with how it went last or None."""
    results = AgentTestResult.objects.for_workspace(agent.workspace_id)
    settled = results.filter(verdict__in=OVER) | results.filter(run__status__in=UNDER_WAY)
    newest = settled.filter(test=OuterRef("pk")).order_by("-id").values("id")[:1]
    tests = list(agent.tests.annotate(newest=Subquery(newest)).only("id", "name", "checks", "edited_at"))
    found = results.filter(pk__in=[test.newest for test in tests if test.newest])
    now = (digest_of(draft.content), draft.revision)
    told = {one.pk: _outcome(one, now) for one in found.select_related("run__version", "test").defer(*_LONG)}
    return [_row(test, told.get(test.newest)) for test in tests]


def by_version(agent: Agent) -> dict[int, str]:
    """How many tests a version passed of those it was put to, in words: {14: "6 of 7 tests"}."""
    results = AgentTestResult.objects.for_workspace(agent.workspace_id)
    judged: QuerySet = (
        results.filter(run__agent=agent, run__version__isnull=False, verdict__in=OVER)
        .order_by("run__version__number", "name", "-id")
        .distinct("run__version__number", "name")
        .values_list("run__version__number", "verdict")
    )
    asked: Counter[int] = Counter()
    passed: Counter[int] = Counter()
    for number, verdict in judged:
        asked[number] += 1
        passed[number] += verdict == Verdict.PASSED
    return {
        number: f"{passed[number]} of {count} test{'' if count == 1 else 's'}"
        for number, count in asked.items()
    }


def _under_way(agent: Agent) -> str:
    """The id of a run that goes on; empty: there is none."""
    run = agent.test_runs.filter(status__in=UNDER_WAY).order_by("-id").values_list("pk", flat=True).first()
    return str(run) if run else ""


# Of a row: what the list has no use for.
_LONG = ("transcript", "run__content", "run__version__prompt", "test__conversation")


def _row(test: AgentTest, outcome: Outcome | None) -> dict[str, Any]:
    word, icon, tone = VERDICTS[outcome.verdict if outcome else ""]
    told = asdict(outcome) | {"at": outcome.at.isoformat()} if outcome else None
    return {
        "id": str(test.pk),
        "name": test.name,
        "checks": len(test.checks),
        "edited_at": test.edited_at.isoformat(),
        "result": told,
        "over": outcome.over if outcome else "",
        "verdict": {"word": word, "icon": icon, "tone": tone},
    }


def _outcome(result: AgentTestResult, now: tuple[str, int]) -> Outcome:
    digest, revision = now
    # A draft takes up what is published beside it without a revision of its own.
    earlier = None if result.run.revision == revision else result.run.revision
    return Outcome(
        run=str(result.run_id),
        verdict=result.verdict,
        passed=sum(check.get("ok") is True for check in result.checks),
        of=len(result.checks),
        at=result.run.ended_at or result.created_at,
        version=result.run.version.number if result.run.version else None,
        revision=revision if result.run.digest == digest else earlier,
        failed=next((check for check in result.checks if check.get("ok") is False), None),
        error=result.error,
        outdated=result.is_outdated,
    )
