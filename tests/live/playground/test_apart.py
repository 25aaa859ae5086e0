"""What is tried in the playground is nobody's call: it counts nowhere, and nobody is told or asked of it."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts.models import Workspace
from agents.models import Agent, ModelCall
from agents.services import publish
from calls import analysis, board, embeddings, figures
from calls.by_agent import by_agent
from calls.by_tool import by_tool
from calls.models import Call, Turn
from live.backtest import backtest
from live.chat import idle
from live.playground import chats
from streaming.log import Log
from tests.agents.rules.made import rule
from tests.live.playground.made import make_source
from tests.people import make_member, sign_in

RULES = [rule("phrase", "twice", phrases=["charged twice"], who="caller")]


@pytest.fixture
def agent(db) -> Agent:
    agent = Agent.objects.create(workspace=Workspace.objects.create(name="Larkfield"), name="Odell")
    publish(agent, prompt="You answer.", rules=RULES)
    return agent


@pytest.fixture
def tried(agent) -> Call:
    """A conversation with version 1 in which a caller's call went on; that call itself is gone."""
    source = make_source(agent)
    call = chats.begin(agent, chats.version_of(agent.live_version), None, source=source, tools="live").call
    source.delete()
    return call


@pytest.fixture
def browser(agent) -> Client:
    return sign_in(make_member(agent.workspace, "admin"))


def end(call: Call, ago: timedelta = timedelta(minutes=10)) -> None:
    """Long enough ago for all slow work to be due."""
    at = timezone.now() - ago
    Call.objects.filter(pk=call.pk).update(ended_at=at, closed_at=at, started_at=F("started_at") - ago)
    Turn.objects.filter(call=call).update(created_at=at)


def test_no_wallboard_shows_it(agent, tried):
    assert board.cards_on(agent.workspace_id, words=True) == []
    assert (board.entries(tried, {}), board.removal(tried)) == ([], [])
    log = Log()

    async def shown() -> list:
        topics = board.topic(agent.workspace_id), board.facts_topic(agent.workspace_id)
        try:
            return [(await log.recent(topic, 10)).entries for topic in topics]
        finally:
            await log.close()

    assert async_to_sync(shown)() == [[], []]


def test_it_counts_in_no_figure(agent, tried):
    ModelCall.objects.create(workspace=agent.workspace, agent=agent, feature="playground", cost_usd=1)
    assert by_agent(agent.workspace_id) == []
    assert by_tool(agent.workspace_id) == []
    before = figures.pulse(agent.workspace_id)
    assert (before.replies.n, before.last_ended_at) == (0, None)

    end(tried, timedelta(seconds=1))
    make_source(agent)

    [found] = by_agent(agent.workspace_id)
    assert (found.live, found.ended, found.cost_usd) == (1, 0, 0)
    assert found.replies.n == 1


def test_it_is_listed_only_where_it_is_asked_for(agent, tried, browser):
    real = make_source(agent)
    listed = [
        [one["id"] for one in browser.get(f"/api/v1/calls{query}").json()["items"]]
        for query in ("", "?platform=playground", "?platform=retell", "?status=live")
    ]
    assert listed == [[str(real.pk)], [str(tried.pk)], [str(real.pk)], [str(real.pk)]]

    assert str(tried.pk) not in browser.get("/calls/").content.decode()
    page = browser.get("/calls/?platform=playground").content.decode()
    assert (str(tried.pk) in page, str(real.pk) in page) == (True, False)
    assert "Playground" in page
    assert '<input type="hidden" name="platform" value="playground">' in page  # kept when filtered further
    for call, other in ((real, tried), (tried, real)):
        assert str(other.pk) not in browser.get(f"/calls/{call.pk}/").content.decode()


def test_its_page_row_and_api_say_what_was_played(agent, tried, browser):
    draft = chats.begin(agent, chats.draft_of(agent), None).call
    for call, label in ((tried, "v1"), (draft, "Draft")):
        told = browser.get(f"/api/v1/calls/{call.pk}").json()["agent"]
        assert (told["label"], told["version"]) == (label, 1 if label == "v1" else None)
        assert (
            f'Odell</span> <span class="dim">{label}</span>'
            in browser.get(f"/calls/{call.pk}/").content.decode()
        )
    assert (
        'Odell <span class="dim">Draft</span>' in browser.get("/calls/?platform=playground").content.decode()
    )


def test_no_model_reads_it_and_nobody_finds_it(agent, tried):
    end(tried)

    assert list(analysis.waiting(10)) == []
    assert list(embeddings.waiting(10)) == []
    analysis.settle()
    real = make_source(agent)
    end(real)
    assert list(analysis.waiting(10)) == [real]
    assert list(embeddings.waiting(10)) == [real]


def test_no_rule_is_tried_on_it(agent, tried):
    real = make_source(agent)
    end(real)
    end(tried)
    found = backtest(agent.workspace_id, agent.pk, RULES)
    assert (found.calls, [call for call, _ in found.fired]) == (1, [real])


def test_it_ends_when_nobody_goes_on_with_it(agent, tried):
    assert idle.idle() == []

    assert idle.idle(timedelta()) == [tried]
    assert idle.end(tried, timedelta())

    tried.refresh_from_db()
    assert (tried.status, tried.end_reason) == ("ended", "idle")
