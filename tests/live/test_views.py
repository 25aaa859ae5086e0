"""The wallboard, as the server draws it."""

import json
import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import Workspace
from agents.models import Agent
from agents.services import publish
from calls import board
from live.views import drawn, said, tool_words
from tests.calls.made import A_SHORT_CALL, make_call
from tests.calls.made import said as a_turn
from tests.people import make_member, sign_in

SOON = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()


@pytest.fixture
def agent(db) -> Agent:
    agent = Agent.objects.create(
        workspace=Workspace.objects.create(name="Larkfield Energy"), name="Odell", topic="Billing"
    )
    publish(agent, prompt="You answer questions about bills.")
    return agent


@pytest.fixture
def live_call(agent):
    return make_call(agent, A_SHORT_CALL, ended=False, started_at=timezone.now() - SOON)


def looked_at_by(agent: Agent, role: str) -> str:
    return sign_in(make_member(agent.workspace, role)).get("/").content.decode()


def page_data(html: str) -> dict:
    return json.loads(re.search(r'<script id="wall-data" type="application/json">(.*?)</script>', html)[1])


def test_a_live_call_has_a_card_that_is_one_link(agent, live_call):
    html = looked_at_by(agent, "operator")

    assert html.count(f'data-call="{live_call.pk}"') == 1
    assert f'href="/calls/{live_call.pk}/"' in html
    assert "I see two charges of £42." in html


def test_without_redis_the_board_is_drawn_from_the_record(agent, live_call, settings):
    away = "redis://127.0.0.1:1"
    settings.REDIS_URL = settings.REDIS_LOG_URL = away
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": away}}

    html = looked_at_by(agent, "operator")

    assert f'data-call="{live_call.pk}"' in html
    assert page_data(html)["stream"] == f"/live/stream?after=0-0-0&workspace={live_call.workspace_id}"


def test_what_people_say_is_never_markup(agent, live_call):
    html = looked_at_by(agent, "operator")

    assert "&lt;b&gt;twice&lt;/b&gt;" in html
    assert "<b>twice</b>" not in html


def test_the_stream_goes_on_from_where_the_page_was_drawn(agent, live_call):
    data = page_data(looked_at_by(agent, "operator"))

    assert re.fullmatch(r"/live/stream\?after=\S+-\S+", data["stream"])
    assert [card["id"] for card in data["cards"]] == [str(live_call.pk)]


def test_a_viewer_sees_who_speaks_and_not_one_word(agent, live_call):
    html = looked_at_by(agent, "viewer")

    assert f'data-call="{live_call.pk}"' in html
    for words in ("charged", "how can I help", "two charges"):
        assert words not in html


def test_calls_of_another_workspace_are_not_on_the_board(agent, live_call):
    elsewhere = Workspace.objects.create(name="Elsewhere")

    assert str(live_call.pk) not in sign_in(make_member(elsewhere, "owner")).get("/").content.decode()


def test_both_addresses_are_the_board(agent):
    client = sign_in(make_member(agent.workspace, "operator"))

    assert client.get("/").status_code == client.get("/live/").status_code == 200


def test_a_first_run_says_where_calls_come_in(agent):
    assert f"/voice/retell/{agent.key}" in looked_at_by(agent, "admin")
    assert agent.key not in looked_at_by(agent, "operator")


def test_a_quiet_floor_says_when_the_last_call_ended(agent):
    make_call(agent, A_SHORT_CALL)

    html = looked_at_by(agent, "operator")

    assert "No calls right now" in html
    assert "09:00" in html


def test_the_pulse_counts_recent_replies(agent):
    make_call(agent, [a_turn(f"r{n}", "Yes.", n, n, reply_ms=100 * n) for n in range(1, 21)])

    pulse = sign_in(make_member(agent.workspace, "viewer")).get("/live/pulse").json()

    assert pulse == {
        "p50": "1.0 s",
        "p95": "1.9 s",
        "n": "20",
        "last_ended_at": "2026-11-20T09:00:20.000+00:00",
    }


def test_without_replies_there_is_nothing_to_take_a_median_of(agent):
    pulse = sign_in(make_member(agent.workspace, "viewer")).get("/live/pulse").json()

    assert pulse == {"p50": "—", "p95": "—", "n": "0", "last_ended_at": None}


def card_of(call) -> dict:
    return board.card(call, list(call.turns.order_by("n")))


def test_a_silence_is_boxed_once_it_is_dead_air(live_call):
    card = card_of(live_call)
    heard = live_call.started_at + timedelta(milliseconds=9_000)

    assert drawn(card, heard + timedelta(seconds=7))["shape"]["gap"] is None
    assert drawn(card, heard + timedelta(seconds=9))["shape"]["gap"] is not None


def test_of_a_source_that_tells_whole_turns_silence_is_not_known(agent):
    began = timezone.now() - timedelta(minutes=2)
    call = make_call(agent, A_SHORT_CALL, ended=False, level="turn", started_at=began)
    shape = drawn(card_of(call), began + timedelta(seconds=60))["shape"]

    assert shape["gap"] is None
    assert (shape["agent"], shape["caller"]) == ("", "")
    assert shape["agent_block"]
    assert shape["caller_block"]


def test_a_card_made_in_the_browser_can_be_of_any_level(agent):
    html = looked_at_by(agent, "operator")

    for level in ("Token", "Turn", "Event"):
        assert re.search(rf'<template data-level-blank="{level.lower()}">.*{level}</span></template>', html)


def test_an_agent_nobody_linked_is_called_unknown(agent):
    call = make_call(agent, A_SHORT_CALL, ended=False, level="turn", started_at=timezone.now() - SOON)
    call.agent, call.version, call.transfer = None, None, "started"

    card = card_of(call)

    assert (card["agent"], card["topic"], card["version"]) == ("Unknown agent", "", None)
    assert (card["why"]["icon"], card["why"]["text"]) == ("transfer", "Being transferred")


def test_a_voice_that_is_still_speaking_is_not_silent(agent):
    words = " ".join(["word"] * 60)  # twenty seconds of speech that arrived in one
    call = make_call(agent, [a_turn("r0", words, 0, 1_000)], ended=False, started_at=timezone.now())

    assert drawn(card_of(call), call.started_at + timedelta(seconds=12))["shape"]["gap"] is None
    assert drawn(card_of(call), call.started_at + timedelta(seconds=30))["shape"]["gap"] is not None


def test_a_tool_stands_between_what_was_said_and_what_is_said(live_call):
    card = card_of(live_call) | {
        "tool": {"name": "meter.lookup", "state": "running"},
        "now": {"role": "agent", "text": "One moment", "speaking": True},
    }

    assert [row["text"] for row in said(card)][-2:] == ["meter.lookup is running", "One moment"]


@pytest.mark.parametrize(
    ("tools", "words"),
    [
        ({"ok": 0, "failed": 0, "running": 0}, ("none", "")),
        ({"ok": 3, "failed": 0, "running": 0}, ("3 ok", "")),
        ({"ok": 3, "failed": 0, "running": 1}, ("waiting", "warn")),
        ({"ok": 3, "failed": 1, "running": 1}, ("1 failed", "danger")),
    ],
)
def test_the_worst_of_the_tools_is_told(tools, words):
    assert tool_words(**tools) == words
