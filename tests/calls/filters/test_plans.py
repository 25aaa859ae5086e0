"""A filter that leaves a few calls of thousands finds them by an index, not by reading all of them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from accounts.models import Workspace
from agents.models import Agent
from agents.services import publish
from calls import figures
from calls.filters import Filters
from calls.models import Call
from calls.sorting import SORTS, Sort
from tests.calls.made import BEGAN

MANY, FEW = 4_000, 5


@pytest.fixture
def workspace_id(thousands, db):
    return thousands


@pytest.fixture(scope="module")
def thousands(for_a_module):
    """Thousands of calls, five of which are unlike the others in everything."""
    agent = Agent.objects.create(workspace=Workspace.objects.create(name="Larkfield Energy"), name="Odell")
    for _ in range(2):
        publish(agent, prompt="You answer questions about bills.")
    first, second = agent.versions.order_by("number")
    Call.objects.bulk_create(
        Call(
            workspace_id=agent.workspace_id,
            platform="vapi" if n < FEW else "retell",
            platform_call_id=f"call_{n}",
            agent=agent,
            version=second if n < FEW else first,
            channel="web" if n < FEW else "phone",
            from_number=f"+4477009{n:05}",
            started_at=BEGAN - timedelta(minutes=n),
            ended_at=BEGAN - timedelta(minutes=n) + timedelta(seconds=900 if n < FEW else 60 + n % 60),
            outcome="failed" if n < FEW else "completed",
            sentiment="negative" if n < FEW else "positive",
            summary="Charged twice, one refunded. " * 10,
            alerts=[{"rule": "r1"}] if n < FEW else [],
            tags=["vip"] if n < FEW else [],
            fields={"plan": "Gold"} if n < FEW else {"plan": "Tin"},
            reply_p95_ms=9_000 if n < FEW else 500 + n % 500,
            total_usd=Decimal(9) if n < FEW else Decimal("0.1"),
            score=5 if n < FEW else 80,
            # The few are in the middle of the list: to read on until they come is to read half of it.
            kept_at=BEGAN,
        )
        for n in range(MANY)
    )
    Call.objects.filter(platform="vapi").update(started_at=BEGAN - timedelta(minutes=MANY // 2))
    with connection.cursor() as cursor:
        # What tests before have rolled back is still in the indexes, and would count as work to be done.
        cursor.execute("REINDEX TABLE calls_call")
        cursor.execute("ANALYZE calls_call")
    return agent.workspace_id


def plan(rows) -> str:
    return rows.order_by("-started_at", "-id").values("pk")[:51].explain(analyze=True)


def rows_read(told: str) -> int:
    """What the scans at the bottom brought, and what was thrown away of it."""
    return sum(
        int(float(word.partition("rows=")[2].split()[0]))
        for line in told.splitlines()
        if " on calls_call" in line
        for word in [line.partition("actual")[2]]
    ) + sum(int(line.rpartition(":")[2]) for line in told.splitlines() if "Rows Removed by Filter" in line)


@pytest.mark.parametrize(
    "query",
    [
        "cost=%3E5",
        "latency=%3E5s",
        "duration=%3E10m",
        "score=%3C10",
        "outcome=failed",
        "status=failed",
        "sentiment=negative",
        "escalated=yes",
        "tag=vip",
        "field.plan=Gold",
        "version=2",
        "platform=vapi",
        "channel=web",
        "caller=447700900003",
        "from=2026-11-20&to=2026-11-20&status=failed",
    ],
)
def test_a_selective_filter_reads_few_calls(workspace_id, query):
    rows = Filters.of(QueryDict(query)).narrow(Call.objects.for_workspace(workspace_id))

    told = plan(rows)

    assert "Seq Scan on calls_call" not in told, told
    assert rows_read(told) < MANY // 8, told


def test_to_count_is_to_follow_an_index(workspace_id):
    rows = Filters.of(QueryDict("from=2026-01-01")).narrow(Call.objects.for_workspace(workspace_id))

    with CaptureQueriesContext(connection) as asked:
        assert figures.about(rows)[0] >= 1_000
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {asked.captured_queries[0]['sql']}")
        told = "\n".join(line for (line,) in cursor.fetchall())

    assert "Seq Scan on calls_call" not in told, told
    assert "Sort" not in told, told


@pytest.mark.parametrize("sort", SORTS)
def test_the_first_page_of_any_order_reads_no_more_than_it_shows(workspace_id, sort):
    rows = Filters().narrow(Call.objects.for_workspace(workspace_id)).values("pk")

    told = Sort.of(sort)._parts(rows, None, back=False)[0][:51].explain(analyze=True)

    assert "Seq Scan on calls_call" not in told, told
    assert "Sort" not in told, told
    assert rows_read(told) < 200, told
