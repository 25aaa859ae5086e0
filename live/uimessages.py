"""A chat as its page and AI SDK clients know it: messages with parts, made from the turns in the record."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from agents.models import ModelCall
from base.markdown import to_html
from calls import parts
from calls.models import Call, Turn
from live.chat import record
from live.chat.wire import RETRYABLE, Teller, of_answer, tool_of


def rounds(call: Call) -> list[list[Turn]]:
    """The conversation as it stands, cut before each question: what was asked, and what came of it."""
    found: list[list[Turn]] = []
    for turn in record.conversation(call):
        if turn.role == Turn.Role.CALLER or not found:
            found.append([])
        found[-1].append(turn)
    return found


def messages(call: Call, chosen: Iterable[Sequence[Turn]]) -> list[dict]:
    """These rounds of the call as messages, in order.

    `{"id", "role", "parts", "metadata", "state", "error"}`. A text of an answer has its `html` beside it. Its
    `state` is done, stopped (by its reader) or failed; `error` is `{"type", "retryable"}` then. All have
    `createdAt` among their metadata, and answers what `live.chat.record.metadata_of` says.
    """
    turns = [turn for each in chosen for turn in each]
    answers = [turn for turn in turns if turn.role == Turn.Role.AGENT]
    tools = defaultdict(list)
    for turn in turns:
        if turn.role == Turn.Role.TOOL:
            tools[tool_of(turn.key)].append(turn)
    _load_streams([answer for answer in answers if tools[answer.key]])
    attempts = defaultdict(list)
    keys = [answer.key for answer in answers]
    made = ModelCall.objects.for_workspace(call.workspace_id).filter(call_id=call.pk, turn__in=keys)
    for attempt in made.order_by("id"):
        attempts[attempt.turn].append(attempt)
    return [
        _question(call, turn)
        if turn.role == Turn.Role.CALLER
        else _answer(call, turn, tools[turn.key], attempts[turn.key])
        for turn in turns
        if turn.role != Turn.Role.TOOL
    ]


def _load_streams(answers: Sequence[Turn]) -> None:
    """When their words came: what says which of them were there before a tool was used."""
    streams = dict(Turn.objects.filter(pk__in=[turn.pk for turn in answers]).values_list("pk", "stream"))
    for turn in answers:
        turn.stream = streams.get(turn.pk, [])


def _message(call: Call, turn: Turn, role: str, **more) -> dict:
    at = call.started_at + timedelta(milliseconds=turn.start_ms)
    more["metadata"] = {"createdAt": at.isoformat(timespec="milliseconds")} | more.get("metadata", {})
    return {"id": turn.key, "role": role, "state": "done", "error": None} | more


def _question(call: Call, turn: Turn) -> dict:
    return _message(call, turn, "user", parts=[{"type": "text", "text": turn.text}])


def _answer(call: Call, turn: Turn, tools: Sequence[Turn], attempts: Sequence[ModelCall]) -> dict:
    told = _told(call, turn, tools) if tools else [{"type": "text", "text": turn.text}]
    for part in told:
        if part["type"] == "text":
            part["html"] = to_html(part["text"])
    state, error = "done", None
    if turn.error == parts.SUPERSEDED:
        state = "stopped"
    elif turn.error:
        state, error = "failed", {"type": turn.error, "retryable": turn.error in RETRYABLE}
    shown = [part for part in told if part.get("text") != ""]
    metadata = record.metadata_of(turn, attempts)
    return _message(call, turn, "assistant", parts=shown, metadata=metadata, state=state, error=error)


def _told(call: Call, answer: Turn, tools: Sequence[Turn]) -> list[dict]:
    """Its texts and tools in the order in which they came, as a client would have put them together."""
    replayed = [part for _, part in parts.replay_of(call, [answer, *tools])]
    told: dict[str, dict] = {}
    for part in Teller(answer.key).hear_all(of_answer(replayed, answer.key)):
        key = part.get("id", part.get("toolCallId", ""))
        match part["type"]:
            case "text-delta":
                told.setdefault(key, {"type": "text", "text": ""})["text"] += part["delta"]
            case "tool-input-available":
                told[key] = {
                    "type": f"tool-{part['toolName']}",
                    "toolName": part["toolName"],
                    "toolCallId": key,
                    "state": "input-available",
                    "input": part["input"],
                }
            case "tool-output-available":
                told[key] |= {"state": "output-available", "output": part["output"]}
            case "tool-output-error":
                told[key] |= {"state": "output-error", "errorText": part["errorText"]}
    return list(told.values())
