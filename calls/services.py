"""The only writer of calls. Facts come in, a call and its turns come out, watchers are told on commit."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from agents.models import Agent
from agents.services import version_there
from calls import board, facts, fold, parts, recordings
from calls.fold import Fact, TurnRecord
from calls.models import Call, Event, Turn
from calls.privacy.tombstones import CallErased, is_erased
from platforms.events import CallEnded, CallEvent, CallRecorded, CallStarted, RuleFired
from streaming.log import position, publish, snapshot
from streaming.positions import NOWHERE

LEVELS = [Call.Level.EVENT, Call.Level.TURN, Call.Level.TOKEN]  # from the farthest to the closest
# Of a turn's row, what the fold decides.
COLUMNS = [field.name for field in fields(TurnRecord) if field.name not in ("key", "place")]


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known of a call by whoever first hears of it: enough to make its row."""

    started_at: datetime
    channel: str = Call.Channel.PHONE
    level: str = Call.Level.EVENT  # how closely this source follows it; the closest source counts
    connection_id: UUID | None = None
    agent_id: UUID | None = None  # none: whichever agent of ours the platform's is
    platform_agent_id: str = ""
    version_id: UUID | None = None
    trace_id: str = ""
    opened_by_id: UUID | None = None  # of a chat: who types
    title: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of taking events in. Turns are by number."""

    call: Call
    turns: list[Turn]  # those that changed
    gone: list[Turn]  # those that turned out to be part of another
    about: list[Turn]  # those, and the others that the events are about
    source: str
    changed: bool
    was_closed: bool  # whether the call's topic was finished before
    new: bool = False  # whether any of the events was not known yet


@transaction.atomic(savepoint=False)
def record(
    workspace_id: UUID,
    platform: str,
    platform_call_id: str,
    events: Sequence[CallEvent],
    *,
    source: str,
    opening: Opening,
) -> Call:
    """Take events into one call and return it; its watchers are told on commit, once.

    `source` is who tells (calls/fold.py). Any order and any repetition reach the same end. Raises CallErased
    of a call that was removed for good.
    """
    recorded = record_quietly(
        workspace_id, platform, platform_call_id, events, source=source, opening=opening
    )
    if recorded.changed:
        transaction.on_commit(partial(_announce, recorded), robust=True)
    return recorded.call


@transaction.atomic(savepoint=False)
def record_firing(call: Call, fired: RuleFired) -> Call | None:
    """Write down that a rule fired, and tell watchers of the call and the board. None: it was known, so
    whoever wrote it down acts on it; or the call is gone."""
    if not Call.objects.select_for_update().filter(pk=call.pk).values_list("pk").first():
        return None  # it has been deleted since: what is recorded of it would make it anew
    opening = Opening(started_at=call.started_at)
    recorded = record_quietly(
        call.workspace_id, call.platform, call.platform_call_id, [fired], source=fold.WATCH, opening=opening
    )
    if not recorded.new:
        return None
    transaction.on_commit(partial(_announce, recorded), robust=True)
    return recorded.call


@transaction.atomic(savepoint=False)
def record_quietly(
    workspace_id: UUID,
    platform: str,
    platform_call_id: str,
    events: Sequence[CallEvent],
    *,
    source: str,
    opening: Opening,
) -> Recorded:
    """Take events in and tell nobody: for whoever holds the call's socket, who shows what was recorded in its
    place, behind the words that streamed. The row lock keeps two processes from interleaving the same call.
    """
    call, fresh = _locked(workspace_id, platform, platform_call_id, opening)
    was_closed = call.closed_at is not None
    if call.words_removed_at or call.numbers_removed_at:
        # Retention took what was told of it: told again, it must not come back.
        return Recorded(call, [], [], [], source, False, was_closed)
    new = _keep(call, events, source)
    turns, gone = _take_in_turns(call, new) if new else ([], [])
    # Our own socket only sees that it ended. Whoever else says so knows all that live watchers will hear.
    concludes = source != fold.SOCKET and any(isinstance(event, CallEnded) for event in events)
    changed = _take_in_call(call, opening, any(not _turn_of(event) for event in new), concludes)
    changed = fresh or changed or bool(new)
    if changed:
        call.revision += 1
        call.embedded_at = call.kept_at = None
        if call.channel == Call.Channel.CHAT and (turns or gone):
            # It has no end after which it is judged once and for all.
            call.judged_at = call.judge_after = None
        call.save()
    recordings.hear_of(call, [event for event in events if isinstance(event, CallRecorded)])
    about = {turn.key: turn for turn in turns}
    if others := {_turn_of(event) for event in events} - about.keys() - {""}:
        about |= {turn.key: turn for turn in Turn.objects.filter(call=call, key__in=others)}
    by_number = sorted(about.values(), key=lambda turn: turn.n)
    # Whoever is given the call reads these where nothing can be asked of the database any more.
    _ = call.agent, call.version
    return Recorded(call, turns, gone, by_number, source, changed, was_closed, bool(new))


def _locked(workspace_id: UUID, platform: str, platform_call_id: str, opening: Opening) -> tuple[Call, bool]:
    identity = {
        "workspace_id": workspace_id,
        "platform": platform,
        "platform_call_id": platform_call_id,
    }
    rows = Call.objects.select_for_update(of=("self",)).select_related("agent", "version")
    try:
        return rows.get(**identity), False
    except Call.DoesNotExist:
        pass  # whoever comes first makes it, unless it was here and must not come back
    if is_erased(workspace_id, platform, platform_call_id):
        raise CallErased
    new = Call(
        **identity,
        started_at=opening.started_at,
        channel=opening.channel,
        level=opening.level,
        connection_id=opening.connection_id,
        agent_id=opening.agent_id,
        version_id=opening.version_id,
        trace_id=opening.trace_id,
        opened_by_id=opening.opened_by_id,
        title=opening.title,
    )
    # Its socket and its first webhook may come in the same moment, which PostgreSQL need not call an error.
    Call.objects.bulk_create([new], ignore_conflicts=True)
    call = rows.get(**identity)
    return call, call.pk == new.pk


def _turn_of(event: CallEvent) -> str:
    return getattr(event, "turn", "")


def _keep(call: Call, events: Sequence[CallEvent], source: str) -> list[CallEvent]:
    """Write down what was not yet known. The call is locked, so nobody else is writing it down too."""
    unique = {event.key: event for event in events}
    told = Event.objects.filter(call=call, source=source, key__in=list(unique)).order_by()
    known = set(told.values_list("key", flat=True))
    new = [event for key, event in unique.items() if key not in known]
    Event.objects.bulk_create(
        Event(
            workspace_id=call.workspace_id,
            call=call,
            key=event.key,
            turn=_turn_of(event),
            kind=type(event).__name__,
            source=source,
            at=event.at,
            data=facts.pack(event),
        )
        for event in new
    )
    return new


def _facts(call: Call, **narrowed) -> list[Fact]:
    rows = Event.objects.filter(call=call, **narrowed).order_by().values_list("source", "kind", "data")
    return [Fact(source, facts.unpack(kind, data)) for source, kind, data in rows]


def _take_in_call(call: Call, opening: Opening, lifecycle: bool, concludes: bool) -> bool:
    """Fold what concerns the call itself into its row. True if a watcher can see a difference.

    `lifecycle`: whether there is anything new about it. `concludes`: whether nothing is to follow its end.
    """
    before = {field.attname: getattr(call, field.attname) for field in Call._meta.concrete_fields}
    _take_in_opening(call, opening)
    if lifecycle:
        for name, value in fold.call_fields(_facts(call, turn="")).items():
            setattr(call, name, value)
    if opening.started_at < call.started_at and not _told(call, CallStarted).exists():
        call.started_at = opening.started_at
    if call.agent_id is None or call.platform_agent_id != before["platform_agent_id"]:
        call.agent_id = _agent_of(call)
        if call.agent_id and call.version_id is None:
            call.version_id = version_there(call.agent_id, call.started_at)
    if call.ended_at is None:
        call.closed_at = None
    elif call.closed_at is None and concludes and not _held(call):
        call.closed_at = timezone.now()
    return any(before[name] != getattr(call, name) for name in before)


def _take_in_opening(call: Call, opening: Opening) -> None:
    # Whoever holds its socket knows best which agent it is; the others only fill in what nobody has said.
    takes_over = opening.level == Call.Level.TOKEN != call.level
    for name in ("connection_id", "agent_id", "version_id", "trace_id"):
        told = getattr(opening, name)
        if told and (takes_over or not getattr(call, name)):
            setattr(call, name, told)
    by_webhook = call.level != Call.Level.TOKEN != opening.level
    if by_webhook and opening.connection_id and opening.connection_id < call.connection_id:
        # Two connections may tell of one call. It is the older one's, and so is its agent.
        call.connection_id, call.agent_id = opening.connection_id, None
    call.level = max(call.level, opening.level, key=LEVELS.index)  # type: ignore[arg-type]
    call.platform_agent_id = call.platform_agent_id or opening.platform_agent_id
    if opening.channel != Call.Channel.PHONE:
        # That it is by phone is what is assumed of a call nobody has said it of.
        call.channel = opening.channel


def _agent_of(call: Call) -> UUID | None:
    """The agent of ours that the platform's is. That of a call whose socket we hold is certain, and stays."""
    certain = call.level == Call.Level.TOKEN and call.agent_id
    if certain or not call.connection_id or not call.platform_agent_id:
        return call.agent_id
    linked = Agent.objects.for_workspace(call.workspace_id).filter(
        connection_id=call.connection_id, platform_agent_id=call.platform_agent_id
    )
    return linked.order_by("id").values_list("pk", flat=True).first() or call.agent_id


def _held(call: Call) -> bool:
    """Whether our own socket may still be adding to its topic: nobody of us has seen it end."""
    ends = _told(call, CallEnded).filter(source__in=fold.OURS)
    return call.level == Call.Level.TOKEN and not ends.exists()


def _told(call: Call, kind: type[CallStarted | CallEnded]) -> QuerySet[Event]:
    return Event.objects.filter(call=call, turn="", kind=kind.__name__)


def _take_in_turns(call: Call, new: Sequence[CallEvent]) -> tuple[list[Turn], list[Turn]]:
    """Fold what concerns turns into their rows. Returns the rows that changed and those that are gone, each
    by number."""
    if _each_alone(call, new):
        touched = {_turn_of(event) for event in new} - {""}
        if not touched:
            return [], []
        records = fold.turns(_facts(call, turn__in=touched, source__in=fold.OURS), ended=False)
        numbered = Q(key__in=touched) | Q(n__in=[record.n for record in records])
        rows = {row.key: row for row in Turn.objects.filter(numbered, call=call).order_by()}
        if rows.keys() <= touched:
            return _write(call, records, rows), []
    told = _facts(call)
    records = fold.turns(told, ended=bool(fold.call_fields(told)["ended_at"]))
    rows = {row.key: row for row in Turn.objects.filter(call=call).order_by()}
    # Words that stood as a turn of their own until the turn they belong to came in.
    left = {record.key for record in records}
    gone = sorted((row for key, row in rows.items() if key not in left), key=lambda turn: turn.n)
    if gone:
        Turn.objects.filter(pk__in=[turn.pk for turn in gone]).delete()
        call.turn_count -= len(gone)
    return _write(call, records, rows), gone


def _each_alone(call: Call, new: Sequence[CallEvent]) -> bool:
    """Whether each turn depends on its own facts only, so that there is no need to fold the whole call:
    nobody but us tells of turns, or the call goes on and what others tell of it does not count any more."""
    told = Event.objects.filter(call=call).exclude(turn="")
    if call.ended_at is None and all(map(_turn_of, new)):
        heard_before = told.filter(source__in=fold.OURS).exclude(key__in=[event.key for event in new])
        if heard_before.exists():
            return True
    return not told.filter(source__in=fold.THEIRS).exists()


def _write(call: Call, records: Sequence[TurnRecord], rows: dict[str, Turn]) -> list[Turn]:
    made, changed = [], []
    for record in records:
        values = {name: getattr(record, name) for name in COLUMNS}
        row = rows.get(record.key)
        if row is None:
            made.append(Turn(workspace_id=call.workspace_id, call=call, key=record.key, **values))
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
    if made:
        Turn.objects.bulk_create(made)
        call.turn_count += len(made)
    if changed:
        Turn.objects.bulk_update(changed, COLUMNS)
    return sorted(made + changed, key=lambda turn: turn.n)


@transaction.atomic
def _announce(recorded: Recorded) -> None:
    """Tell the call's topic and the board. A finished topic is not added to: its watchers have gone.

    All is read again, with the row held: two that commit one after the other may come here the other way
    round, and what is told last must be the newest. So may a chat that ended and has begun again by now.
    """
    rows = Call.objects.select_for_update(of=("self",)).select_related("agent", "version")
    try:
        call = rows.get(pk=recorded.call.pk)
    except Call.DoesNotExist:
        return  # deleted meanwhile
    topic = parts.topic(call)
    if not recorded.was_closed and recorded.call.closed_at and call.closed_at:
        # The end is told by whoever brought it about.
        _tell_to_the_end(call)
    elif not recorded.was_closed and not (call.closed_at and position(topic).end):
        changed = [turn.pk for turn in recorded.turns]
        turns = Turn.objects.filter(pk__in=changed).order_by("n") if changed else []
        publish(topic, [*map(parts.dropped_entry, recorded.gone), *parts.news(call, turns)])
    if call.ended_at or call.level != Call.Level.TOKEN or recorded.source in fold.OURS:
        # Of a live call we hold ourselves, its holder shows more than the record has.
        board.announce(call)


def _tell_to_the_end(call: Call) -> bool:
    """Whatever of the record its watchers have not been told, and the end. Others may have changed it and
    not told yet, or have died before they could: after the end they cannot. False with Redis away."""
    topic = parts.topic(call)
    told = snapshot(topic)
    if told is None:
        return False
    return told.ended or publish(topic, parts.last_news(call, told.entries)) != NOWHERE


@transaction.atomic
def link_agent(workspace_id: UUID, connection_id: UUID, platform_agent_id: str, agent: Agent) -> int:
    """Give the calls that wait for it their agent, and say how many; later ones find it by themselves, by its
    connection and its id at the platform. Watchers of those that go on are told on commit."""
    waiting = Call.objects.for_workspace(workspace_id).filter(
        agent=None, connection_id=connection_id, platform_agent_id=platform_agent_id
    )
    live = list(waiting.live().values_list("pk", flat=True))
    linked = waiting.update(agent=agent, kept_at=None, revision=F("revision") + 1)
    for call in Call.objects.filter(pk__in=live).select_related("agent", "version"):
        transaction.on_commit(
            partial(_announce, Recorded(call, [], [], [], fold.WEBHOOK, True, False)), robust=True
        )
    return linked


def finish(call_id: UUID) -> bool:
    """End the topic of a call that has ended, if nobody has yet. True if it was us."""
    open_topic = Call.objects.filter(pk=call_id, closed_at=None).exclude(ended_at=None)
    closed = open_topic.update(closed_at=timezone.now(), revision=F("revision") + 1)
    if closed:
        _announce(Recorded(Call.objects.get(pk=call_id), [], [], [], fold.PLATFORM, True, False))
    return bool(closed)


@transaction.atomic
def tell_end(call_id: UUID) -> bool:
    """Tell the end of a finished call to whoever still watches, if nobody has. False with Redis away."""
    rows = Call.objects.select_for_update(of=("self",)).select_related("agent", "version")
    call = rows.filter(pk=call_id).exclude(closed_at=None).first()
    return call is None or _tell_to_the_end(call)


def name_chat(call: Call, title: str) -> bool:
    """Say what a chat is called in its owner's list, unless that has changed since `call` was read."""
    return bool(Call.objects.filter(pk=call.pk, title=call.title).update(title=title[:120]))
