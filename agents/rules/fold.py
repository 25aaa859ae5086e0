"""When rules fire: a fold over what happens on a call. The same happenings give the same firings, always.

Nothing here looks at a clock. What follows from time passing (silence, a long call) fires at the moment it
falls due, once something later is known, be it that nothing happened: a `Tick`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from agents.rules import form, words
from agents.rules.asking import asks_for_person
from agents.rules.form import Rule
from agents.rules.happenings import (
    ESCALATE,
    Charged,
    Facts,
    Happening,
    Said,
    SpeechBegan,
    Spent,
    TakenBack,
    Tick,
    ToolBegan,
    ToolEnded,
)
from agents.rules.words import Wording

LATELY = 40  # turns among which one may be said again
TIMED = ("silence", "duration")


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule has fired."""

    rule: Rule
    at_ms: int
    occurrence: int  # the rule's first in this call is 1
    about: str = ""  # the key of the turn or tool it was for; empty: time alone


@dataclass(frozen=True, slots=True)
class Memo:
    """What one rule remembers."""

    hits: Mapping[str, int] = field(default_factory=dict)  # by tool, where that matters
    seen: frozenset[str] = frozenset()  # turns and tools that were counted: one that grows is counted once
    fired: int = 0
    last_ms: int | None = None
    quiet_ms: int | None = None  # the beginning of the silence it fired for


@dataclass(frozen=True, slots=True)
class State:
    """All that firings may still depend on."""

    facts: Facts
    rules: tuple[Rule, ...]
    memos: tuple[Memo, ...]
    now_ms: int = 0
    heard_ms: int = 0  # until when anybody was heard
    speaking: frozenset[str] = frozenset()
    tools: Mapping[str, str] = field(default_factory=dict)  # names, by key
    moods: tuple[tuple[str, float], ...] = ()  # of the caller: (key of the turn, mood), the newest last
    said: tuple[tuple[str, str, Wording], ...] = ()  # (key of the turn, role, words), the newest last
    models_usd: Decimal = Decimal(0)
    platform_usd: Decimal = Decimal(0)


def begin(rules: tuple[Rule, ...], facts: Facts) -> State:
    """Before anything has happened."""
    return State(facts, rules, tuple(Memo() for _ in rules))


def step(state: State, happening: Happening) -> tuple[State, list[Firing]]:
    """What one more happening makes of it, and what fires: first what fell due before it, then what it brings
    about. Happenings come in the order of `happenings.order`."""
    state, firings = _pass(state, happening.at_ms)
    match happening:
        case TakenBack():
            said = tuple(one for one in state.said if one[0] != happening.key)
            moods = tuple(one for one in state.moods if one[0] != happening.key)
            state = replace(state, said=said, moods=moods)
        case SpeechBegan():
            # Whoever was speaking has stopped for it.
            heard = min(state.heard_ms, happening.at_ms)
            state = replace(state, heard_ms=heard, speaking=state.speaking | {happening.key})
        case Said():
            state = _hear(state, happening)
        case ToolBegan():
            state = replace(state, tools={**state.tools, happening.key: happening.name})
        case Spent():
            state = replace(state, models_usd=state.models_usd + happening.usd)
        case Charged():
            state = replace(state, platform_usd=max(state.platform_usd, happening.usd))
        case Tick():
            return state, firings
    for index, rule in enumerate(state.rules):
        bucket = _matched(state, rule, happening)
        if bucket is not None:
            state, fired = _count(state, index, happening, bucket)
            firings += fired
    return state, firings


def _pass(state: State, to_ms: int) -> tuple[State, list[Firing]]:
    """Let time pass. What falls due at this very moment waits: something may happen in it."""
    due = []
    for index, rule in enumerate(state.rules):
        if rule.trigger in TIMED and (at := _due(state, index)) is not None and at < to_ms:
            due.append((at, index))
    firings: list[Firing] = []
    for at, index in sorted(due):
        memo = state.memos[index]
        if state.rules[index].trigger == "silence":
            memo = replace(memo, quiet_ms=state.heard_ms)
        else:
            memo = replace(memo, seen=frozenset({"over"}))
        state = _remember(state, index, memo)
        state, fired = _fire(state, index, at, "")
        firings += fired
    return replace(state, now_ms=max(state.now_ms, to_ms)), firings


def _due(state: State, index: int) -> int | None:
    """When a rule fires should nothing happen until then."""
    rule, memo = state.rules[index], state.memos[index]
    if rule.trigger == "duration":
        return None if memo.seen else rule.over_ms
    silent = state.facts.hears_silence and not state.speaking and memo.quiet_ms != state.heard_ms
    return state.heard_ms + rule.over_ms if silent else None


def _hear(state: State, said: Said) -> State:
    lately = tuple(one for one in state.said if one[0] != said.key)[-LATELY:]
    moods = state.moods
    if said.mood is not None:
        before = tuple(one for one in moods if one[0] != said.key)[-LATELY:]
        moods = (*before, (said.key, said.mood))
    return replace(
        state,
        heard_ms=max(state.heard_ms, said.heard_ms),
        speaking=state.speaking - {said.key},
        said=(*lately, (said.key, said.role, Wording.of(said.text))),
        moods=moods,
    )


def _matched(state: State, rule: Rule, happening: Happening) -> str | None:
    """Whether it is what the rule waits for: under which heading it is counted; None: it is not."""
    match happening:
        case Said() if happening.text:
            return "" if _said_it(state, rule, happening) else None
        case ToolBegan():
            return "" if rule.trigger == "judged" and happening.name == ESCALATE else None
        case ToolEnded(ok=False) if rule.trigger == "tool_failed":
            name = state.tools.get(happening.key, "")
            if rule.tool == form.SAME_TOOL:
                return name
            return "" if rule.tool in (form.ANY_TOOL, name) else None
        case Spent() | Charged() if rule.trigger == "cost":
            return "" if state.models_usd + state.platform_usd > rule.usd else None
    return None


def _said_it(state: State, rule: Rule, said: Said) -> bool:
    by = rule.who in (form.ANYBODY, said.role)
    match rule.trigger:
        case "phrase":
            return by and words.has_phrase(rule.phrases, said.text)
        case "regex":
            return by and words.matches(rule.pattern, said.text)
        case "asks_for_person":
            return said.role == "caller" and asks_for_person(said.text, state.facts.language)
        case "sentiment":
            lately = state.moods[-rule.times :]
            upset = len(lately) == rule.times and all(mood <= rule.below for _, mood in lately)
            return said.mood is not None and upset
        case "repeated":
            *before, (_, role, wording) = state.said
            alike = (wording.is_like(other) for _, by_whom, other in before if by_whom == role)
            return by and sum(alike) + 1 >= rule.times
    return False


def _count(state: State, index: int, happening: Happening, bucket: str) -> tuple[State, list[Firing]]:
    """Something a rule waits for: count it, and fire once there was enough of it. What comes while the rule
    cools down, or while its conditions do not hold, is not counted."""
    rule, memo = state.rules[index], state.memos[index]
    key = "over" if rule.trigger == "cost" else happening.key
    if key in memo.seen:
        return state, []
    if not _may(state, rule, memo, happening.at_ms):
        return state, []
    memo = replace(memo, seen=memo.seen | {key})
    hits = memo.hits.get(bucket, 0) + 1
    enough = 1 if rule.trigger in ("sentiment", "repeated") else rule.times
    if hits < enough:
        return _remember(state, index, replace(memo, hits={**memo.hits, bucket: hits})), []
    left = {name: n for name, n in memo.hits.items() if name != bucket}
    about = "" if rule.trigger == "cost" else happening.key
    return _fire(_remember(state, index, replace(memo, hits=left)), index, happening.at_ms, about)


def _fire(state: State, index: int, at_ms: int, about: str) -> tuple[State, list[Firing]]:
    rule, memo = state.rules[index], state.memos[index]
    if not _may(state, rule, memo, at_ms):
        return state, []
    memo = replace(memo, fired=memo.fired + 1, last_ms=at_ms)
    return _remember(state, index, memo), [Firing(rule, at_ms, memo.fired, about)]


def _remember(state: State, index: int, memo: Memo) -> State:
    return replace(state, memos=(*state.memos[:index], memo, *state.memos[index + 1 :]))


def _may(state: State, rule: Rule, memo: Memo, at_ms: int) -> bool:
    """Whether its conditions hold and it has cooled down."""
    facts = state.facts
    if rule.channel and rule.channel != facts.channel:
        return False
    if rule.language and not facts.language.lower().startswith(rule.language):
        return False
    if at_ms < rule.after_ms:
        return False
    cooling = rule.cooldown_ms >= form.ONCE_S * 1_000 or at_ms < (memo.last_ms or 0) + rule.cooldown_ms
    if memo.last_ms is not None and cooling:
        return False
    return not rule.hours or _is_open(rule, facts, at_ms) == (rule.hours == form.OPEN)


def _is_open(rule: Rule, facts: Facts, at_ms: int) -> bool:
    """Monday to Friday, between two times of day."""
    there = (facts.started_at + timedelta(milliseconds=at_ms)).astimezone(_zone(rule.zone))
    within = rule.opens <= there.time() < rule.closes
    if rule.closes <= rule.opens:  # over midnight
        within = there.time() >= rule.opens or there.time() < rule.closes
    return within and there.weekday() < 5


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
