"""What a rule may look like."""

import time

import pytest

from agents.rules import form, sentence, words
from tests.agents.rules.made import rule

GOOD = [
    rule("phrase", "r1", phrases=["cut off"], who="anybody", times=2),
    rule("regex", "r2", pattern=r"\brefund(ed)?\b"),
    rule("asks_for_person", "r3", times=2, do={"do": "whisper", "say": "Offer a colleague."}),
    rule("sentiment", "r4", mood="very_upset", times=2),
    rule("repeated", "r5", who="agent", times=2),
    rule("tool_failed", "r6", tool="same", times=2),
    rule("silence", "r7", seconds=8, cooldown_s=0),
    rule("duration", "r8", minutes=10, only={"hours": "closed", "from": "09:00", "zone": "Europe/London"}),
    rule("cost", "r9", usd="0.50", do={"do": "end", "say": "Goodbye."}),
    rule("judged", "r10", do={"do": "transfer", "to": "+442079460000", "say": "One moment."}),
]


def test_every_kind_of_rule_can_be_written_and_followed():
    assert form.faults(GOOD) == []
    assert [one.trigger for one in form.parsed(GOOD)] == [one["when"]["trigger"] for one in GOOD]
    assert {one.trigger for one in form.parsed(GOOD)} == form.TITLES.keys()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (rule("phrase", phrases=[]), "when.phrases"),
        (rule("phrase", phrases=["…"]), "when.phrases"),
        (rule("regex", pattern="(refund"), "when.pattern"),
        (rule("regex", pattern="a*"), "when.pattern"),
        (rule("regex", pattern="a" * 201), "when.pattern"),
        (rule("regex", pattern=r"(a)\1"), "when.pattern"),
        (rule("silence", seconds=1), "when.seconds"),
        (rule("silence", seconds=True), "when.seconds"),
        (rule("cost", usd="NaN"), "when.usd"),
        (rule("cost", usd=0.5), "when.usd"),
        (rule("boredom"), "when.trigger"),
        (rule("judged", do={"do": "dance"}), "then.do"),
        (rule("judged", do={"do": "transfer", "to": "0800", "say": "Wait."}), "then.to"),
        (rule("judged", do={"do": "end", "say": " "}), "then.say"),
        (rule("judged", only={"hours": "open", "zone": "../../etc/passwd"}), "only.zone"),
        (rule("judged", only={"hours": "open", "from": "9 am"}), "only.from"),
        (rule("judged", only={"channel": "fax"}), "only.channel"),
        (rule("judged", cooldown_s=-1), "cooldown_s"),
        (rule("judged", name="a b"), "id"),
        (rule("judged") | {"on": "yes"}, "on"),
        ({"id": "r1"}, "when"),
    ],
)
def test_a_fault_says_where_it_is_and_keeps_the_rule_from_being_followed(wrong, field):
    found = form.faults([GOOD[0] | {"id": "r0"}, wrong])
    assert f"rules.1.{field}" in [fault.field for fault in found]
    assert [one.id for one in form.parsed([wrong])] == []


@pytest.mark.parametrize("junk", [None, 3, {}, [3], [None], [[]], [{"when": 3, "then": []}], [{"id": []}]])
def test_junk_is_a_fault_and_nothing_to_follow(junk):
    assert form.faults(junk)
    assert form.parsed(junk) == ()


def test_two_rules_cannot_share_an_id_and_one_that_is_off_is_not_followed():
    assert [fault.field for fault in form.faults([GOOD[0], GOOD[0]])] == ["rules.1.id"]
    assert form.parsed([GOOD[0] | {"on": False}]) == ()
    assert len(form.faults([rule("judged", f"r{n}") for n in range(form.MOST_RULES + 1)])) == 1


def test_no_pattern_holds_anybody_up():
    began = time.process_time()
    for hostile in ("(a+)+$", "(a|aa)+$", "(.*a){20}$", "(?:x+x+)+y"):
        words.matches(hostile, "a" * 20_000 + "!")
    # With a backtracking engine this would not end before the universe does.
    assert time.process_time() - began < 5


def test_a_rule_reads_as_a_sentence():
    assert [sentence.reason(one) for one in GOOD] == [
        "When anybody says “cut off” twice",
        r"When what the caller says matches \brefund(ed)?\b",
        "When the caller asks for a person twice",
        "When the caller is very upset in 2 turns in a row",
        "When the agent says the same twice",
        "When the same tool fails twice",
        "When nobody speaks for 8 s",
        "When the call takes over 10 min",
        "When the call costs more than $0.50",
        "When the agent says it needs a person",
    ]
    assert sentence.worded(GOOD[5]) == (
        "When the same tool fails twice, then flag it on the wallboard. Only at most once a minute."
    )
    assert sentence.worded(GOOD[7]) == (
        "When the call takes over 10 min, then flag it on the wallboard."
        " Only out of office hours (09:00 to 17:00, Europe/London), at most once a minute."
    )
    assert "then hand the call over to +442079460000 saying “One moment.”" in sentence.worded(GOOD[9])
    # A draft may hold anything.
    assert sentence.worded({}).startswith("When something happens, then nothing is done.")
    assert sentence.reason(rule("phrase", phrases=7, times=[])) == "When the caller says a phrase"


def test_the_editor_is_told_every_slot_a_rule_may_have():
    told = sentence.grammar(["refund.create"])
    assert told["when"].keys() == told["titles"].keys() == {name for name, _ in sentence.TRIGGERS}
    assert told["then"].keys() == set(form.ACTIONS)
    (tool,) = [
        part
        for part in told["when"]["tool_failed"]
        if isinstance(part, dict) and part["field"] == "when.tool"
    ]
    assert [value for value, _ in tool["choices"]] == ["any", "same", "refund.create", "escalate"]
