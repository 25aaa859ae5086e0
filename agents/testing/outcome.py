"""How one test goes: its conversation is held, and its checks are judged."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from time import monotonic
from uuid import UUID

from agents.llm.errors import ProviderError
from agents.models import AgentTest, AgentTestResult
from agents.services import RunningAgent
from agents.testing import checks
from agents.testing.checks import Judged
from agents.testing.forms import JUDGED, Check, Entry
from agents.testing.playing import NotAnswered, Play

TEST_SECONDS = 180.0  # all of it
LATE = f"It took longer than {TEST_SECONDS:g} seconds."
Verdict = AgentTestResult.Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """Columns of AgentTestResult. `checks`: each as it was asked, with what `checks.Judged` says."""

    verdict: str
    transcript: list[Entry]
    duration_ms: int
    checks: list[Check] = field(default_factory=list)
    error: str = ""


async def outcome_of(agent: RunningAgent, test: AgentTest, result_id: UUID, turn: str) -> Outcome:
    """Never raises for what models and tools do: nobody can say then how the test went."""
    began = monotonic()
    play = Play(agent, test.conversation, test.start, test.tools, result_id, turn)
    judged: list[Judged] = []
    error = ""
    try:
        async with asyncio.timeout(TEST_SECONDS):
            await play.hold()
            for check in test.checks:
                judged.append(await _judge(check, play))
    except NotAnswered as refused:
        error = str(refused)
    except TimeoutError:
        error = LATE
    judged += [Judged(None, "Not judged.")] * (len(test.checks) - len(judged))
    return Outcome(
        verdict=_verdict(judged, error),
        transcript=play.transcript,
        duration_ms=round((monotonic() - began) * 1_000),
        checks=[check | asdict(one) for check, one in zip(test.checks, judged, strict=True)],
        error=error[:200],
    )


async def _judge(check: Check, play: Play) -> Judged:
    if check["kind"] != JUDGED:
        return checks.judge(check, play.transcript, play.start)
    agent = play.agent
    try:
        return await checks.judged(
            check["question"],
            play.transcript,
            workspace_id=agent.workspace_id,
            agent_id=agent.agent_id,
            turn=play.turn,
        )
    except ProviderError as failed:
        return Judged(None, f"The model that was to judge did not answer: {failed.message}")


def _verdict(judged: Sequence[Judged], error: str) -> str:
    if any(one.ok is False for one in judged):
        return Verdict.FAILED
    if error or any(one.ok is None for one in judged):
        return Verdict.ERROR
    return Verdict.PASSED if judged else Verdict.UNCHECKED
