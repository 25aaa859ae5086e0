"""What a model says of a conversation that it is shown and does not hold: how it went, what to call it, and
whether something is true of it."""

import json
import re
from collections.abc import Sequence

from simulator.stories.script import Reply, Said, Script, plain
from simulator.stories.story import render

LINE = re.compile(r"^(caller|customer|user|agent|assistant)\s*:\s*(.+)$", re.IGNORECASE | re.MULTILINE)
CALLERS = ("caller", "customer", "user")
LONGEST = 120
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
BAD, GOOD = (
    re.compile(r"\b(angry|furious|complain|ridiculous|unacceptable|useless|worst|disgrace|fed up)\b", re.I),
    re.compile(r"\b(thank you|thanks|great|perfect|wonderful|brilliant|lovely)\b", re.I),
)


def read(system: str, messages: Sequence[Said], script: Script) -> Reply | None:
    """The answer to a question about a transcript; None if that is not what was asked."""
    if len(messages) != 1 or "<transcript>" not in messages[0].text:
        return None
    asked = system.lower()
    conversation = [
        Said("user" if who.lower() in CALLERS else "assistant", said)
        for who, said in LINE.findall(messages[0].text)
    ]
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
