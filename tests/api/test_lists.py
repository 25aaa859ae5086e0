"""Every list of the API: its pages fit together, its cursors are its own, and it asks the database little."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from uuid import UUID

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.models import Agent, Budget, ModelCall
from agents.services import publish
from base.ids import first_uuid7, uuid7
from platforms.models import Connection
from tests.api.made import make_delivery, make_model_call
from tests.calls.made import A_SHORT_CALL, BEGAN, make_call, said
from webhooks.models import Delivery

LISTS = ["agents", "calls", "model-calls", "budgets", "connections", "webhooks/deliveries"]


def fill(world) -> None:
    """Seven more of everything, some of the same moment."""
    turns = [said(f"c{n}", f"Word {n}", n * 1_000, n * 1_000 + 500) for n in range(7)]
    make_call(world.agent, turns, started_at=BEGAN - timedelta(days=1))
    Budget.objects.create(workspace=world.workspace, period="month", soft_usd=5)
    for n in range(7):
        agent = Agent.objects.create(workspace=world.workspace, name=f"Agent {n}")
        Budget.objects.create(workspace=world.workspace, agent=agent, period="day", hard_usd=n)
        publish(world.agent, prompt=f"Prompt {n}")
        Connection.objects.create(workspace=world.workspace, platform="retell", name=f"Line {n}")
        call = make_call(world.agent, A_SHORT_CALL, started_at=BEGAN + timedelta(hours=n // 3))
        make_delivery(world.connection, call=call)
        make_model_call(call, error_type="timeout" if n % 2 else "")


def walk(program, path: str, **query) -> list[dict]:
    items, cursor = [], ""
    for _ in range(50):
        page = program.get(path, **query, cursor=cursor)
        assert len(page["items"]) <= query["limit"]
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items
    raise AssertionError("the list has no end")


@pytest.mark.parametrize("path", LISTS)
def test_its_pages_fit_together_newest_first(world, path):
    fill(world)
    program = world.program("admin")

    whole = program.get(path, limit=200)["items"]

    assert len(whole) >= 8
    assert walk(program, path, limit=3) == whole
    order = "started_at" if path == "calls" else "id"
    assert [item[order] for item in whole] == sorted((item[order] for item in whole), reverse=True)


def test_the_versions_of_an_agent_come_newest_first(world):
    fill(world)

    versions = walk(world.program(), f"agents/{world.agent.pk}/versions", limit=3)

    assert [version["number"] for version in versions] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert [version["number"] for version in versions if version["is_live"]] == [8]


def test_a_transcript_is_read_from_its_beginning(world):
    turns = walk(world.program(), f"calls/{world.ended.pk}/transcript", limit=2)

    assert [turn["n"] for turn in turns] == [1, 2, 3, 4, 5, 6, 7]


def test_facts_come_in_the_order_they_happened(world):
    facts = walk(world.program(), f"calls/{world.ended.pk}/events", limit=2)

    assert len(facts) == world.ended.events.count()
    times = [datetime.fromisoformat(fact["at"]) for fact in facts]
    assert times == sorted(times)


def test_what_is_written_meanwhile_moves_nothing(world):
    fill(world)
    program = world.program("admin")
    whole = program.get("webhooks/deliveries", limit=200)["items"]

    first = program.get("webhooks/deliveries", limit=4)
    make_delivery(world.connection)
    rest = program.get("webhooks/deliveries", limit=200, cursor=first["next"])

    assert first["items"] + rest["items"] == whole


@pytest.mark.parametrize("other", ["model-calls", "calls?status=ended&limit=2", "agents"])
def test_a_cursor_is_good_for_its_own_list_only(world, other):
    fill(world)
    program = world.program("admin")
    cursor = program.get("calls", limit=2)["next"]

    path, _, query = other.partition("?")
    refused = program.ask(path, **{name: value[0] for name, value in parse_qs(query).items()}, cursor=cursor)

    assert refused.status_code == 400
    assert refused.json()["error"]["details"][0]["field"] == "cursor"


def test_a_cursor_of_another_workspace_is_refused(world):
    fill(world)
    cursor = world.program().get("calls", limit=2)["next"]

    assert world.program("owner", world.elsewhere).ask("calls", cursor=cursor).status_code == 400


def test_a_cursor_whose_row_is_gone_says_so(world):
    fill(world)
    page = world.program().get("calls", limit=2)
    world.ended.__class__.objects.get(pk=page["items"][-1]["id"]).delete()

    refused = world.program().ask("calls", limit=2, cursor=page["next"])

    assert refused.status_code == 400
    assert "gone" in refused.json()["error"]["details"][0]["problem"]


@pytest.mark.parametrize("path", LISTS)
def test_it_is_empty_for_another_workspace(world, path):
    fill(world)

    assert world.program("owner", world.elsewhere).get(path) == {"items": [], "next": None}


@pytest.mark.parametrize(
    "path", [*LISTS, "calls/{call}/transcript", "calls/{call}/events", "agents/{agent}/versions"]
)
def test_more_rows_take_no_more_queries(world, path, django_assert_max_num_queries):
    fill(world)
    program = world.program("admin")
    address = path.format(call=world.ended.pk, agent=world.agent.pk)
    program.get(address)  # a token's first use is written down

    with django_assert_max_num_queries(6):
        program.get(address, limit=200)


# --- Filters --------------------------------------------------------------------------------------------


def test_a_page_far_into_a_list_begins_where_its_cursor_stands(world):
    """Not at the beginning of the list, to leave out what has been read."""
    fill(world)
    program = world.program()
    cursor = program.get("calls", limit=3)["next"]

    with CaptureQueriesContext(database) as asked:
        program.get("calls", limit=3, cursor=cursor)
    page = next(query["sql"] for query in asked if 'ORDER BY "calls_call"."started_at" DESC' in query["sql"])
    assert '"calls_call"."started_at" <= ' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["live", "failed", "ended", "old"]),
        ({"status": "live"}, ["live"]),
        ({"status": "failed"}, ["failed"]),
        ({"status": "ended"}, ["ended", "old"]),
        ({"to": "2026-11-18"}, ["old"]),
        ({"from": "2026-11-19", "to": "2026-11-19"}, ["live", "failed", "ended"]),
    ],
)
def test_calls_are_found_by_status_and_day(world, query, found):
    iris = Agent.objects.create(workspace=world.workspace, name="Iris")
    day = BEGAN - timedelta(days=1)
    calls = {
        "live": make_call(iris, ended=False, started_at=day + timedelta(hours=3)),
        "failed": make_call(iris, outcome="failed", started_at=day + timedelta(hours=2)),
        "ended": make_call(iris, started_at=day + timedelta(hours=1)),
        "old": make_call(iris, started_at=day - timedelta(days=1)),
    }

    items = world.program().get("calls", **query, agent=str(iris.pk))["items"]

    assert [item["id"] for item in items] == [str(calls[name].pk) for name in found]


def test_calls_of_several_agents_are_found_together(world):
    iris = Agent.objects.create(workspace=world.workspace, name="Iris")
    juno = Agent.objects.create(workspace=world.workspace, name="Juno")
    wanted = {str(make_call(agent).pk) for agent in (iris, juno)}

    items = world.program().get("calls", agent=[str(iris.pk), str(juno.pk)])["items"]

    assert {item["id"] for item in items} == wanted


def test_deliveries_are_found_by_what_they_are(world):
    theirs = Connection.objects.create(workspace=world.workspace, platform="retell", name="Second line")
    made = make_delivery(theirs, status="dead", kind="call_started", call=world.live, error="no such agent")

    for query in (
        {"status": "dead"},
        {"kind": "call_started"},
        {"connection": str(theirs.pk)},
        {"call": str(world.live.pk)},
    ):
        items = world.program().get("webhooks/deliveries", **query)["items"]
        assert [item["id"] for item in items] == [str(made.pk)], query


def test_model_calls_are_found_by_call_model_and_error(world):
    failed = make_model_call(world.live, model="sim-standard", error_type="timeout")

    for query in (
        {"call": str(world.live.pk)},
        {"model": "sim-standard"},
        {"error": "timeout"},
        {"error": "any"},
    ):
        items = world.program().get("model-calls", **query)["items"]
        assert [item["id"] for item in items] == [str(failed.pk)], query


def of_that_time(rows, moment: datetime) -> str:
    """A row as it would have been written then: its id is made of the time, as every id is."""
    row = rows.latest("id")
    new = UUID(int=first_uuid7(int(moment.timestamp() * 1000)).int | (uuid7().int & (2**76 - 1)) | (7 << 76))
    fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    fields |= {"id": new, **({"digest": f"{new.hex:0>64}"} if "digest" in fields else {})}
    rows.model.objects.create(**fields)
    rows.model.objects.filter(pk=new).update(created_at=moment)
    return str(new)


@pytest.mark.parametrize(("path", "model"), [("webhooks/deliveries", Delivery), ("model-calls", ModelCall)])
def test_a_time_narrows_to_what_was_written_then(world, path, model):
    noon = datetime(2026, 11, 19, 12, tzinfo=UTC)
    before, at, after = (
        of_that_time(model.objects, noon + timedelta(milliseconds=offset)) for offset in (-1, 0, 1)
    )
    program = world.program()

    def found(**query):
        return [item["id"] for item in program.get(path, **query)["items"]]

    assert found(since="2026-11-19T12:00:00Z", until="2026-11-20T00:00:00Z") == [after, at]
    assert found(until="2026-11-19T13:00:00+01:00") == [before]


def test_a_time_is_found_by_the_index(world):
    """Not by reading back through everything written since."""
    for n in range(300):
        make_delivery(world.connection, digest=f"{n + 1_000:064d}")
    since = (timezone.now() - timedelta(days=400)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with database.cursor() as cursor:
        cursor.execute("ANALYZE webhooks_delivery")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")

    moment = datetime.fromisoformat(since.replace("Z", "+00:00"))
    rows = Delivery.objects.for_workspace(world.workspace).filter(
        created_at__lt=moment, id__lt=first_uuid7(int(moment.timestamp() * 1000))
    )

    plan = rows.order_by("-id")[:51].explain()
    assert "Index" in plan
    assert "Sort" not in plan
    assert world.program().get("webhooks/deliveries", until=since)["items"] == []
