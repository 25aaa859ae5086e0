"""What the model servers say about a conversation they are shown."""

import json

from simulator.stories import STORIES, render
from simulator.stories.script import Said, script
from simulator.vendors.reader import read

SCRIPT = script()
JUDGE = 'Answer with one JSON object: {"summary": "…", "sentiment": "…", "successful": true}'
REFUND = STORIES["refund"]
FACTS = REFUND.facts(5)


def shown(*lines: str) -> list[Said]:
    return [Said("user", "<transcript>\n" + "\n".join(lines) + "\n</transcript>")]


THE_STORY = shown(
    *(line for one in REFUND.lines for line in (f"Caller: {render(one.says, FACTS)}", "Agent: Of course."))
)


def test_it_judges_a_story_as_its_platform_would():
    told = json.loads(read(JUDGE, THE_STORY, SCRIPT).text)

    assert told == {"summary": render(REFUND.summary, FACTS), "sentiment": "positive", "successful": True}


def test_it_judges_what_it_has_never_heard_by_its_words():
    told = json.loads(read(JUDGE, shown("Caller: My pineapple is furious and so am I."), SCRIPT).text)

    assert told["sentiment"] == "negative"
    assert "My pineapple is furious" in told["summary"]


def test_it_gives_titles_and_summaries_in_plain_words():
    assert read("Answer with a title.", THE_STORY, SCRIPT).text == REFUND.title
    assert read("Shorten it.", THE_STORY, SCRIPT).text == render(REFUND.summary, FACTS)
    odd = shown("Caller: Can you tell me, please, what a pineapple weighs?")
    assert read("A title.", odd, SCRIPT).text == "Can you tell me please what"


def test_it_says_whether_a_statement_is_true_by_what_was_spoken_of():
    asked = 'Answer with one JSON object: {"answer": "yes" | "no", "reason": "…"}'

    def told(statement: str) -> dict:
        (shown_to,) = shown("Caller: Twice!", "Agent: Sorry. Could you give me your account number?")
        both = f"{shown_to.text}\n\n<statement>\n{statement}\n</statement>"
        return json.loads(read(asked, [Said("user", both)], SCRIPT).text)

    assert told("The agent asks for the account number.")["answer"] == "yes"
    assert "account number" in told("The agent asks for the account number.")["reason"]
    assert told("The agent never asks for the account number.")["answer"] == "no"
    assert told("The agent offers a refund.") == {"answer": "no", "reason": "Nobody spoke of it."}


def test_it_leaves_conversations_to_the_script():
    assert read("You are Odell.", [Said("user", REFUND.lines[0].says)], SCRIPT) is None


QUESTIONS = """
Answer with one JSON object and nothing else: {"fields": {}, "topics": []}

fields: what the conversation says to each of these questions.
- charged_day (text, in few words): On which day was the payment taken twice?
- refund (true or false): Does the caller get a refund?
- how (one of ["Direct debit", "Card"]): How was it paid?
- moved_on (a date as 2026-11-20): When do they move house?

topics: those of these that the conversation is about.
- Payments: bills and payments.
- Gardening: lawns.
"""


def test_it_answers_questions_from_the_line_that_is_nearest():
    said = (
        "#1 Agent: Hello.",
        "#2 Caller: You took my payment twice by card.",
        "#5 Agent: Here’s your refund.",
    )

    told = json.loads(read(QUESTIONS, shown(*said), SCRIPT).text)

    assert told["fields"]["charged_day"] == {"value": "You took my payment twice by card.", "turn": 2}
    assert told["fields"]["refund"] == {"value": True, "turn": 5}
    assert told["fields"]["how"]["value"] == "Card"
    assert told["fields"]["moved_on"] == {"value": None, "turn": None}
    assert told["topics"] == ["Payments"]


def test_it_answers_checks_by_their_ids():
    system = (
        'Answer with {"checks": {}}\n\nThe checks:\n- c1: A refund is offered.\n- c2: Gardens are praised.'
    )
    said = shown("#1 Caller: Twice!", "#2 Agent: I offered a refund.")

    told = json.loads(read(system, said, SCRIPT).text)["checks"]

    assert [(one["answer"], one["turn"]) for one in (told["c1"], told["c2"])] == [("yes", 2), ("no", None)]
