"""The pages about calls, as the server draws them."""

import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache

from accounts.models import Workspace
from agents.models import Agent, ModelCall
from agents.services import publish
from base.markdown import to_html
from calls import parts
from platforms.models import Connection
from tests.agents.rules.made import rule
from tests.calls.made import A_SHORT_CALL, BEGAN, make_call, said
from tests.people import make_member, sign_in


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()


def page_data(html: str, name: str) -> dict:
    return json.loads(re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', html)[1])


def test_a_call_shows_its_turns_as_text(operator, agent):
    call = make_call(agent, A_SHORT_CALL)

    html = operator.get(f"/calls/{call.pk}/").content.decode()

    assert re.findall(r'id="turn-(\d)"', html) == ["1", "2", "3", "4"]
    assert "I was charged &lt;b&gt;twice&lt;/b&gt;." in html
    assert "<b>twice</b>" not in html
    assert "fallback 1, sim-standard" in html


def test_a_live_call_starts_its_stream_where_it_was_drawn(operator, agent):
    call = make_call(agent, A_SHORT_CALL[:1], ended=False)

    data = page_data(operator.get(f"/calls/{call.pk}/").content.decode(), "call-data")

    assert re.fullmatch(rf"/live/calls/{call.pk}/stream\?after=\S+-\S+", data["stream"])
    assert [turn["text"] for turn in data["turns"]] == ["Larkfield Energy, how can I help?"]


def test_a_call_without_a_measured_reply_says_none(operator, agent):
    silent, measured = make_call(agent), make_call(agent, [said("r0", "Hello.", 0, 900, reply_ms=1_100)])

    def told(call) -> str:
        html = operator.get(f"/calls/{call.pk}/").content.decode()
        return html.partition("<dt>Reply</dt>")[2].partition("</div>")[0]

    assert '<span data-fact="p50">none</span><span data-fact="of-replies" hidden>' in told(silent)
    assert '<span data-fact="p50">1.1 s</span><span data-fact="of-replies">' in told(measured)


def test_an_interrupted_answer_shows_what_was_never_heard(operator, agent):
    call = make_call(
        agent, [said("r0", "I see two charges of £42.", 0, 900, heard="I see two", error="interrupted")]
    )

    html = operator.get(f"/calls/{call.pk}/").content.decode()

    assert '<span data-stream data-part="text">I see two</span>' in html
    assert "charges of £42.</s>" in html


def test_a_failed_answer_says_why(operator, agent):
    call = make_call(agent, [said("r0", "I see", 0, 900, error="timeout")])

    assert "The model took too long to answer." in operator.get(f"/calls/{call.pk}/").content.decode()


WROTE = "It is **12 pounds**.\n\n- <b>paid</b>"


def test_what_an_agent_wrote_in_a_chat_is_drawn_as_it_is_meant(operator, agent):
    asked = said("c0", "Is it **due**?", 0, 0)
    chat = make_call(agent, [asked, said("r0", WROTE, 100, 900)], channel="chat", platform="chat")
    call = make_call(agent, [asked, said("r0", WROTE, 100, 900)])

    written, spoken = (operator.get(f"/calls/{one.pk}/").content.decode() for one in (chat, call))

    assert f'<div class="md" data-part="text">{to_html(WROTE)}</div>' in written
    assert "Is it **due**?</span>" in written
    assert written.count('class="md"') == 2  # the other is what later ones are cloned from
    assert "It is **12 pounds**." in spoken
    assert 'class="md"' not in spoken
    assert page_data(written, "call-data")["turns"][1]["text"] == WROTE


@pytest.mark.parametrize(
    ("error", "stopped", "why"),
    [
        ("", False, ""),
        ("superseded", True, ""),
        ("interrupted", False, "The answer stopped when its process ended."),
        ("timeout", False, "The model took too long to answer."),
    ],
)
def test_an_answer_of_a_chat_says_how_it_came_to_its_end(operator, agent, error, stopped, why):
    chat = make_call(agent, [said("r0", "It is", 0, 900, error=error)], channel="chat", platform="chat")

    html = operator.get(f"/calls/{chat.pk}/").content.decode().partition("<template")[0]

    assert ('data-part="stopped">stopped' in html) is stopped
    assert re.search(r'data-part="error"( hidden)?>.*<span>(.*)</span></p>', html).groups() == (
        (None, why) if why else (" hidden", "")
    )
    assert "Cut off by the caller" not in html


def test_a_row_quotes_a_chat_without_its_marks(operator, agent):
    make_call(agent, [said("r0", WROTE, 0, 900)], channel="chat", platform="chat")

    assert "<q>It is 12 pounds.\n\n• &lt;b&gt;paid&lt;/b&gt;</q>" in operator.get("/calls/").content.decode()


def test_a_viewer_gets_facts_and_not_one_word(viewer, agent):
    call = make_call(agent, A_SHORT_CALL, summary="Charged twice, one refunded.")

    html = viewer.get(f"/calls/{call.pk}/").content.decode()

    assert "need the Operator role" in html
    assert "+44 77" in html
    for words in ("charged", "how can I help", "L-20418", "two charges", "done"):
        assert words not in html


@pytest.mark.parametrize(("ended", "way"), [(True, "History"), (False, "Live")])
def test_whoever_may_not_read_the_words_is_shown_the_way_back(viewer, agent, ended, way):
    call = make_call(agent, A_SHORT_CALL, ended=ended)

    html = viewer.get(f"/calls/{call.pk}/").content.decode()

    assert re.findall(r"</svg>Back to (\w+)</a>", html) == [way]


def test_a_call_of_another_workspace_is_not_there(operator, db):
    elsewhere = Agent.objects.create(workspace=Workspace.objects.create(name="Elsewhere"), name="Juno")
    call = make_call(elsewhere)

    for address in ("", "replay", "figures"):
        assert operator.get(f"/calls/{call.pk}/{address}").status_code == 404


def test_what_a_call_costs_includes_its_models(operator, agent):
    call = make_call(agent, cost_usd=Decimal("0.07"))
    for cost in ("0.001", "0.002"):
        ModelCall.objects.create(
            workspace_id=call.workspace_id, call_id=call.pk, feature="voice", model="sim-fast", cost_usd=cost
        )

    assert operator.get(f"/calls/{call.pk}/figures").json() == {"cost_usd": "0.07300000"}


# --- The list -------------------------------------------------------------------------------------------


def rows(response) -> list[str]:
    return re.findall(r'class="row-link" href="/calls/([0-9a-f-]{36})/"', response.content.decode())


def test_the_list_is_newest_first_by_when_calls_began(operator, agent):
    late = make_call(agent, started_at=BEGAN + timedelta(hours=1))
    early = make_call(agent, started_at=BEGAN)

    assert rows(operator.get("/calls/")) == [str(late.pk), str(early.pk)]


def test_a_row_links_to_its_last_words(operator, agent):
    call = make_call(agent, A_SHORT_CALL)

    html = operator.get("/calls/").content.decode()

    assert f'href="/calls/{call.pk}/#turn-4"' in html
    assert "I see two charges of £42." in html


def test_a_viewer_sees_no_words_in_the_list(viewer, agent):
    make_call(agent, A_SHORT_CALL)

    html = viewer.get("/calls/").content.decode()

    assert len(rows(viewer.get("/calls/"))) == 1
    assert "two charges" not in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=live", ["live"]),
        ("status=failed", ["failed"]),
        ("status=ended", ["ended", "old"]),
        ("to=2026-11-19", ["old"]),
        ("from=2026-11-20", ["live", "failed", "ended"]),
        ("from=2026-11-20&to=2026-11-20&status=failed", ["failed"]),
        ("status=nonsense&from=yesterday&agent=nobody", ["live", "failed", "ended", "old"]),
        ("from=0001-01-01&to=9999-12-31", ["live", "failed", "ended", "old"]),
    ],
)
def test_filters_are_in_the_address(operator, agent, query, found):
    calls = {
        "live": make_call(agent, ended=False, started_at=BEGAN + timedelta(hours=3)),
        "failed": make_call(agent, outcome="failed", started_at=BEGAN + timedelta(hours=2)),
        "ended": make_call(agent, started_at=BEGAN + timedelta(hours=1)),
        "old": make_call(agent, started_at=BEGAN - timedelta(days=1)),
    }

    assert rows(operator.get(f"/calls/?{query}")) == [str(calls[name].pk) for name in found]


def test_several_agents_can_be_chosen(operator, workspace, agent):
    juno, iris = (Agent.objects.create(workspace=workspace, name=name) for name in ("Juno", "Iris"))
    wanted = {str(make_call(one).pk) for one in (agent, juno)}
    make_call(iris)

    assert set(rows(operator.get(f"/calls/?agent={agent.pk}&agent={juno.pk}"))) == wanted


def test_a_chip_takes_its_own_filter_away_and_leaves_the_others(operator, agent):
    make_call(agent)

    html = operator.get(f"/calls/?agent={agent.pk}&status=ended").content.decode()

    assert 'href="/calls/?status=ended" aria-label="Remove Agent Odell"' in html
    assert f'href="/calls/?agent={agent.pk}" aria-label="Remove Status Ended"' in html


def test_the_pages_of_the_list_fit_together(operator, agent):
    made = [str(make_call(agent, started_at=BEGAN - timedelta(minutes=n)).pk) for n in range(120)]

    seen, address, back = [], "/calls/?status=ended", ""
    while address:
        response = operator.get(address)
        seen += rows(response)
        html = response.content.decode()
        older = re.search(r'rel="next" href="(\?[^"]*)"', html)
        newer = re.search(r'rel="prev" href="(\?[^"]*)"', html)
        back = f"/calls/{newer[1]}".replace("&amp;", "&") if newer else ""
        address = f"/calls/{older[1]}".replace("&amp;", "&") if older else ""

    assert seen == made
    assert rows(operator.get(back)) == made[50:100]


def test_calls_that_began_in_the_same_moment_are_all_listed(operator, agent):
    made = {str(make_call(agent).pk) for _ in range(60)}

    first = operator.get("/calls/")
    older = re.search(r'rel="next" href="(\?[^"]*)"', first.content.decode())[1]

    assert set(rows(first)) | set(rows(operator.get(f"/calls/{older}"))) == made


def test_a_cursor_somebody_made_up_is_refused(operator, agent):
    assert operator.get("/calls/?cursor=junk").status_code == 400


def test_an_empty_list_offers_a_way_on(operator, agent):
    assert "No calls yet" in operator.get("/calls/").content.decode()

    make_call(agent)
    html = operator.get("/calls/?status=failed&from=2026-01-01").content.decode()

    assert "No call matches" in html
    assert 'href="/calls/?from=2026-01-01">Without status Failed' in html


def test_a_page_of_the_list_asks_little(operator, agent, django_assert_max_num_queries):
    for n in range(30):
        make_call(agent, A_SHORT_CALL, started_at=BEGAN - timedelta(minutes=n))
    operator.get("/calls/")

    with django_assert_max_num_queries(14):
        operator.get("/calls/")


# --- Calls that only webhooks tell of -------------------------------------------------------------------


@pytest.fixture
def unlinked(agent):
    """A live call of an agent that nobody has linked."""
    connection = Connection.objects.create(workspace=agent.workspace, platform="retell", name="Retell")
    call = make_call(
        agent,
        [],
        ended=False,
        level="event",
        connection=connection,
        platform_agent_id="agent_5f2c",
        transfer="started",
        transfer_to="+14155550166",
    )
    call.agent, call.version = None, None
    call.save()
    return call


def test_an_unknown_agent_is_named_and_offered_for_linking(workspace, operator, unlinked):
    settings_page = f'href="/settings/connections/{unlinked.connection_id}/"'
    admin = sign_in(make_member(workspace, "admin"))

    assert "<code>agent_5f2c</code>" in operator.get(f"/calls/{unlinked.pk}/").content.decode()
    assert settings_page not in operator.get(f"/calls/{unlinked.pk}/").content.decode()
    assert settings_page in admin.get(f"/calls/{unlinked.pk}/").content.decode()
    listed = operator.get("/calls/").content.decode()
    assert "Unknown agent" in listed
    assert "Its words arrive after the call." in listed


def test_a_transfer_is_a_fact_with_its_number_masked(operator, viewer, unlinked):
    html = operator.get(f"/calls/{unlinked.pk}/").content.decode()

    assert '<span data-fact="step">Begun</span>' in html
    assert "50166" not in html
    assert page_data(html, "call-data")["call"]["transfer_to"] == "+1 41•• ••• 166"
    assert '<span data-fact="step">Begun</span>' in viewer.get(f"/calls/{unlinked.pk}/").content.decode()


def test_what_stands_in_place_of_words_says_why(operator, unlinked):
    def note() -> str:
        html = operator.get(f"/calls/{unlinked.pk}/").content.decode()
        return re.search(r'<p class="words-note" data-part="quiet">(.*?)</p>', html)[1]

    assert note() == "This source sends events only. Its words arrive after the call."
    unlinked.level = "turn"
    unlinked.save()
    assert note() == "Nobody has said anything yet."
    unlinked.ended_at = unlinked.started_at
    unlinked.save()
    assert note() == "Nothing was said on this call."


FIRED = {
    "rule": "r1", "occurrence": 1, "name": "Asked for a person", "at_ms": 5_000, "about": "c0",
    "do": "transfer", "done": "alert", "say": "One moment.", "at": "2026-11-20T09:00:05.400+00:00",
}  # fmt: skip


def test_a_rule_that_fired_is_among_the_words_on_the_time_line_and_beside_it(operator, viewer, agent):
    publish(agent, rules=[rule("asks_for_person", times=2)])
    call = make_call(agent, A_SHORT_CALL, alerts=[FIRED], version=agent.live_version)

    html = operator.get(f"/calls/{call.pk}/").content.decode()

    assert '<svg x="25.00%" y="14" overflow="visible"><path class="tick is-rule"' in html
    assert '<b data-part="name">Asked for a person</b>' in html
    assert "Flagged: the call was not ours to act on" in html
    among = re.findall(r'<li class="turn.*?data-(?:fired|turn)="(.+?)"', html.partition("</ol>")[0])
    assert among == ["r0", "c0", "r1-5000-c0", "x1", "r1"]
    assert "When the caller asks for a person twice" in html
    assert '<a data-part="at" href="#fired-r1-5000"><time data-when="row" datetime="2026-11-20T0' in html
    assert page_data(html, "call-data")["call"]["alerts"] == [
        {name: FIRED[name] for name in ("rule", "name", "at_ms", "about", "do", "done")}
    ]
    theirs = viewer.get(f"/calls/{call.pk}/").content.decode()
    assert 'data-part="at" href' not in theirs
    assert "asks for a person" not in theirs
    # In a replay it fires when it did.
    told = [(ms, part) for ms, part in parts.replay_of(call) if part["type"] == "data-call"]
    assert [(ms, len(part["data"]["alerts"])) for ms, part in told] == [(0, 0), (5_000, 1), (20_000, 1)]
