"""A rule as a sentence: words, and slots to choose in. The editor draws what this says, and nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from agents.rules import form

Choices = tuple[tuple[str | int, str], ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """`field` is its path in the rule. `kind`: choice, number, text, lines. `value`: what stands in it."""

    field: str
    label: str
    kind: str = "choice"
    value: Any = ""
    choices: Choices = ()
    shown_if: str = ""  # a field that has to be set for this one to count


Part = Slot | str

TRIGGERS: Choices = (
    ("asks_for_person", "the caller asks for a person"),
    ("phrase", "a phrase is said"),
    ("regex", "what is said matches a pattern"),
    ("sentiment", "the caller is upset"),
    ("repeated", "the same is said again"),
    ("tool_failed", "a tool fails"),
    ("silence", "nobody speaks"),
    ("duration", "the call takes long"),
    ("cost", "the call costs more"),
    ("judged", "the agent says it needs a person"),
)
ACTIONS: Choices = (
    ("alert", "flag it on the wallboard"),
    ("whisper", "tell the agent"),
    ("transfer", "hand the call over"),
    ("end", "end the call"),
)
_TIMES: Choices = ((1, "once"), (2, "twice"), *((n, f"{n} times") for n in (3, 4, 5, 10)))
_WHO: Choices = ((form.CALLER, "by the caller"), (form.AGENT, "by the agent"), (form.ANYBODY, "by anybody"))
_TOOLS: Choices = ((form.ANY_TOOL, "any tool"), (form.SAME_TOOL, "the same tool"))
_COOLDOWN: Choices = (
    (0, "as often as it happens"),
    (30, "at most every 30 s"),
    (60, "at most once a minute"),
    (300, "at most every 5 minutes"),
    (form.ONCE_S, "once a call"),
)

_times = Slot("when.times", "How often", value=1, choices=_TIMES)
_who = Slot("when.who", "By whom", value=form.CALLER, choices=_WHO)
WHEN: dict[str, tuple[Part, ...]] = {
    "asks_for_person": (_times,),
    "phrase": (Slot("when.phrases", "Phrases, one a line", "lines", value=[]), _who, _times),
    "regex": (Slot("when.pattern", "Pattern", "text"), _who, _times),
    "sentiment": (
        Slot("when.mood", "How", value="upset", choices=(("upset", "upset"), ("very_upset", "very upset"))),
        "in",
        replace(
            _times,
            label="In how many turns in a row",
            choices=((1, "one turn"), (2, "2 turns in a row"), (3, "3 turns in a row")),
        ),
    ),
    "repeated": (_who, replace(_times, value=2, choices=_TIMES[1:])),
    "tool_failed": (Slot("when.tool", "Which tool", value=form.ANY_TOOL, choices=_TOOLS), _times),
    "silence": ("for", Slot("when.seconds", "Seconds", "number", value=8), "s"),
    "duration": ("over", Slot("when.minutes", "Minutes", "number", value=10), "min"),
    "cost": ("than $", Slot("when.usd", "US dollars", "text", value="0.50")),
    "judged": (_times,),
}
THEN: dict[str, tuple[Part, ...]] = {
    "alert": (),
    "whisper": (Slot("then.say", "What the agent is told", "text"),),
    "transfer": (
        "to",
        Slot("then.to", "Number to hand over to", "text"),
        "saying",
        Slot("then.say", "What the caller is told first", "text"),
    ),
    "end": ("saying", Slot("then.say", "What the caller is told first", "text")),
}
_READ = ("who", "pattern", "tool", "seconds", "minutes", "usd")
WHOM = {form.CALLER: "the caller", form.AGENT: "the agent", form.ANYBODY: "anybody"}
_channel = Slot(
    "only.channel",
    "Channel",
    choices=(("", "in any channel"), ("phone", "by phone"), ("web", "on the web"), ("chat", "in chats")),
)
_hours = Slot(
    "only.hours",
    "Hours",
    choices=(("", "at any time"), (form.OPEN, "in office hours"), (form.CLOSED, "out of office hours")),
)
_HOURS = (
    Slot("only.from", "Office opens", "text", value="09:00", shown_if="only.hours"),
    Slot("only.to", "Office closes", "text", value="17:00", shown_if="only.hours"),
    Slot("only.zone", "Time zone", "text", value="UTC", shown_if="only.hours"),
)
_cooldown = Slot("cooldown_s", "How often it may fire", value=form.COOLDOWN_S, choices=_COOLDOWN)
ONLY: tuple[Part, ...] = (
    _channel,
    "after",
    Slot("only.after_seconds", "Seconds into the call", "number", value=0),
    "s,",
    _hours,
    *_HOURS,
    _cooldown,
)
_trigger = Slot("when.trigger", "What happens", value="asks_for_person", choices=TRIGGERS)
_action = Slot("then.do", "What is done", value="alert", choices=ACTIONS)


def worded(rule: Mapping) -> str:
    """A rule as one line of text, without what it does not have."""
    conditions = ", ".join((*_conditions(rule), _told(rule, _cooldown)))
    return f"{reason(rule)}, then {_action_of(rule)}. Only {conditions}."


def reason(rule: Mapping) -> str:
    """What it waits for: "When the caller asks for a person twice"."""
    trigger, told = _at(rule, _trigger.field), {name: str(_at(rule, f"when.{name}") or "") for name in _READ}
    who = WHOM.get(told["who"], WHOM[form.CALLER])
    phrases = _at(rule, "when.phrases")
    often = _chosen(_TIMES, _at(rule, "when.times"), "once")
    again = "" if often == "once" else f" {often}"
    match trigger:
        case "phrase":
            listed = " or ".join(f"“{phrase}”" for phrase in phrases) if isinstance(phrases, list) else ""
            return f"When {who} says {listed or 'a phrase'}{again}"
        case "regex":
            return f"When what {who} says matches {told['pattern']}{again}"
        case "sentiment":
            upset, rows = (_told(rule, slot) for slot in WHEN["sentiment"] if isinstance(slot, Slot))
            return f"When the caller is {upset} in {rows}"
        case "repeated":
            return f"When {who} says the same {'twice' if often == 'once' else often}"
        case "tool_failed":
            return f"When {_chosen(_TOOLS, told['tool'] or form.ANY_TOOL, told['tool'])} fails{again}"
        case "silence":
            return f"When nobody speaks for {told['seconds'] or 8} s"
        case "duration":
            return f"When the call takes over {told['minutes'] or 10} min"
        case "cost":
            return f"When the call costs more than ${told['usd'] or '0.50'}"
    return f"When {_chosen(TRIGGERS, trigger, 'something happens')}{again}"


def _action_of(rule: Mapping) -> str:
    do, to, say = (str(_at(rule, f"then.{name}") or "") for name in ("do", "to", "say"))
    told = _chosen(ACTIONS, do, "nothing is done")
    match do:
        case "whisper":
            return f"{told} “{say}”"
        case "transfer":
            return f"{told} to {to} saying “{say}”"
        case "end":
            return f"{told} saying “{say}”"
    return told


def _conditions(rule: Mapping) -> Iterator[str]:
    if _at(rule, _channel.field):
        yield _told(rule, _channel)
    if language := _at(rule, "only.language"):
        yield f"in {language}"
    if seconds := _at(rule, "only.after_seconds"):
        yield f"after {seconds} s"
    if _at(rule, _hours.field):
        opens, closes, zone = (_told(rule, slot) for slot in _HOURS)
        yield f"{_told(rule, _hours)} ({opens} to {closes}, {zone})"


def grammar(tools: list[str]) -> dict[str, Any]:
    """All sentences there are, as JSON for the editor; `tools` are those the agent may use."""
    names = [*tools, "escalate"] if "escalate" not in tools else tools
    told = (*_TOOLS, *((name, name) for name in names))

    def of(parts: tuple[Part, ...]) -> list[Any]:
        return [
            part
            if isinstance(part, str)
            else asdict(replace(part, choices=told) if part.field == "when.tool" else part)
            for part in parts
        ]

    return {
        "trigger": asdict(_trigger),
        "action": asdict(_action),
        "when": {name: of(parts) for name, parts in WHEN.items()},
        "then": {name: of(parts) for name, parts in THEN.items()},
        "only": of(ONLY),
        "titles": form.TITLES,
        "most": form.MOST_RULES,
    }


def _told(rule: Mapping, slot: Slot) -> str:
    """What stands in one of its slots, as it is read."""
    value = _at(rule, slot.field)
    value = slot.value if value is None else value
    return _chosen(slot.choices, value, str(value))


def _chosen(choices: Choices, value: Any, otherwise: str) -> str:
    return next((told for choice, told in choices if choice == value), otherwise)


def _at(rule: Mapping, field: str) -> Any:
    part, _, name = field.rpartition(".")
    inside = rule.get(part) if part else rule
    return inside.get(name) if isinstance(inside, Mapping) else None
