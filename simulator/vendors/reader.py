"""What a model says of a conversation that it is shown and does not hold: how it went, what to call it."""

import json
import re
from collections.abc import Sequence

from simulator.stories.script import Reply, Said, Script
from simulator.stories.story import render

LINE = re.compile(r"^(caller|customer|user|agent|assistant)\s*:\s*(.+)$", re.IGNORECASE | re.MULTILINE)
CALLERS = ("caller", "customer", "user")
LONGEST = 120
TITLE_WORDS = 6
ANYBODYS = ("Show me my last three bills", "How do I read my meter?", "Can I talk to a person?")
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
