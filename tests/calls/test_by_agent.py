"""How agents did in the last day, for their list."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from agents.models import Agent, ModelCall
from calls.by_agent import by_agent
from calls.models import Call, Turn


def a_call(agent, *, hours=1.0, minutes=None, cost="0", transfer="", replies=()) -> Call:
    """`minutes`: how long it took; None: it goes on."""
    began = timezone.now() - timedelta(hours=hours)
    call = Call.objects.create(
        workspace=agent.workspace,
        platform="retell",
        platform_call_id=f"c{Call.objects.count()}",
        agent=agent,
        started_at=began,
        ended_at=None if minutes is None else began + timedelta(minutes=minutes),
        cost_usd=Decimal(cost),
        transfer=transfer,
    )
    for n, ms in enumerate(replies):
        Turn.objects.create(
            workspace=agent.workspace, call=call, key=f"r{n}", n=n, role="agent", start_ms=0, reply_ms=ms
        )
    return call


def test_it_counts_what_ended_in_the_last_day_and_what_goes_on(workspace, agent):
    a_call(agent, minutes=3, cost="0.30", replies=[400, 500])
    a_call(agent, minutes=1, transfer="bridged", replies=[2_000])
    a_call(agent)
    a_call(agent, hours=25, minutes=9, cost="9")
    ModelCall.objects.create(workspace=workspace, agent=agent, feature="voice", cost_usd=Decimal("0.10"))

    [found] = by_agent(workspace.pk)

    assert (found.agent_id, found.live, found.ended, found.without_person) == (agent.pk, 1, 2, 1)
    assert (found.replies.n, found.replies.p95_ms) == (3, 2_000)
    assert (found.cost_usd, found.cost_per_minute_usd) == (Decimal("0.40"), Decimal("0.10"))


def test_nothing_is_said_of_a_minute_nobody_talked(workspace, agent):
    a_call(agent)
    Agent.objects.create(workspace=workspace, name="Juno")

    [found] = by_agent(workspace.pk)

    assert (found.live, found.ended, found.cost_per_minute_usd) == (1, 0, None)
