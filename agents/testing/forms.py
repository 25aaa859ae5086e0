"""What a test may hold, and what keeps one from being run: each fault with the path of its field.

The shape of what is sent is for agents/testing/shapes.py; this is about what it says.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from agents.rules.words import BadPattern, pattern

MOST_TESTS = 100  # of an agent
MOST_ENTRIES, MOST_CHARACTERS = 60, 32_000  # of a conversation
MOST_CHECKS = 20
CALLER, AGENT, TOOL = "caller", "agent", "tool"
ANY, EVERY, LAST = "any", "every", "last"
JUDGED = "judged"

Entry = dict[str, Any]  # of AgentTest.conversation
Check = dict[str, Any]  # of AgentTest.checks
Faults = Iterator[tuple[str, str]]

# What a check of each kind has to have, and what it may have.
SLOTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "contains": (("text",), ()),
    "not_contains": (("text",), ()),
    "regex": (("text",), ()),
    "tool_called": (("tool",), ("arguments",)),
    "tool_not_called": (("tool",), ("arguments",)),
    JUDGED: (("question",), ()),
}
MISSING = {
    "text": "Write what is looked for.",
    "tool": "Name the tool.",
    "question": "Write a sentence that is true or not, such as “The agent offers to call back.”",
}


def as_kept(entry: Entry) -> Entry:
    """An entry with what its role has, and nothing else."""
    if entry["role"] != TOOL:
        return {"role": entry["role"], "text": entry["text"]}
    return {
        "role": TOOL,
        "name": entry.get("name", ""),
        "arguments": entry.get("arguments", {}),
        "ok": entry.get("ok", True),
        "text": entry["text"],
    }


def as_asked(check: Check) -> Check:
    """A check with what its kind has, and nothing else."""
    kind = check["kind"]
    needed, more = SLOTS[kind]
    slots = {name: check[name] for name in (*needed, *more) if check.get(name)}
    kept = {"id": check["id"], "kind": kind}
    if kind != JUDGED:
        kept["answers"] = check.get("answers", EVERY if "not_" in kind else ANY)
    return kept | slots


def faults(conversation: Sequence[Entry], start: int, checks: Sequence[Check]) -> dict[str, str]:
    """Everything that keeps a test of this from being run: "checks.0.text" → what is wrong, for people."""
    found: dict[str, str] = {}
    for field, problem in (*_of_conversation(conversation, start), *_of_checks(checks)):
        found.setdefault(field, problem)
    return found


def size(entry: Entry) -> int:
    """How many characters of a conversation's it takes."""
    return len(entry["text"]) + _asked_with(entry)


def _asked_with(one: Entry | Check) -> int:
    return len(json.dumps(one["arguments"])) if one.get("arguments") else 0


def _of_conversation(conversation: Sequence[Entry], start: int) -> Faults:
    if len(conversation) > MOST_ENTRIES:
        yield "conversation", f"It has more than {MOST_ENTRIES} entries."
    if sum(map(size, conversation)) > MOST_CHARACTERS:
        yield "conversation", f"It has more than {MOST_CHARACTERS:,} characters."
    for n, entry in enumerate(conversation):
        if entry["role"] == TOOL and not entry.get("name"):
            yield f"conversation.{n}.name", "Name the tool."
        if entry["role"] != TOOL and not entry["text"].strip():
            yield f"conversation.{n}.text", "Write what is said."
        if entry["role"] != TOOL and any(entry.get(slot) for slot in ("name", "arguments")):
            yield f"conversation.{n}.name", "Only a tool has a name and arguments."
    if not any(entry["role"] == CALLER for entry in conversation[start:]):
        yield "start", "From here on the caller says nothing, so there is nothing to answer."


def _of_checks(checks: Sequence[Check]) -> Faults:
    if len(checks) > MOST_CHECKS:
        yield "checks", f"There are more than {MOST_CHECKS} checks."
    if sum(map(_asked_with, checks)) > MOST_CHARACTERS:
        yield "checks", f"Their arguments have more than {MOST_CHARACTERS:,} characters."
    seen = set()
    for n, check in enumerate(checks):
        if check["id"] in seen:
            yield f"checks.{n}.id", "Another check has the same id."
        seen.add(check["id"])
        needed, more = SLOTS[check["kind"]]
        for slot in needed:
            if not check.get(slot, "").strip():
                yield f"checks.{n}.{slot}", MISSING[slot]
        for slot in ("text", "tool", "arguments", "question"):
            if check.get(slot) and slot not in (*needed, *more):
                yield f"checks.{n}.{slot}", "A check of this kind has none."
        if check["kind"] == "regex" and check.get("text"):
            try:
                pattern(check["text"])
            except BadPattern as error:
                yield f"checks.{n}.text", f"This pattern cannot be used. {error}"
