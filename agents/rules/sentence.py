"""A rule as a sentence: words, and slots to choose in. The editor draws what this says, and nothing else."""

from collections.abc import Mapping
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

    @property
    def words(self) -> str:
        """What stands in it, as it is read."""
        for value, told in self.choices:
            if value == self.value:
                return told
        return ", ".join(map(str, self.value)) if isinstance(self.value, list) else str(self.value)


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
ONLY: tuple[Part, ...] = (
    Slot(
        "only.channel",
        "Channel",
        choices=(("", "in any channel"), ("phone", "by phone"), ("web", "on the web"), ("chat", "in chats")),
    ),
    "after",
    Slot("only.after_seconds", "Seconds into the call", "number", value=0),
    "s,",
    Slot(
        "only.hours",
        "Hours",
        choices=(("", "at any time"), (form.OPEN, "in office hours"), (form.CLOSED, "out of office hours")),
    ),
    Slot("only.from", "Office opens", "text", value="09:00", shown_if="only.hours"),
    Slot("only.to", "Office closes", "text", value="17:00", shown_if="only.hours"),
    Slot("only.zone", "Time zone", "text", value="UTC", shown_if="only.hours"),
    Slot("cooldown_s", "How often it may fire", value=form.COOLDOWN_S, choices=_COOLDOWN),
)
_trigger = Slot("when.trigger", "What happens", value="asks_for_person", choices=TRIGGERS)
_action = Slot("then.do", "What is done", value="alert", choices=ACTIONS)


def sentence(rule: Mapping) -> list[Part]:
    """The rule in words and slots, with its values in them. "When … then …"; its conditions come last."""
    parts: list[Part] = ["When", _trigger, *WHEN.get(str(_at(rule, _trigger.field)), ())]
    parts += ["then", _action, *THEN.get(str(_at(rule, _action.field)), ())]
    parts += ["Only", *ONLY]
    filled = [part if isinstance(part, str) else _filled(part, rule) for part in parts]
    return [part for part in filled if isinstance(part, str) or not part.shown_if or _at(rule, part.shown_if)]


def worded(rule: Mapping) -> str:
    """The same as one line of text."""
    told = " ".join(part if isinstance(part, str) else part.words for part in sentence(rule))
    return told.replace("$ ", "$").replace(" then ", ", then ").replace(" Only ", ". Only ")


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


def _filled(slot: Slot, rule: Mapping) -> Slot:
    value = _at(rule, slot.field)
    return slot if value is None else replace(slot, value=value)


def _at(rule: Mapping, field: str) -> Any:
    part, _, name = field.rpartition(".")
    inside = rule.get(part) if part else rule
    return inside.get(name) if isinstance(inside, Mapping) else None
