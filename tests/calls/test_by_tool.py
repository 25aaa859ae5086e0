"""How tools did in the calls of the last day."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Workspace
from agents.models import Agent
from calls.by_tool import ToolFigures, by_tool
from calls.models import Call, Turn


@pytest.fixture
def workspace(db) -> Workspace:
    return Workspace.objects.create(name="Larkfield Energy")


def used(workspace, agent=None, *, hours=1, name="order.find", took=(400,), ok=True) -> None:
    call = Call.objects.create(
        workspace=workspace,
        platform="retell",
        platform_call_id=f"c{Call.objects.count()}",
        agent=agent,
        started_at=timezone.now() - timedelta(hours=hours),
    )
    for n, ms in enumerate(took):
        Turn.objects.create(
            workspace=workspace, call=call, key=f"t{n}", n=n, role="tool", tool_name=name,
            tool_ok=ok, start_ms=1_000, end_ms=None if ms is None else 1_000 + ms,
        )  # fmt: skip


def test_it_counts_what_was_answered_in_the_last_day(workspace):
    used(workspace, took=[100] * 19 + [900])
    used(workspace, took=[2_000], ok=False)
    used(workspace, took=[None], ok=None)  # still running
    used(workspace, hours=25)
    used(workspace, name="end_call", took=[0])
    used(Workspace.objects.create(name="Elsewhere"))

    assert by_tool(workspace.pk) == [
        ToolFigures("end_call", 1, 1, 0),
        ToolFigures("order.find", 21, 20, 900),
    ]


def test_it_counts_one_agents_calls_alone(workspace):
    agent = Agent.objects.create(workspace=workspace, name="Odell")
    used(workspace, agent)
    used(workspace)

    assert by_tool(workspace.pk, agent.pk) == [ToolFigures("order.find", 1, 1, 400)]
