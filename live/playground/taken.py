"""What a conversation takes over of another one: its first turns, as they were. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from calls.models import Turn
from live.chat.wire import tool_key, tool_of
from platforms.events import CallEvent, ToolAnswered, ToolCalled, TurnSpoken, Word


def owners(turns: Sequence[Turn]) -> dict[str, str]:
    """Which answer each tool was used for, by key. `turns` by number; tools that led to none are left out.

    A chat's tools are called by their answer. On a line they were used while it was given; in a platform's
    transcript they stand before the words they led to.
    """
    answers = {turn.key for turn in turns if turn.role == Turn.Role.AGENT}
    found: dict[str, str] = {}
    for together in _rounds(turns):
        given = [turn for turn in together if turn.role == Turn.Role.AGENT]
        for tool in (turn for turn in together if turn.role == Turn.Role.TOOL):
            if (named := tool_of(tool.key)) in answers:
                found[tool.key] = named
            elif given:
                found[tool.key] = _owner(tool, given).key
    return found


def _rounds(turns: Iterable[Turn]) -> Iterator[list[Turn]]:
    """Cut before each utterance of the caller."""
    together: list[Turn] = []
    for turn in turns:
        if turn.role == Turn.Role.CALLER:
            yield together
            together = []
        together.append(turn)
    yield together


def _owner(tool: Turn, given: Sequence[Turn]) -> Turn:
    during = [one for one in given if one.start_ms <= tool.start_ms <= _end(one)]
    after = [one for one in given if one.n > tool.n]
    return during[-1] if during else after[0] if after else given[-1]


def taken(turns: Sequence[Turn], until: int) -> list[Turn]:
    """Those up to number `until`, and what belongs to an answer among them; no tool that still runs."""
    owner = owners(turns)
    kept = {turn.key for turn in turns if turn.n <= until}
    answers = kept | {owner[key] for key in kept if key in owner}
    kept = answers | {tool for tool, answer in owner.items() if answer in answers}
    running = {turn.key for turn in turns if turn.role == Turn.Role.TOOL and turn.tool_ok is None}
    return [turn for turn in turns if turn.key in kept - running]


def length_ms(turns: Iterable[Turn]) -> int:
    return max(map(_end, turns), default=0)


def events_of(turns: Sequence[Turn], began: datetime) -> list[CallEvent]:
    """These turns as facts of a call that began then: same keys, numbers and times within the call. Only
    tools are called by their answers, as in every chat."""
    owner = owners(turns)
    events: list[CallEvent] = []
    for turn in turns:
        at = began + timedelta(milliseconds=_end(turn))
        if turn.role != Turn.Role.TOOL:
            events.append(_spoken(turn, at))
            continue
        answer = owner.get(turn.key, "")
        key = turn.key if tool_of(turn.key) == answer else tool_key(answer, turn.n)
        arguments = turn.tool_arguments or {}
        events += [
            ToolCalled(key, at, turn.tool_name, arguments, turn.start_ms, turn.n),
            ToolAnswered(key, at, bool(turn.tool_ok), turn.text, _end(turn)),
        ]
    return events


def _spoken(turn: Turn, at: datetime) -> TurnSpoken:
    return TurnSpoken(
        turn=turn.key,
        at=at,
        role=turn.role,  # type: ignore[arg-type]  # a tool's is not told so
        text=turn.text,
        start_ms=turn.start_ms,
        end_ms=_end(turn),
        n=turn.n,
        words=tuple(Word(*word) for word in turn.words),
        stream=tuple((ms, text) for ms, text in turn.stream),
        heard=turn.heard,
        reply_ms=turn.reply_ms,
        model=turn.model,
        fallback=turn.fallback,
        error=turn.error,
    )


def _end(turn: Turn) -> int:
    return turn.start_ms if turn.end_ms is None else turn.end_ms
