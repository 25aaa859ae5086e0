"""What a model says of a conversation that it is shown and does not hold: how it went, what to call it, what
it says to questions, and whether something is true of it."""

import json
import re
from collections.abc import Sequence
from typing import Any

from simulator.stories.script import Reply, Said, Script, plain
from simulator.stories.story import render

LINE = re.compile(
    r"^(?:#(\d+) )?(caller|customer|user|agent|assistant)\s*:\s*(.+)$", re.IGNORECASE | re.MULTILINE
)
CALLERS = ("caller", "customer", "user")
LONGEST = 120
Numbered = Sequence[tuple[int | None, Said]]  # what was said, with the numbers of the turns
TITLE_WORDS = 6
ANYBODYS = ("Show me my last three bills", "How do I read my meter?", "Can I talk to a person?")
STATEMENT = re.compile(r"<statement>\s*(.+?)\s*</statement>", re.DOTALL)
NOT = re.compile(r"\b(not|never|no|nobody|nothing|without|doesn.t|won.t|isn.t)\b", re.IGNORECASE)
# What statements about conversations are made of; it says nothing of this one.
COMMON = """
about agent agents answer answers caller callers call conversation customer does from have offer offers never
says tell tells that them their there they this what when which will with without would
"""
ALWAYS = frozenset(COMMON.split())
STEM = 5  # letters: "refunded" is as good as "refund"
# A question among the instructions: "- plan (one of ["Fixed", "Variable"]): Which plan?", "- c1: It greets."
QUESTION = re.compile(r"^- ([^:(\n]+?)(?: \((.+)\))?: (.+)$", re.MULTILINE)
CHOICES = re.compile(r"^one of (\[.+\])$")
NUMBER = re.compile(r"[£$€]?\b(\d+(?:\.\d+)?)\b")
DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
LONGEST_VALUE = 60
BAD, GOOD = (
    re.compile(r"\b(angry|furious|complain|ridiculous|unacceptable|useless|worst|disgrace|fed up)\b", re.I),
    re.compile(r"\b(thank you|thanks|great|perfect|wonderful|brilliant|lovely)\b", re.I),
)


def read(system: str, messages: Sequence[Said], script: Script) -> Reply | None:
    """The answer to a question about a transcript; None if that is not what was asked."""
    if len(messages) != 1 or "<transcript>" not in messages[0].text:
        return None
    asked = system.lower()
    lines = LINE.findall(messages[0].text)
    conversation = [Said("user" if who.lower() in CALLERS else "assistant", said) for _, who, said in lines]
    turns = [int(n) if n else None for n, _, _ in lines]
    if QUESTION.search(system):
        told = _to_questions(system, list(zip(turns, conversation, strict=True)))
        if '"summary"' in asked:
            told = _judged(conversation, script) | told
        return Reply(json.dumps(told, ensure_ascii=False))
    statement = STATEMENT.search(messages[0].text)
    if statement and '"answer"' in asked:
        return Reply(json.dumps(_yes_or_no(statement[1], conversation), ensure_ascii=False))
    if '"summary"' in asked and '"sentiment"' in asked:
        return Reply(json.dumps(_judged(conversation, script), ensure_ascii=False))
    if "could ask" in asked:
        return Reply("\n".join(_next(conversation, script)))
    if "title" in asked:
        return Reply(_title(conversation, script))
    return Reply(_judged(conversation, script)["summary"])


def _judged(conversation: Sequence[Said], script: Script) -> dict:
    known = script.story_of(conversation)
    if known:
        story, facts = known
        return {
            "summary": render(story.summary, facts) or f"A call about: {story.title}.",
            "sentiment": story.sentiment.lower(),
            "successful": story.successful,
        }
    heard = [said.text for said in conversation if said.role == "user"]
    last = " ".join(heard[-2:])
    mood = "negative" if BAD.search(last) else "positive" if GOOD.search(last) else "neutral"
    about = f"“{heard[0][:LONGEST]}”" if heard else "nothing in particular"
    return {"summary": f"The caller asked about {about}.", "sentiment": mood, "successful": None}


def _yes_or_no(statement: str, conversation: Sequence[Said]) -> dict:
    """Yes, where most of what it names was spoken of; the other way round where it denies something."""
    named = _stems(statement)
    said = [(len(named & _stems(one.text)), one.text) for one in conversation]
    heard = frozenset[str]().union(*(_stems(one.text) for one in conversation)) & named
    spoken_of = bool(named) and 2 * len(heard) >= len(named)
    shared, closest = max(said, default=(0, ""), key=lambda one: one[0])
    reason = f"“{closest[:LONGEST]}” was said." if shared else "Nobody spoke of it."
    return {"answer": "yes" if spoken_of != bool(NOT.search(statement)) else "no", "reason": reason}


def _to_questions(system: str, numbered: Numbered) -> dict:
    """What is asked for of fields, topics or checks, each by what was said nearest to it."""
    questions, _, topics = system.partition("\ntopics: ")
    conversation = [said for _, said in numbered]
    told: dict[str, Any] = {}
    if '"checks"' in questions:
        told["checks"] = {
            name: _yes_or_no(says, conversation) | {"turn": _nearest(says, numbered)[0]}
            for name, _, says in QUESTION.findall(questions)
        }
    if '"fields"' in questions:
        told["fields"] = {
            name: _value(kind, says, numbered) for name, kind, says in QUESTION.findall(questions)
        }
    if topics:
        heard = frozenset[str]().union(*(_stems(one.text) for one in conversation))
        told["topics"] = [
            name for name, _, says in QUESTION.findall(topics) if _stems(f"{name} {says}") & heard
        ]
    return told


def _value(kind: str, question: str, numbered: Numbered) -> dict:
    """Of the kind that is asked for, from the line that is nearest to the question."""
    if choices := CHOICES.match(kind):
        chosen = _choice(json.loads(choices[1]), numbered)
        return {"value": chosen, "turn": _nearest(chosen, numbered)[0] if chosen else None}
    turn, said = _nearest(question, numbered)
    value: Any
    if turn is None:
        value = None
    elif kind.startswith("true"):
        value = _yes_or_no(question, [one for _, one in numbered])["answer"] == "yes"
    elif kind.startswith("a number"):
        value = next((float(number) for number in NUMBER.findall(said)), None)
    elif kind.startswith("a date"):
        day = DAY.search(said)
        value = day[0] if day else None
    else:
        value = said[:LONGEST_VALUE].rsplit(" ", 1)[0] if len(said) > LONGEST_VALUE else said
    return {"value": value, "turn": None if value is None else turn}


def _choice(choices: list[str], numbered: Numbered) -> str | None:
    """The one most of whose words were said, and not only once where several were."""
    words = " ".join(plain(one.text) for _, one in numbered)
    counted = [(sum(words.count(stem) for stem in _stems(one)), one) for one in choices]
    best = max(counted, key=lambda one: one[0])
    return best[1] if best[0] else None


def _nearest(question: str, numbered: Numbered) -> tuple[int | None, str]:
    """The turn that shares most with a question, and what was said there."""
    named = _stems(question)
    shared, turn, said = max(
        ((len(named & _stems(one.text)), turn, one.text) for turn, one in numbered),
        key=lambda one: one[0],
        default=(0, None, ""),
    )
    return (turn, said) if shared else (None, "")


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:STEM] for word in plain(text).split() if len(word) > 3 and word not in ALWAYS)


def _next(conversation: Sequence[Said], script: Script) -> list[str]:
    """What the caller of the story says next; what anybody may ask."""
    following = script.following(conversation)
    return [*([following] if following else []), *ANYBODYS][:3]


def _title(conversation: Sequence[Said], script: Script) -> str:
    known = script.story_of(conversation)
    if known:
        return known[0].title
    heard = next((said.text for said in conversation if said.role == "user"), "A conversation")
    return " ".join(re.sub(r"[^\w\s'’£-]", "", heard).split()[:TITLE_WORDS])
