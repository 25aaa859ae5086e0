"""What of a record happened: who tells it, and what counts only once a call is over."""

from uuid import UUID

from agents.rules.happenings import Charged, Said, SpeechBegan, Spent, TakenBack
from calls.models import Call
from live.happenings import Told, happenings, news
from tests.live.scenes import BEGAN, at

CALL = UUID(int=1)


def told(source: str, kind: str = "TurnSpoken", turn: str = "c0", **values) -> Told:
    known = dict.fromkeys(Told._fields) | {"call_id": CALL, "source": source, "kind": kind, "turn": turn}
    spoken = {"role": "caller", "text": "Hello there", "start_ms": 0, "end_ms": 1_000, "final": False}
    return Told(**(known | {"at": at(1_000)} | (spoken if kind == "TurnSpoken" else {}) | values))


def of(level: str) -> Call:
    return Call(pk=CALL, level=level, channel="phone", started_at=BEGAN)


def kinds(happened) -> list[str]:
    return [type(one).__name__ for one in happened]


def test_whoever_held_a_call_tells_of_it():
    both = [told("socket"), told("webhook", turn="c1")]
    assert {one.key for one in happenings(of("token"), both, [])} == {"c0"}
    assert {one.key for one in happenings(of("turn"), both, [])} == {"c1"}


def test_a_transcript_counts_where_nothing_was_told_as_the_call_went_on():
    analysed = told("webhook", "CallAnalyzed", "", cost_usd="0.12")
    final = told("platform", turn="c0", final=True)
    went_on = told("webhook", turn="c1")

    assert kinds(happenings(of("turn"), [analysed, final], [])) == ["SpeechBegan", "Said", "Charged"]
    assert {one.key for one in happenings(of("turn"), [final, went_on], [])} == {"c1"}
    # While it goes on, nobody knows yet whether there will be more.
    assert news(of("turn"), [final], []) == []


def test_a_part_of_a_record_is_the_same_whatever_else_is_known():
    rows = [
        told("socket"),
        told("socket", "ToolCalled", "x1", name="refund", start_ms=1_200),
        told("socket", "ToolAnswered", "x1", ok=False, end_ms=1_400),
        told("socket", turn="r1", role="agent", start_ms=1_100, first_ms=1_500, end_ms=1_900),
        told("socket", "TurnTakenBack", "r1", at=at(2_500)),
    ]
    call = of("token")
    in_parts = [one for row in rows for one in news(call, [row], [])]

    assert in_parts == happenings(call, rows, [])
    assert TakenBack(2_500, "r1") in in_parts
    assert SpeechBegan(1_500, "r1", "agent") in in_parts
    assert not {Spent, Charged} & {type(one) for one in in_parts}
    assert sum(isinstance(one, Said) for one in in_parts) == 2
