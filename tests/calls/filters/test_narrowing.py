"""Which calls filters leave."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.http import QueryDict

from accounts.models import Workspace
from agents.models import Agent
from agents.services import publish
from calls.filters import Filters
from calls.models import Call, Review, Topic
from tests.calls.made import BEGAN, make_call


def found(workspace, query: str, zone: str = "UTC") -> set[str]:
    filters = Filters.of(QueryDict(query), zone)
    assert not filters.faults
    return {call.title for call in filters.narrow(Call.objects.for_workspace(workspace))}


@pytest.fixture
def calls(made, db) -> dict[str, Call]:
    return made


@pytest.fixture
def agent(calls) -> Agent:
    return calls["good"].agent


@pytest.fixture
def workspace(agent) -> Workspace:
    return agent.workspace


@pytest.fixture(scope="module")
def made(for_a_module) -> dict[str, Call]:
    """Three that ended, unlike in everything, one that goes on, and one nobody had."""
    workspace = Workspace.objects.create(name="Larkfield Energy")
    agent = Agent.objects.create(workspace=workspace, name="Odell")
    publish(agent, prompt="You answer questions about bills.")
    topic = Topic.objects.create(workspace=workspace, name="Bills")
    iris = Agent.objects.create(workspace=workspace, name="Iris")
    made = {
        "good": make_call(
            agent,
            title="good",
            sentiment="positive",
            tags=["vip"],
            fields={"plan": "Gold", "age": 41, "renewed": True, "due": "2026-02-03"},
            reply_p95_ms=700,
            total_usd=Decimal("0.10"),
            score=90,
        ),
        "bad": make_call(
            agent,
            title="bad",
            started_at=BEGAN - timedelta(days=1),
            ended_at=BEGAN - timedelta(days=1) + timedelta(minutes=5),
            outcome="failed",
            sentiment="negative",
            alerts=[{"rule": "r1"}],
            tags=["angry", "vip"],
            topics=[topic.pk],
            fields={"plan": "Tin", "age": 19, "renewed": False},
            reply_p95_ms=3_200,
            total_usd=Decimal("0.50"),
            score=40,
            direction="outbound",
            to_number="+15550001111",
        ),
        "web": make_call(
            iris, title="web", channel="web", platform="vapi", from_number="", started_at=BEGAN - timedelta(2)
        ),
        "live": make_call(agent, title="live", ended=False, started_at=BEGAN + timedelta(hours=15)),
        "tried": make_call(agent, title="tried", platform="playground", from_number=""),
    }
    Review.objects.create(workspace=workspace, call=made["bad"])
    Review.objects.create(workspace=workspace, call=made["good"], done_at=BEGAN)
    return made


ALL = {"good", "bad", "web", "live"}


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("", ALL),
        ("platform=playground", {"tried"}),
        ("platform=vapi,playground", {"tried", "web"}),
        ("platform=!vapi", ALL - {"web"}),
        ("channel=web", {"web"}),
        ("channel=!web,chat", ALL - {"web"}),
        ("status=live", {"live"}),
        ("status=ended", {"good", "web"}),
        ("status=failed,live", {"bad", "live"}),
        ("status=!failed", ALL - {"bad"}),
        ("outcome=failed", {"bad"}),
        ("outcome=!completed", {"bad", "live"}),
        ("sentiment=negative", {"bad"}),
        ("sentiment=!negative", ALL - {"bad"}),
        ("escalated=yes", {"bad"}),
        ("escalated=no", ALL - {"bad"}),
        ("tag=vip", {"good", "bad"}),
        ("tag=VIP&tag=!angry", {"good"}),
        ("tag=!vip", {"web", "live"}),
        ("duration=%3E2m", {"bad"}),
        ("duration=%3C%3D20s", {"good", "web"}),
        ("duration=%3C20s", set()),
        ("duration=1m..5m", {"bad"}),
        ("field.age=٣", set()),
        ("field.age=١..٣", set()),  # digits, and none that numbers are written with here
        ("cost=%3C0.50", {"good"}),
        ("cost=0.1..0.5", {"good", "bad"}),
        ("latency=%3E2s", {"bad"}),
        ("latency=700ms", {"good"}),
        ("score=%3E%3D90", {"good"}),
        ("score=%3C70", {"bad"}),
        ("review=open", {"bad"}),
        ("review=done", {"good"}),
        ("review=!open,done", {"web", "live"}),
        ("caller=%2B447700900142", {"good", "live"}),
        ("caller=44+7700+900142", {"good", "live"}),
        ("caller=%2B1+555+000+1111", {"bad"}),
        ("field.plan=Gold", {"good"}),
        ("field.plan=Gold,Tin", {"good", "bad"}),
        ("field.plan=!Gold", ALL - {"good"}),
        ("field.age=41", {"good"}),
        ("field.age=%3C30", {"bad"}),
        ("field.age=!%3C30", ALL - {"bad"}),
        ("field.age=15..20", {"bad"}),
        ("field.renewed=yes", {"good"}),
        ("field.renewed=no", {"bad"}),
        ("field.due=%3E2026-02-01", {"good"}),
        ("field.nothing=1", set()),
        ("version=1", {"good", "bad", "live"}),
        ("version=!1", {"web"}),
        ("version=2", set()),
        ("from=2026-11-20&to=2026-11-20", {"good"}),
    ],
)
def test_each_leaves_its_own(workspace, calls, query, left):
    assert found(workspace, query) == left


def test_agents_topics_and_versions_go_by_id_and_number(workspace, agent, calls):
    topic = Topic.objects.get()

    assert found(workspace, f"topic={topic.pk}") == {"bad"}
    assert found(workspace, f"agent={agent.pk}&version=1") == {"good", "bad", "live"}
    assert found(workspace, f"agent=!{agent.pk}") == {"web"}
    publish(Agent.objects.get(name="Iris"), prompt="You answer.")
    assert found(workspace, f"agent={calls['web'].agent_id}&version=1") == set()


def test_a_day_is_that_of_whoever_looks(workspace, calls):
    """The one that goes on began at midnight UTC plus 24 hours."""
    assert calls["live"].started_at == datetime(2026, 11, 21, 0, 0, tzinfo=UTC)

    assert found(workspace, "from=2026-11-21") == {"live"}
    assert found(workspace, "from=2026-11-21", "America/New_York") == set()
    assert found(workspace, "to=2026-11-20", "Asia/Tokyo") == ALL - {"live"}


def test_all_narrow_at_once(workspace, calls):
    query = "channel=phone&status=failed&tag=vip&duration=%3E1m&cost=%3E0.2&escalated=yes&version=1"

    assert found(workspace, query) == {"bad"}
