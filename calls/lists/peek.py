"""A glance at one call beside the list: what came of it, where it says what was looked for, its numbers."""

import json
from typing import Any

from calls import figures, parts, wording
from calls.lists.rows import rows
from calls.models import Call, Turn
from calls.notes import notes
from calls.personal import seeing
from calls.recordings import told
from calls.search import asked, why


def peek(call: Call, text: str, *, words_alone: bool, sees_words: bool) -> dict[str, Any]:
    """What templates/lists/_peek.html draws. `text`: what was looked for, if anything was."""
    (row,) = rows([call], sees_words=False)
    used = list(call.turns.filter(role=Turn.Role.TOOL).values_list("start_ms", "tool_ok"))
    tools = [ok for _, ok in used]
    return {
        "call": call,
        "row": row,
        "recording": told.player(call) if sees_words and not row.is_live else None,
        "transfer": wording.TRANSFERS.get(call.transfer, ""),
        "transfer_to": parts.masked(call.transfer_to) if call.transfer_to else "",
        "summary": seeing.shown(call.summary) if sees_words else "",
        "sees_words": sees_words,
        "moments": _moments(call, text, words_alone=words_alone) if sees_words and text else [],
        "looked_for": text if sees_words else "",
        "replies": figures.replies_of([call.pk]).get(call.pk, figures.Replies()),
        "marks": _marks(call, used),
        "tools_ok": tools.count(True),
        "tools_failed": tools.count(False),
        "notes": notes.counts([call.pk]).get(call.pk, 0) if sees_words else 0,
        "rules": list(dict.fromkeys(alert["name"] for alert in call.alerts)),
    }


def _marks(call: Call, used: list[tuple[int, bool | None]]) -> str:
    """What its player flags, beside what the recording tells: where tools were used and rules fired."""
    tools = [{"at_ms": at, "failed": ok is False} for at, ok in used]
    rules = [{"at_ms": alert["at_ms"], "name": alert["name"]} for alert in call.alerts]
    return json.dumps({"tools": tools, "rules": rules})


def _moments(call: Call, text: str, *, words_alone: bool) -> list[why.Snippet]:
    question = asked.read(text, call.workspace_id)
    vector = None if words_alone else asked.vector_of(question.text, call.workspace_id)
    return why.moments(call, question, vector)
