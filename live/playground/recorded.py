"""Where the tools of a conversation answer from. For a thread."""

from collections.abc import Iterable

from agents.models import ToolsFrom
from agents.tooling.recorded import Recorded, Recording
from calls.models import Call, PlaygroundChat, Turn
from live.chat.wire import tool_of

LONGEST_LINE = 200  # conversations that were gone on from one after the other


def recording_of(call: Call, answer: str = "") -> Recording | None:
    """None: the tools themselves are asked.

    What was heard of it before is seen from the conversation's own record, but for what `answer` uses just
    now: whoever takes it over, or answers a message anew, goes on where it stands.
    """
    play = PlaygroundChat.objects.filter(call=call).select_related("source__playground").first()
    if play is None or play.tools == ToolsFrom.LIVE:
        return None
    source = _source(play)
    recording = Recording(
        Recorded(turn.tool_name, turn.tool_arguments, bool(turn.tool_ok), turn.text)
        for turn in (_tools(source) if source else ())
        if turn.tool_ok is not None
    )
    for turn in _tools(call):
        if not answer or tool_of(turn.key) != answer:
            recording.answer(turn.tool_name, turn.tool_arguments)
    return recording


def _tools(call: Call) -> Iterable[Turn]:
    return call.standing().filter(role=Turn.Role.TOOL)


def _source(play: PlaygroundChat) -> Call | None:
    """A conversation whose own tools answered from a recording is none: that of the call it began with is."""
    for _ in range(LONGEST_LINE):
        source = play.source
        before = getattr(source, "playground", None)
        if before is None or before.tools == ToolsFrom.LIVE:
            return source
        play = PlaygroundChat.objects.select_related("source__playground").get(pk=before.pk)
    return play.source
