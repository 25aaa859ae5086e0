"""A call is a fold of its events: the same facts give the same record, in any order and any repetition.

Pure: facts in, field values out. Every choice between facts is a maximum or a minimum over something the
facts themselves carry, never over the order they came in.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from calls.mood import mood_of
from platforms.events import (
    CallAnalyzed,
    CallEnded,
    CallEvent,
    CallStarted,
    CallTransferred,
    RuleFired,
    ToolAnswered,
    ToolCalled,
    TurnEvent,
    TurnHeard,
    TurnSpoken,
    TurnTakenBack,
)

# Whoever tells us. We were there (our own socket); the platform says so afterwards (asked, or by webhook);
# nobody told us and the watch concluded it from silence; or a model of ours has read it and says how it went.
SOCKET, PLATFORM, WEBHOOK, WATCH, READER = "socket", "platform", "webhook", "watch", "reader"
OURS = (SOCKET, WATCH)
THEIRS = (PLATFORM, WEBHOOK)
# Our own clock times a call best; why it ended, the platform knows best.
CLOCKS = {SOCKET: 0, PLATFORM: 1, WEBHOOK: 1, WATCH: 2, READER: 3}
REASONS = {PLATFORM: 0, WEBHOOK: 0, SOCKET: 1, WATCH: 2, READER: 3}
# How far a transfer has come; platforms tell the steps in any order.
FARTHEST = {"started": 0, "cancelled": 1, "bridged": 2, "ended": 3}


@dataclass(frozen=True, slots=True)
class Fact:
    source: str
    event: CallEvent


@dataclass(slots=True)
class TurnRecord:
    """The values of one Turn row."""

    key: str
    role: str
    n: int | None = None
    text: str = ""
    start_ms: int = 0
    end_ms: int | None = None
    words: list = field(default_factory=list)
    stream: list = field(default_factory=list)
    heard: str | None = None
    reply_ms: int | None = None
    mood: float | None = None  # of a caller
    model: str = ""
    fallback: int = 0
    error: str = ""
    tool_name: str = ""
    tool_arguments: dict | None = None
    tool_ok: bool | None = None
    # Its place in the platform's transcript, for turns that nobody numbered live.
    place: int = 0


def call_fields(facts: Iterable[Fact]) -> dict:
    """The values of a Call row that its lifecycle facts decide. A field nothing is known of is left out."""
    facts = list(facts)
    started = _started([fact for fact in facts if isinstance(fact.event, CallStarted)])
    ended = _ended(facts)
    transferred = _transferred([fact.event for fact in facts if isinstance(fact.event, CallTransferred)])
    analyzed = _analyzed([fact for fact in facts if isinstance(fact.event, CallAnalyzed)])
    alerts = _alerts([fact.event for fact in facts if isinstance(fact.event, RuleFired)])
    return started | ended | transferred | analyzed | alerts


def _started(facts: list[Fact]) -> dict:
    if not facts:
        return {}
    # The ms of every turn count from our own start where there is one.
    first = min(facts, key=lambda fact: (CLOCKS[fact.source], fact.event.at))
    known = {"started_at": first.event.at}
    for name in ("direction", "from_number", "to_number", "platform_agent_id"):
        told = [fact for fact in facts if getattr(fact.event, name)]
        if told:
            best = min(told, key=lambda fact: (REASONS[fact.source], fact.event.at, fact.event.key))
            known[name] = getattr(best.event, name)
    return known


def _ended(facts: list[Fact]) -> dict:
    """When and why it ended. An end we only concluded is taken back if the platform came back after it."""
    back = max(
        (fact.event.at for fact in facts if fact.source == SOCKET and isinstance(fact.event, CallStarted)),
        default=None,
    )
    ends = [
        fact
        for fact in facts
        if isinstance(fact.event, CallEnded)
        and not (fact.source in OURS and back is not None and fact.event.at < back)
    ]
    if not ends:
        return {"ended_at": None, "end_reason": "", "outcome": ""}
    clock = min(ends, key=lambda fact: (CLOCKS[fact.source], fact.event.at, fact.event.key))
    # Platforms repeat the end of a call, later and with vaguer reasons. Earliest wins.
    reason = min(ends, key=lambda fact: (REASONS[fact.source], fact.event.at, fact.event.key)).event
    return {"ended_at": clock.event.at, "end_reason": reason.reason, "outcome": reason.outcome}


def _transferred(steps: list[CallTransferred]) -> dict:
    if not steps:
        return {}
    steps = sorted(steps, key=lambda event: (FARTHEST[event.step], event.at, event.key))
    to = [event.to for event in steps if event.to]
    return {"transfer": steps[-1].step, "transfer_to": to[-1] if to else ""}


def _analyzed(facts: list[Fact]) -> dict:
    known: dict = {}
    for analysis in (fact.event for fact in sorted(facts, key=_weight)):
        if analysis.summary:
            known["summary"] = analysis.summary
        if analysis.sentiment:
            known["sentiment"] = analysis.sentiment
        if analysis.successful is not None:
            known["successful"] = analysis.successful
        if analysis.cost_usd:
            known["cost_usd"] = Decimal(analysis.cost_usd)
    return known


def _weight(fact: Fact) -> tuple:
    """What counts most comes last. A reader of ours fills in what the platform does not say, whoever was
    first; what comes with a judgement was told after what has only a price so far."""
    said = fact.event
    judges = bool(said.summary or said.sentiment or said.successful is not None)
    return fact.source != READER, judges, said.at, said.key


def _alerts(fired: list[RuleFired]) -> dict:
    """Rules that fired, as a page shows them, in the order of the call."""
    if not fired:
        return {}
    fired = sorted(fired, key=lambda event: (event.at_ms, event.rule, event.occurrence, event.at))
    names = ("rule", "occurrence", "name", "at_ms", "about", "do", "done", "say")
    return {
        "alerts": [
            {name: getattr(event, name) for name in names} | {"at": event.at.isoformat()} for event in fired
        ]
    }


def turns(facts: Iterable[Fact], *, ended: bool) -> list[TurnRecord]:
    """The turns these facts tell of, numbered, by number.

    A turn we heard ourselves may also be in the platform's transcript. Then it is one turn: ours, with what
    the transcript knows better. While the call goes on (`ended` false) the transcript is still changing and
    ours stand alone. A turn that only we tell of depends on its own facts only, so it may be folded alone.
    """
    facts = _that_count([fact for fact in facts if isinstance(fact.event, TurnEvent)], ended)
    spoken = [fact for fact in facts if isinstance(fact.event, TurnSpoken)]
    ours = _newest(spoken, OURS)
    theirs = _newest(spoken, THEIRS)
    theirs = _join_unasked(ours, theirs)

    records = []
    for key in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(key), theirs.get(key)
        record = _spoken(mine or other)
        if mine and other and ended:
            _refine(record, other)
        if mine is None:
            record.n, record.place = None, other.n or 0
        if record.role == "caller":
            record.mood = mood_of(record.text)
        records.append(record)
    _take_heard(records, facts, joined=theirs.keys() if ended else ())
    if ended and any(key.startswith("r") for key in theirs):
        # A transcript that names its answers has all that were heard.
        for record in records:
            if record.role == "agent" and record.key not in theirs:
                record.heard = ""
    back = {fact.event.turn for fact in facts if isinstance(fact.event, TurnTakenBack)}
    for record in records:
        if record.role == "agent" and record.key in back:
            record.heard = ""
    records += _tools(facts)
    return _numbered(records)


def _that_count(facts: list[Fact], ended: bool) -> list[Fact]:
    """What we heard, and the platform's final transcript once the call has ended. Where we heard nothing,
    what the platform tells meanwhile. It is asked only after the end, so its answer is final."""
    ours = [fact for fact in facts if fact.source in OURS]
    theirs = [fact for fact in facts if fact.source in THEIRS]
    final = [fact for fact in theirs if fact.source == PLATFORM or getattr(fact.event, "final", False)]
    if ours:
        return ours + final if ended else ours
    return final or theirs


def _newest(facts: Sequence[Fact], sources: tuple[str, ...]) -> dict[str, TurnSpoken]:
    """By turn, the last word on it. What we heard live outranks what the watch pieced together."""
    newest: dict[str, tuple[tuple, TurnSpoken]] = {}
    for fact in facts:
        if fact.source in sources:
            said = fact.event
            rank = (-CLOCKS[fact.source], said.at, said.end_ms, len(said.text), said.key)
            if said.turn not in newest or newest[said.turn][0] < rank:
                newest[said.turn] = (rank, said)  # type: ignore[assignment]
    return {turn: said for turn, (_, said) in newest.items()}


def _join_unasked(ours: dict[str, TurnSpoken], theirs: dict[str, TurnSpoken]) -> dict[str, TurnSpoken]:
    """Give words of the agent that carry no response id ("a2") the turn of ours that begins with them."""
    free = sorted(
        (said for key, said in ours.items() if said.role == "agent" and key not in theirs),
        key=lambda said: (said.start_ms, said.turn),
    )
    joined = {}
    for key, said in sorted(theirs.items(), key=lambda item: (item[1].n or 0, item[0])):
        if said.role == "agent" and key.startswith("a") and key not in ours:
            match = next((own for own in free if plain(own.text).startswith(plain(said.text))), None)
            if match:
                free.remove(match)
                joined[match.turn] = replace(said, turn=match.turn)
                continue
        joined[key] = said
    return joined


def plain(text: str) -> str:
    """Words only: platforms tidy spaces, case and punctuation in a transcript."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _spoken(said: TurnSpoken) -> TurnRecord:
    return TurnRecord(
        key=said.turn,
        role=said.role,
        n=said.n,
        text=said.text,
        start_ms=said.start_ms,
        end_ms=said.end_ms,
        words=[[word.text, word.start_ms, word.end_ms] for word in said.words],
        stream=[list(piece) for piece in said.stream],
        heard=said.heard,
        reply_ms=said.reply_ms,
        model=said.model,
        fallback=said.fallback,
        error=said.error,
    )


def _refine(record: TurnRecord, final: TurnSpoken) -> None:
    """What the final transcript knows better than we: how the caller's words were understood in the end, how
    much of an answer was really spoken, when each word was. Our own times of the turn stand: one clock."""
    if final.words:
        record.words = [[word.text, word.start_ms, word.end_ms] for word in final.words]
    if record.role == "caller":
        record.text = final.text
    elif plain(final.text) != plain(record.text):
        record.heard = final.text
    else:
        record.heard = None


def _take_heard(records: list[TurnRecord], facts: Iterable[Fact], joined: Iterable[str]) -> None:
    cuts: dict[str, TurnHeard] = {}
    for fact in facts:
        if isinstance(fact.event, TurnHeard):
            cut = fact.event
            known = cuts.get(cut.turn)
            if known is None or (known.at, known.key) < (cut.at, cut.key):
                cuts[cut.turn] = cut
    for record in records:
        if record.key in cuts and record.key not in joined:
            record.heard = cuts[record.key].text


def _tools(facts: Iterable[Fact]) -> list[TurnRecord]:
    called: dict[str, tuple] = {}
    answered: dict[str, tuple] = {}
    for fact in facts:
        known = {ToolCalled: called, ToolAnswered: answered}.get(type(fact.event))
        if known is not None:
            rank = (CLOCKS[fact.source], fact.event.at, fact.event.key)
            if fact.event.turn not in known or rank < known[fact.event.turn][0]:
                known[fact.event.turn] = (rank, fact)
    records = []
    for key, (_, fact) in sorted(called.items()):
        call = fact.event
        record = TurnRecord(
            key=key, role="tool", start_ms=call.start_ms, tool_name=call.name, tool_arguments=call.arguments
        )
        if fact.source in OURS:
            record.n = call.n
        else:
            record.place = call.n or 0
        if key in answered:
            answer = answered[key][1].event
            record.text, record.tool_ok, record.end_ms = answer.result, answer.ok, answer.end_ms
        records.append(record)
    return records


def _numbered(records: list[TurnRecord]) -> list[TurnRecord]:
    """Give every turn its number. One given live is kept, since links to it are about.

    The others follow in the platform's order: at their own place in the transcript if nobody was there live,
    else behind all that were.
    """
    taken: set[int] = set()
    waiting = []
    for record in sorted(records, key=lambda record: (record.n or 0, record.start_ms, record.key)):
        if record.n is not None and record.n not in taken:
            taken.add(record.n)
        else:
            waiting.append(record)
    live = bool(taken)
    for record in sorted(waiting, key=lambda record: (record.place, record.start_ms, record.key)):
        place = record.place if not live else 0
        record.n = place if place and place not in taken else max(taken, default=0) + 1
        taken.add(record.n)
    return sorted(records, key=lambda record: record.n)
