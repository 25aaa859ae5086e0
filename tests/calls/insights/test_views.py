"""The page: figures that are right, in the viewer's days, each mark leading to its calls."""

import csv
import html
import re
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.http import QueryDict
from django.test import Client

from accounts.models import Workspace
from agents.models import Agent
from agents.services import publish
from calls.filters import Filters
from calls.insights import tallies
from calls.models import Call
from tests.calls.made import make_call, said, used
from tests.people import make_member, sign_in

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
DAY = timedelta(days=1)
SPOKEN = [said("r0", "I see.", 2_000, 3_000, reply_ms=1_000), used("x0", "=cmd|evil", 3_000, 3_100, ok=False)]


def an_agent(named: str) -> Agent:
    agent = Agent.objects.create(workspace=Workspace.objects.create(name=named), name="Odell")
    publish(agent, prompt="You answer questions about bills.")
    return agent


@pytest.fixture(scope="module")
def larkfield(for_a_module) -> Agent:
    """24 calls of two days ago, of which 6 were handed over; one of the week before; all of version 1."""
    agent = an_agent("Larkfield Energy")
    for n in range(24):
        transfer = "bridged" if n < 6 else ""
        make_call(agent, SPOKEN, started_at=NOON - 2 * DAY, transfer=transfer, cost_usd="0.5")
    make_call(agent, started_at=NOON - 8 * DAY)
    settled()
    return agent


@pytest.fixture
def agent(larkfield, db) -> Agent:
    return larkfield


@pytest.fixture
def new(db) -> Agent:
    """Of a workspace without a call."""
    return an_agent("Elsewhere")


@pytest.fixture
def client(agent) -> Client:
    return viewer_of(agent)


def viewer_of(agent: Agent) -> Client:
    return sign_in(make_member(agent.workspace, "viewer"))


def settled() -> None:
    tallies.mark_all(Call.objects.all())
    while tallies.settle(5):
        pass


def page(client: Client, **asked: str) -> str:
    answer = client.get("/insights/", asked)
    assert answer.status_code == 200
    return answer.content.decode()


def figures(text: str) -> dict[str, str]:
    found = re.findall(r"<dt>([^<]+)</dt><dd><b>([^<]+)</b>(.*?)</dd>", text)
    return {name: " ".join([value, *re.findall(r">([+−±][^<]+)<", rest)]) for name, value, rest in found}


def test_its_figures_are_those_of_the_calls_and_of_the_week_before(client):
    found = figures(page(client))

    assert found["Calls"] == "24 +2300%"
    assert found["Without a person"] == "75% −25 pt"
    assert found["Reply p95"] == "1.0 s"
    assert found["Cost"] == "$12.00"
    assert figures(page(client, compare="none"))["Calls"] == "24"


def test_every_mark_leads_to_the_calls_it_is_of(client, agent):
    text = page(client, channel="phone")
    told = [
        (html.unescape(href), label)
        for href, label in re.findall(r'<a href="/calls/\?([^"]+)" aria-label="([^"]+)"', text)
    ]
    there = [(href, label) for href, label in told if "(n 24 calls" in label]

    assert there
    for href, _ in there:
        listed = Filters.of(QueryDict(href)).narrow(Call.objects.for_workspace(agent.workspace))
        assert listed.count() == 24
    assert all("channel=phone" in href for href, _ in told)


def test_days_are_those_of_the_viewer(new):
    client = viewer_of(new)
    late = (NOON - 3 * DAY).replace(hour=23, minute=30)
    make_call(new, started_at=late)
    settled()
    day, following = f"{late:%Y-%m-%d}", f"{late + DAY:%Y-%m-%d}"
    assert figures(page(client, **{"from": day, "to": day}))["Calls"] == "1"

    client.cookies["tz"] = "Asia/Tokyo"

    assert "No call ended in these days" in page(client, **{"from": day, "to": day})
    assert figures(page(client, **{"from": following, "to": following}))["Calls"] == "1"


def test_two_versions_are_held_against_each_other(client, agent):
    first = agent.live_version
    publish(agent, prompt="You answer questions about bills, kindly.")
    agent.refresh_from_db()
    for _ in range(30):
        make_call(agent, started_at=NOON - DAY)
    settled()

    text = page(client, version="2", compare=str(first.pk))

    assert figures(text)["Calls"] == "30 +25%"
    assert "against Odell v1" in text
    both = page(client)
    assert both.index("Odell v2</a>") < both.index("Odell v1</a>")


def test_few_are_drawn_hollow_and_none_say_what_to_do(new):
    client = viewer_of(new)
    assert "No call ended in these days" in page(client)
    call = make_call(new, SPOKEN, started_at=NOON - DAY)
    tallies.mark(call)
    assert "These days are being added up" in page(client)
    settled()

    text = page(client)

    assert "Needs 20 calls to say much, has 1." in text
    assert "Changes are against" not in text
    assert 'class="few"' in text
    assert figures(text)["Calls"] == "1"


def test_what_makes_no_sense_is_left_out_and_said(client):
    text = page(client, when="sometime", agent="x", compare="y")

    assert figures(text)["Calls"].startswith("24")
    assert text.count("was left out") == 3


def test_filters_of_the_list_that_figures_do_not_know_are_named(client):
    text = page(client, status="failed", tag="vip", q="charged twice", channel="phone")

    assert "Not used here: Search, Status, Tag." in text
    assert figures(text)["Calls"].startswith("24")
    assert "Not used here: status." in page(client, status="faild")
    assert "Not used here" not in page(client, when="7d", channel="phone", view="table", compare="none")


def test_each_of_the_spans_is_drawn(client):
    # In days, weeks and months. Of this week there may be nothing yet.
    for when in ("last-week", "90d", "12m"):
        assert "How many calls were there?" in page(client, when=when), when
    day = f"{NOON - 2 * DAY:%Y-%m-%d}"
    by_hour = page(client, **{"from": day, "to": day})
    assert f"{NOON - 2 * DAY:%a %-d %b}, 12:00: Calls 24 (n 24 calls)" in by_hour


def test_a_charts_table_is_had_as_csv(client):
    def rows(name: str) -> list[dict]:
        answer = client.get(f"/insights/{name}.csv")
        assert answer.status_code == 200, name
        return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))

    day = f"{NOON - 2 * DAY:%Y-%m-%d}"
    volume = {row["From"]: row["Calls"] for row in rows("volume")}
    assert volume[day] == "24"
    assert len(volume) == 7
    assert rows("tools") == [{"Tool": "'=cmd|evil", "Uses": "24", "Failed": "24"}]
    assert [row["Version"] for row in rows("versions")] == ["Odell v1"]
    for name in ("outcomes", "containment", "latency", "mood", "cost"):
        assert rows(name)
    assert client.get("/insights/nothing.csv").status_code == 404
