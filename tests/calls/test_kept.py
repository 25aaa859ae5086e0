"""What a call came to is kept once it has ended, and anew whenever that has changed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.utils import timezone

from agents.models import Agent, ModelCall
from calls import kept
from calls.models import Call, TallyMark
from calls.services import link_agent, record
from platforms.models import Connection
from tests.calls.made import A_SHORT_CALL, make_call, said
from tests.calls.told import BY_THE_PLATFORM, ON_THE_SOCKET

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_has_looked():
    cache.delete(kept.LOOKED)


def cost(call: Call, usd: str) -> ModelCall:
    return ModelCall.objects.create(
        workspace_id=call.workspace_id, call_id=call.pk, feature="voice", model="sim-fast", cost_usd=usd
    )


def figures(call: Call) -> tuple:
    call.refresh_from_db()
    return call.reply_p95_ms, call.total_usd


def test_a_call_that_has_ended_is_kept_with_what_its_models_cost(agent):
    replies = [said(f"r{n}", "Yes.", n * 1_000, n * 1_000 + 1, reply_ms=100 * n) for n in range(1, 21)]
    call = make_call(agent, replies, cost_usd=Decimal("0.07"))
    cost(call, "0.0010004")
    cost(call, "0.002")

    kept.keep(call)

    assert figures(call) == (1_900, Decimal("0.073000"))
    assert call.kept_at
    assert TallyMark.objects.get().workspace_id == agent.workspace_id


def test_one_that_goes_on_is_not(agent):
    call = make_call(agent, A_SHORT_CALL, ended=False)

    assert kept.catch_up(9.0) == 0
    assert figures(call) == (None, None)


def test_one_without_answers_or_models_costs_what_its_platform_says(agent):
    call = make_call(agent, cost_usd=Decimal("0.5"))

    kept.keep(call)

    assert figures(call) == (None, Decimal("0.5"))


def test_all_that_wait_are_kept_in_pieces(agent, monkeypatch):
    monkeypatch.setattr(kept, "PIECE", 2)
    calls = [make_call(agent, A_SHORT_CALL) for _ in range(5)]

    assert kept.catch_up(9.0) == 5
    assert kept.catch_up(9.0) == 0
    assert {figures(call)[0] for call in calls} == {1_900}


def test_what_models_cost_afterwards_is_seen(agent):
    call = make_call(agent, A_SHORT_CALL)
    kept.catch_up(9.0)
    assert figures(call) == (1_900, 0)

    cost(call, "0.25")
    kept.catch_up(9.0)

    assert figures(call) == (1_900, Decimal("0.25"))


def test_so_is_what_was_written_while_nobody_looked(agent):
    call = make_call(agent, A_SHORT_CALL)
    kept.catch_up(9.0)
    late = cost(call, "0.25")
    ModelCall.objects.filter(pk=late.pk).update(created_at=timezone.now() + timedelta(minutes=1))
    cache.delete(kept.LOOKED)

    kept.catch_up(9.0)

    assert figures(call)[1] == Decimal("0.25")


def test_what_is_told_after_the_end_is_taken_in(workspace, opening):
    call = record(workspace.pk, "retell", "c1", ON_THE_SOCKET, source="socket", opening=opening)
    kept.keep(call)
    before = figures(call)[1]

    record(workspace.pk, "retell", "c1", BY_THE_PLATFORM, source="platform", opening=opening)
    assert Call.objects.get().kept_at is None
    kept.catch_up(9.0)

    assert figures(call)[1] > before


def test_a_call_that_is_given_its_agent_is_kept_anew(workspace, agent):
    line = Connection.objects.create(workspace=workspace, platform="retell", name="Line")
    call = make_call(agent, connection=line, platform_agent_id="agent_x")
    Call.objects.filter(pk=call.pk).update(agent=None)
    kept.keep(call)

    link_agent(workspace.pk, line.pk, "agent_x", Agent.objects.get())

    assert Call.objects.get().kept_at is None
