"""How often rules fired in the last week."""

from datetime import timedelta

from django.utils import timezone

from accounts.tokens import create_token
from agents.models import Agent
from calls.by_rule import RuleFigures, by_rule
from calls.models import PLAYGROUND
from tests.calls.made import make_call
from tests.people import make_member


def a_call(agent: Agent, *rules: str, days: float = 1, **fields) -> None:
    alerts = [{"rule": rule, "occurrence": n, "at_ms": n} for n, rule in enumerate(rules, 1)]
    make_call(agent, alerts=alerts, started_at=timezone.now() - timedelta(days=days), **fields)


def test_it_counts_hits_and_calls_of_one_agent_in_the_last_week(workspace, agent, client):
    a_call(agent, "person", "silence", "silence")
    a_call(agent, "silence")
    a_call(agent)
    a_call(agent, "person", days=8)
    a_call(agent, "person", platform=PLAYGROUND)
    a_call(Agent.objects.create(workspace=workspace, name="Juno"), "person")

    found = by_rule(workspace.pk, agent.pk)

    assert found == [RuleFigures("person", 1, 1), RuleFigures("silence", 3, 2)]
    token = create_token(workspace, "API", "viewer", make_member(workspace, "owner"))[1]
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    told = client.get(f"/api/v1/agents/{agent.pk}/rules/figures", **bearer).json()
    assert told["items"][1] == {"rule": "silence", "hits": 3, "calls": 2}
    assert client.get(f"/api/v1/agents/{workspace.pk}/rules/figures", **bearer).status_code == 404
