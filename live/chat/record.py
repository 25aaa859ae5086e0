"""A chat in the record: opened, its newest question written down, its conversation read. In threads."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agents.llm.events import ToolCall
from agents.llm.request import Message
from agents.models import ModelCall
from agents.services import RunningAgent
from calls import fold, parts, services
from calls.models import LONGEST_MS, PLAYGROUND, Call, Event, Turn
from calls.privacy.tombstones import CallErased
from calls.services import Opening
from live.chat.asked import Asked
from live.chat.wire import of_answer, tool_key, tool_of
from live.digest import Kept, kept_of
from live.locks import hold_briefly
from platforms.events import CallEvent, CallStarted, TurnSpoken, TurnTakenBack

PLATFORM = "chat"
PLATFORMS = (PLATFORM, PLAYGROUND)  # where people type
LONGEST_TITLE = 60


class Unavailable(Exception):
    """There is nobody to answer now. Nothing was written down."""


REMOVED = "What was said in this conversation has been removed. Begin another one."


class Conflict(Exception):
    """The conversation is not as the client thinks it is. Says what to do, in words for people."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be answered: written down, and all that came before it."""

    call: Call
    turns: list[Turn]  # all of the call's, so that numbers go on
    changed: list[Turn]  # those its watchers have to be told of
    question: Turn
    asked_ms: int
    messages: list[Message]
    reopened: bool  # the call had ended: its topic begins anew
    digest: Kept | None  # of the older messages


@dataclass(frozen=True, slots=True)
class Finished:
    """An answer that is in the record, as parts of a topic."""

    turn: Turn
    parts: list[dict]
    metadata: dict


def find(workspace_id: UUID, chat_id: str) -> Call | None:
    chats = Call.objects.for_workspace(workspace_id).select_related("agent", "version")
    return chats.filter(platform__in=PLATFORMS, platform_call_id=chat_id).first()


@transaction.atomic
def open_chat(agent: RunningAgent, asked: Asked, opened_by_id: UUID | None, trace_id: str) -> Call:
    """The chat's row, made if nobody has yet. Raises Conflict of one that was removed for good."""
    hold_briefly()
    now = timezone.now()
    opening = Opening(
        started_at=now,
        channel=Call.Channel.CHAT,
        level=Call.Level.TOKEN,
        agent_id=agent.agent_id,
        version_id=agent.version_id,
        trace_id=trace_id,
        opened_by_id=opened_by_id,
        title=title_of(asked.message.text) if asked.message else "",
    )
    begun = [CallStarted(at=now)]
    try:
        recorded = services.record_quietly(
            agent.workspace_id, PLATFORM, asked.chat_id, begun, source=fold.SOCKET, opening=opening
        )
    except CallErased:
        raise Conflict(REMOVED) from None
    return recorded.call


def title_of(text: str) -> str:
    """What a chat is called: the beginning of its first message, cut after a whole word."""
    line = " ".join(text.split())
    if len(line) <= LONGEST_TITLE:
        return line
    cut = line[: LONGEST_TITLE - 1]
    whole, _, rest = cut.rpartition(" ")
    return f"{(whole if len(rest) < LONGEST_TITLE // 2 and whole else cut).rstrip(' ,.;:-')}…"


def is_left_open(call_id: UUID) -> bool:
    """Whether the newest turn waits for words that nobody has written down."""
    newest = Turn.objects.filter(call_id=call_id).order_by("-n").only("key", "role").first()
    if newest is None or newest.role == Turn.Role.AGENT:
        return False
    used_for = tool_of(newest.key) if newest.role == Turn.Role.TOOL else ""
    return not (used_for and Turn.objects.filter(call_id=call_id, key=used_for).exists())


@transaction.atomic
def ask(call_id: UUID, asked: Asked, agent: RunningAgent, available: bool) -> Question | Finished:
    """Write the question down, or find that it has been answered. Raises Conflict, and Unavailable where a
    model would have to be asked and none is `available`.

    Only for whoever holds the chat's lease. What is said again, or answered anew, takes all behind it back.
    """
    hold_briefly()
    call = Call.objects.select_for_update(of=("self",)).select_related("agent", "version").get(pk=call_id)
    if call.words_removed_at or call.numbers_removed_at:
        raise Conflict(REMOVED)  # nothing more is recorded of it
    turns = _turns(call)
    branch = _branch(call, turns)
    step = _regenerated(asked, branch) if asked.regenerates else _submitted(asked, branch)
    if step is None:
        message = asked.message
        if message is None or any(turn.key == message.id for turn in turns):
            # Another tab went on differently, say.
            raise Conflict("This message is no part of the conversation any more. Reload and try again.")
        step = _Step(message.id, message.text)
    if isinstance(step, Turn):
        return _finished(call, step)
    if not available:
        raise Unavailable
    return _take_in(call, turns, step, agent)


@dataclass(frozen=True, slots=True)
class _Step:
    """How the conversation goes on: this is said, and what is `back` is no part of it any more."""

    key: str
    text: str
    said: Turn | None = None  # already, maybe with other words
    back: Sequence[Turn] = ()


def _regenerated(asked: Asked, branch: list[Turn]) -> _Step | None:
    """None: what is to be answered is not there yet."""
    about = [turn for turn in branch if turn.key == asked.about]
    if not about and asked.message:
        about = [turn for turn in branch if turn.key == asked.message.id]
    asks = [turn for turn in branch if turn.role == Turn.Role.CALLER and about and turn.n <= about[0].n]
    if not asks:
        return None
    return _Step(asks[-1].key, asks[-1].text, asks[-1], _behind(asks[-1], branch))


def _submitted(asked: Asked, branch: list[Turn]) -> _Step | Turn | None:
    """The answer, if there is one already. None: the message is not there yet."""
    message = asked.message
    if message is None:
        raise Conflict("There is no message to be answered.")
    asks = {turn.key: turn for turn in branch if turn.role == Turn.Role.CALLER}
    known = asks.get(message.id)
    edited = asks.get(asked.about)
    if known is None:
        replaced = [edited, *_behind(edited, branch)] if edited else []
        taken = any(turn.key == message.id for turn in branch)
        return _Step(message.id, message.text, None, replaced) if edited and not taken else None
    behind = _behind(known, branch)
    if known.text == message.text:
        answer = next((turn for turn in behind if turn.role == Turn.Role.AGENT), None)
        if answer and answer.error in ("", parts.SUPERSEDED):
            return answer
    elif edited is not known:
        raise Conflict("A message with this id and other words has been sent before.")
    if known.text == message.text and any(turn.role == Turn.Role.CALLER for turn in behind):
        raise Conflict("The conversation has gone on since this message. Reload and try again.")
    return _Step(message.id, message.text, known, behind)


def _behind(turn: Turn, branch: list[Turn]) -> list[Turn]:
    return [other for other in branch if other.n > turn.n]


def _take_in(call: Call, turns: list[Turn], step: _Step, agent: RunningAgent) -> Question:
    now = timezone.now()
    ms = min(max(0, (now - call.started_at) // timedelta(milliseconds=1)), LONGEST_MS)
    reopened = call.ended_at is not None
    events: list[CallEvent] = [CallStarted(at=now)] if reopened else []
    events += [TurnTakenBack(turn.key, now) for turn in step.back]
    if step.said is None:
        n = max((turn.n for turn in turns), default=0) + 1
        events.append(TurnSpoken(step.key, now, "caller", step.text, ms, ms, n=n))
    elif step.said.text != step.text:
        # Its place in the conversation is what it was.
        place = step.said
        events.append(
            TurnSpoken(place.key, now, "caller", step.text, place.start_ms, place.start_ms, n=place.n)
        )
    opening = Opening(
        started_at=call.started_at,
        channel=Call.Channel.CHAT,
        level=Call.Level.TOKEN,
        agent_id=agent.agent_id,
        version_id=agent.version_id,
    )
    recorded = services.record_quietly(
        call.workspace_id, call.platform, call.platform_call_id, events, source=fold.SOCKET, opening=opening
    )
    turns = _turns(call)
    question = next(turn for turn in turns if turn.key == step.key)
    told = messages_of(_branch(call, turns))
    return Question(recorded.call, turns, recorded.turns, question, ms, told, reopened, kept_of(call))


# Reading it.


def conversation(call: Call) -> list[Turn]:
    """The turns that are part of the conversation as it stands, by number: nothing that was taken back."""
    return _branch(call, _turns(call))


def _turns(call: Call) -> list[Turn]:
    return list(Turn.objects.filter(call=call).defer("stream", "words").order_by("n"))


def _branch(call: Call, turns: Sequence[Turn]) -> list[Turn]:
    told = Event.objects.filter(call=call, kind=TurnTakenBack.__name__)
    back = set(told.values_list("turn", flat=True))
    return [turn for turn in turns if turn.key not in back]


def messages_of(branch: Sequence[Turn]) -> list[Message]:
    """The conversation as a model reads it: of what was spoken, what was heard. What tools gave comes before
    the words it led to."""
    told: list[Message] = []
    used = defaultdict(list)
    for turn in branch:
        if turn.role == Turn.Role.TOOL:
            used[tool_of(turn.key)].append(turn)
    for turn in branch:
        match turn.role:
            case Turn.Role.CALLER:
                told.append(Message("user", turn.text))
            case Turn.Role.AGENT:
                for tool in used[turn.key]:
                    asked = ToolCall(tool.key, tool.tool_name, tool.tool_arguments or {})
                    told.append(Message("assistant", tool_calls=(asked,)))
                    told.append(Message("tool", tool.text, tool_call_id=tool.key))
                told.append(Message("assistant", turn.text if turn.heard is None else turn.heard))
    return told


def finished(call_id: UUID, key: str) -> Finished | None:
    """An answer from the record; None while it is not there."""
    answer = Turn.objects.select_related("call").filter(call_id=call_id, key=key).first()
    return _finished(answer.call, answer) if answer else None


def _finished(call: Call, answer: Turn) -> Finished:
    its_own = Q(key=answer.key) | Q(key__startswith=tool_key(answer.key, ""), role=Turn.Role.TOOL)
    said = list(call.turns.filter(its_own).order_by("n"))
    replayed = [part for _, part in parts.replay_of(call, said)]
    rows = ModelCall.objects.for_workspace(call.workspace_id).filter(call_id=call.pk, turn=answer.key)
    return Finished(answer, of_answer(replayed, answer.key), metadata_of(answer, list(rows.order_by("id"))))


def metadata_of(answer: Turn, attempts: Sequence[ModelCall]) -> dict:
    """What is known of an answer beside its words. `attempts`: those at models that were made for it."""
    answered = [row for row in attempts if row.first_token_ms is not None or row.cache_hit]
    last = answered[-1] if answered else None
    known = {
        "model": answer.model,
        "provider": last.provider if last else "",
        "tier": last.tier if last else "",
        "fallback": answer.fallback,
        "usage": {
            "inputTokens": sum(row.tokens_in for row in answered),
            "outputTokens": sum(row.tokens_out for row in answered),
            "cachedTokens": sum(row.tokens_cached for row in answered),
        },
        "costUsd": f"{sum((row.cost_usd for row in answered), Decimal(0)):.8f}",
        "cached": any(row.cache_hit for row in answered),
        "traceId": last.trace_id if last else "",
        "finishReason": finish_reason(answer.error, last.finish if last else ""),
    }
    return known if answer.reply_ms is None else known | {"firstTokenMs": answer.reply_ms}


def finish_reason(error: str, finish: str) -> str:
    """`stop`, `length`, `tool_calls`, `stopped` (by its reader) or `error`."""
    if error:
        return "stopped" if error == parts.SUPERSEDED else "error"
    return finish or "stop"
