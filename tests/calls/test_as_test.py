"""A test of an agent, made from a call."""

import re

import pytest

from accounts.models import AuditEntry
from agents.testing.forms import MOST_ENTRIES
from base.errors import Faulty
from calls import as_test
from calls.models import PLAYGROUND
from tests.calls.made import A_SHORT_CALL, make_call, said, used
from tests.people import make_member, sign_in

ON = [
    said("c1", "Please refund one.", 10_000, 11_000),
    said("r2", "Done. Anyth", 11_500, 13_000, heard="Done."),
]


def roles(test) -> list[str]:
    return [entry["role"] for entry in test.conversation]


def test_what_was_said_is_answered_anew_after_the_greeting(agent):
    call = make_call(agent, [*A_SHORT_CALL, *ON], summary="Charged twice. One was refunded.")

    test = as_test.make(call, by=None)

    assert (test.name, test.start, test.tools, test.checks) == ("Charged twice", 1, "recorded", [])
    assert test.source_call == call.pk
    assert roles(test) == ["agent", "caller", "tool", "agent", "caller", "agent"]
    assert test.conversation[1]["text"] == "I was charged <b>twice</b>."
    assert test.conversation[2] == {
        "role": "tool",
        "name": "billing.find_charges",
        "arguments": {"account": "L-20418"},
        "ok": True,
        "text": "done",
    }
    assert test.conversation[5]["text"] == "Done."  # what the caller heard of it
    assert AuditEntry.objects.get().action == "test.create"


def test_an_answers_tools_stand_before_the_words_they_led_to(agent):
    """Also where the answer has the lower number, having begun before it used them."""
    answer = said("r1", "Let me look. Two charges.", 5_100, 9_000)
    call = make_call(
        agent, [said("c0", "Charged twice.", 0, 5_000), answer, used("x1", "find", 5_500, 6_000)]
    )

    assert roles(as_test.make(call, by=None)) == ["caller", "tool", "agent"]


@pytest.mark.parametrize("turn", [2, 3, 4])
def test_up_to_a_turn_is_with_all_of_its_answer(agent, turn):
    call = make_call(agent, [*A_SHORT_CALL, *ON])

    assert roles(as_test.make(call, by=None, turn=turn)) == ["agent", "caller", "tool", "agent"]


def test_what_was_tried_in_the_playground_is_as_good(agent):
    call = make_call(agent, A_SHORT_CALL, platform=PLAYGROUND, channel="chat", ended=False, title="A bill")

    assert as_test.make(call, by=None).source_call == call.pk


def test_two_of_one_call_have_names_of_their_own(agent):
    call = make_call(agent, A_SHORT_CALL, title="A bill")

    names = [as_test.make(call, by=None, name=name).name for name in ("", "", "Mine", "")]

    assert names == ["A bill", "A bill (2)", "Mine", "A bill (3)"]


def test_of_a_long_call_its_beginning_is_taken(agent):
    turns = [said(f"{'cr'[n % 2]}{n}", f"word {n}", n * 100, n * 100 + 50) for n in range(100)]
    call = make_call(agent, turns)

    test = as_test.make(call, by=None)

    assert len(test.conversation) == MOST_ENTRIES
    assert test.conversation[-1]["role"] == "agent"


def test_where_nobody_spoke_or_nobody_knows_who_answered_there_is_nothing_to_make(agent):
    silent = make_call(agent, [said("r0", "Hello?", 0, 1)])
    unknown = make_call(agent, A_SHORT_CALL)
    unknown.agent = None
    for call, field in ((silent, "start"), (unknown, "agent")):
        with pytest.raises(Faulty) as refused:
            as_test.make(call, by=None)
        assert set(refused.value.faults) == {field}


def test_the_page_of_an_ended_call_offers_it_to_those_who_may_edit(agent, workspace):
    ended, live = (make_call(agent, A_SHORT_CALL, ended=ended) for ended in (True, False))
    offered = {"admin": {ended: "make-test", live: "make-test hidden"}, "operator": {ended: "", live: ""}}

    for role, expected in offered.items():
        reader = sign_in(make_member(workspace, role))
        for call, button in expected.items():
            page = reader.get(f"/calls/{call.pk}/").content.decode()
            found = re.search(r'data-act="(make-test)"( hidden)?>', page)
            assert "".join(filter(None, found.groups() if found else ())) == button
