"""A test of an agent, made from a call: what was said and what tools gave, as the record has it."""

import textwrap
from collections.abc import Iterable, Sequence
from itertools import count

from django.db import transaction

from agents.models import Agent, AgentTest
from agents.provision import Actor
from agents.testing import forms, kept
from agents.testing.forms import AGENT, CALLER, TOOL, Entry
from base.errors import Faulty
from calls.models import Call, Turn
from platforms.clean import clean

LONGEST_NAME = 60


@transaction.atomic
def make(call: Call, *, by: Actor, name: str = "", turn: int | None = None) -> AgentTest:
    """The agent answers anew from its first words after its greeting. Of a longer call than a test holds,
    its beginning is taken. Raises Faulty.

    `turn`: the number of the last that is taken, with all that belongs to its answer.
    """
    if call.agent is None:
        raise Faulty({"agent": "Nobody knows which agent of yours this call was with."})
    # Until it is kept nobody takes its name.
    Agent.objects.select_for_update(of=("self",)).get(pk=call.agent_id)
    conversation = _bounded(rounds(call.standing(), turn))
    started = next((n for n, entry in enumerate(conversation) if entry["role"] == CALLER), 0)
    fields = {
        "name": name or _free(call.agent, name_of(call, conversation)),
        "conversation": conversation,
        "start": started,
    }
    return kept.create(call.agent, fields, by=by, source_call=call.pk)


def rounds(turns: Iterable[Turn], last: int | None = None) -> list[list[Entry]]:
    """The conversation, cut before each utterance of the caller; tools stand before the words they led to."""
    found: list[list[Turn]] = []
    for turn in turns:
        if turn.role == Turn.Role.CALLER and last is not None and turn.n > last:
            break
        if turn.role == Turn.Role.CALLER or not found:
            found.append([])
        found[-1].append(turn)
    return [[entry for turn in _in_order(each) if (entry := _entry(turn))] for each in found]


def name_of(call: Call, conversation: Sequence[Entry]) -> str:
    said = next((entry["text"] for entry in conversation if entry["role"] == CALLER), "")
    words = call.title or call.summary.partition(". ")[0].rstrip(".") or said or "A call"
    named = " ".join(clean(words).split())
    if len(named.split(" ", 1)[0]) >= LONGEST_NAME:  # words of a language that has no spaces between them
        return f"{named[: LONGEST_NAME - 1]}…"
    return textwrap.shorten(named, LONGEST_NAME, placeholder="…")


def _in_order(turns: Sequence[Turn]) -> list[Turn]:
    # An answer has its number from when it began, and its words end after what it had tools do first.
    opens = [turn for turn in turns[:1] if turn.role == Turn.Role.CALLER]
    by_end = sorted(turns[len(opens) :], key=_when)
    return [*opens, *by_end]


def _when(turn: Turn) -> tuple[int, bool]:
    return turn.start_ms if turn.end_ms is None else turn.end_ms, turn.role != Turn.Role.TOOL


def _entry(turn: Turn) -> Entry | None:
    """None: there is nothing to it, or not yet."""
    if turn.role != Turn.Role.TOOL:
        text = turn.text if turn.heard is None else turn.heard
        role = CALLER if turn.role == Turn.Role.CALLER else AGENT
        return {"role": role, "text": text} if text.strip() else None
    if turn.tool_ok is None:
        return None
    arguments = turn.tool_arguments if isinstance(turn.tool_arguments, dict) else {}
    return {
        "role": TOOL,
        "name": turn.tool_name,
        "arguments": arguments,
        "ok": turn.tool_ok,
        "text": turn.text,
    }


def _bounded(found: Iterable[Sequence[Entry]]) -> list[Entry]:
    """As many rounds from the first as a test holds."""
    taken: list[Entry] = []
    for each in found:
        whole = [*taken, *each]
        if len(whole) > forms.MOST_ENTRIES or sum(map(forms.size, whole)) > forms.MOST_CHARACTERS:
            break
        taken = whole
    return taken


def _free(agent: Agent, name: str) -> str:
    taken = set(agent.tests.values_list("name", flat=True))
    numbered = (f"{name} ({n})" for n in count(2))
    return name if name not in taken else next(one for one in numbered if one not in taken)
