"""The same happenings give the same firings, however they come in."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.rules.follow import Follow
from agents.rules.form import parsed
from agents.rules.happenings import Facts, TakenBack, order
from tests.agents.rules.made import rule, said, spent, used

RULES = [
    rule("asks_for_person", "asks", times=2, cooldown_s=0),
    rule("phrase", "phrase", phrases=["bill"], who="anybody", cooldown_s=30),
    rule("sentiment", "mood", mood="upset", times=2),
    rule("repeated", "again"),
    rule("tool_failed", "tools", tool="same", times=2, cooldown_s=0),
    rule("silence", "silence", seconds=4, cooldown_s=0),
    rule("duration", "long", minutes=1),
    rule("cost", "cost", usd="0.50"),
    rule("judged", "judged", only={"after_seconds": 20}),
]
FOLLOWED = parsed(RULES)
WORDS = ("I want to talk to a person", "my bill is wrong again", "yes", "thank you very much", "")


@st.composite
def calls(draw):
    """A conversation: somebody speaks, uses a tool, takes something back or is silent, one after the other.
    Long enough for late news to be folded again from somewhere in the middle."""
    at, told = 0, []
    for n in range(draw(st.integers(0, 24))):
        start = at + draw(st.integers(0, 9_000))
        at = start + draw(st.integers(1, 9_000))
        kind = draw(st.sampled_from("ccrrxmb"))
        if kind == "x":
            name = draw(st.sampled_from(("refund.create", "escalate")))
            told += used(f"x{n}", name, start, at, ok=draw(st.booleans()))
        elif kind == "m":
            told += spent(at, draw(st.sampled_from(("0.10", "0.40"))))
        elif kind == "b":
            told.append(TakenBack(at, draw(st.sampled_from([one.key for one in told] or ["c0"]))))
        else:
            mood = draw(st.sampled_from((-0.8, -0.3, 0.2))) if kind == "c" else None
            told += said(f"{kind}{n}", draw(st.sampled_from(WORDS)), start, at, mood)
    return told


def told(following: Follow, until_ms: int) -> list[tuple[str, int, int]]:
    return [(one.rule.id, one.at_ms, one.occurrence) for one in following.firings(until_ms)]


@settings(max_examples=60, deadline=None)
@given(calls(), st.data())
def test_any_order_and_any_pieces_end_in_the_same_firings(happenings, data):
    at_once = Follow(FOLLOWED, Facts())
    at_once.take(happenings)
    shuffled = data.draw(st.permutations(happenings))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    in_pieces = Follow(FOLLOWED, Facts())
    for begin, end in pairwise([0, *cuts, len(shuffled)]):
        in_pieces.take(shuffled[max(0, begin - 1) : end])  # some of them twice
        in_pieces.firings(data.draw(st.integers(0, 200_000)))  # looking changes nothing

    assert told(in_pieces, 200_000) == told(at_once, 200_000)


@settings(max_examples=60, deadline=None)
@given(calls(), st.data())
def test_whoever_watches_while_it_happens_sees_each_firing_once_and_as_it_is_in_the_end(happenings, data):
    whole = Follow(FOLLOWED, Facts())
    whole.take(happenings)
    watching, seen = Follow(FOLLOWED, Facts()), []
    ordered = sorted(happenings, key=order)
    for n, happening in enumerate(ordered):
        # A look somewhere between what has happened and what happens next.
        before = ordered[n - 1].at_ms if n else 0
        seen += [
            one for one in told(watching, data.draw(st.integers(before, happening.at_ms))) if one not in seen
        ]
        watching.take([happening])
    seen += [one for one in told(watching, 200_000) if one not in seen]

    assert sorted(seen) == sorted(told(whole, 200_000))
