"""A call as it streamed: what a page is told of it, and how long a browser may keep that."""

from datetime import timedelta

from calls.fold import SOCKET, WEBHOOK
from calls.models import Call
from calls.services import Opening, finish, record
from platforms.events import CallEnded, CallStarted
from tests.calls.made import A_SHORT_CALL, BEGAN, make_call
from tests.calls.test_views import page_data
from tests.calls.told import spoken


def test_a_viewer_gets_no_replay(viewer, agent):
    assert viewer.get(f"/calls/{make_call(agent).pk}/replay").status_code == 403


def test_a_replay_ends_with_the_words_of_the_record(operator, agent):
    call = make_call(agent, A_SHORT_CALL)

    replay = operator.get(f"/calls/{call.pk}/replay").json()

    times = [ms for ms, _ in replay["events"]]
    assert times == sorted(times)
    final = {
        part["data"]["key"]: part["data"].get("text")
        for _, part in replay["events"]
        if part["type"] == "data-turn"
    }
    assert final["r1"] == "I see two charges of £42."
    assert replay["events"][-1][1] == {"type": "finish"}


def test_a_replay_is_packed_and_may_be_kept_by_the_browser_alone(operator, agent):
    call = make_call(agent, A_SHORT_CALL)

    response = operator.get(f"/calls/{call.pk}/replay", headers={"accept-encoding": "gzip"})

    assert response["Content-Encoding"] == "gzip"
    assert response["Cache-Control"] == "private, max-age=3600"


def test_what_a_platform_tells_after_all_had_ended_is_in_the_replay_of_the_page(operator, workspace):
    """Nothing was heard for so long that the watch ended it; the browser may have kept what it was then."""
    opening = Opening(started_at=BEGAN)

    def tell(*events, source: str) -> Call:
        return record(workspace.pk, "retell", "x", events, source=source, opening=opening)

    def replay_of(call: Call) -> tuple[str, str]:
        page = operator.get(f"/calls/{call.pk}/").content.decode()
        address = page_data(page, "call-data")["replay"]
        return address, operator.get(address).content.decode()

    call = tell(CallStarted(BEGAN), CallEnded(BEGAN + timedelta(seconds=9)), source=SOCKET)
    assert finish(call.pk)
    before, _ = replay_of(call)
    tell(
        spoken("c0", "I was charged twice.", 1_000, 2_000, n=1),
        CallEnded(BEGAN + timedelta(seconds=9)),
        source=WEBHOOK,
    )
    after, replay = replay_of(call)

    assert before != after
    assert "I was charged twice." in replay


def test_the_replay_of_whole_turns_does_not_claim_more(operator, agent):
    whole = make_call(agent, A_SHORT_CALL, level="turn")

    assert "Replay shows each turn whole" in operator.get(f"/calls/{whole.pk}/").content.decode()
    events = operator.get(f"/calls/{whole.pk}/replay").json()["events"]
    assert [(at, part["delta"]) for at, part in events if part["type"] == "text-delta"] == [
        (0, "Larkfield Energy, how can I help?"),
        (6_900, "I see two charges of £42."),
    ]
