"""What a rule may look like, what is wrong with one, and the one that is meant.

A rule as a version keeps it, its slots left out here:
`{"id", "name", "on", "when": {"trigger", …}, "only": {…}, "cooldown_s", "then": {"do", …}}`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from agents.faults import ESCALATION, Fault
from agents.rules.words import BadPattern, pattern, plain

MOST_RULES, MOST_PHRASES, LONGEST_PHRASE = 40, 50, 80
LONGEST_NAME, LONGEST_SAY = 60, 400
ONCE_S = 86_400  # a cool-down this long: once a call
COOLDOWN_S = 60
ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
NUMBER = re.compile(r"\+\d{7,15}")
ANYBODY, CALLER, AGENT = "anybody", "caller", "agent"
ANY_TOOL, SAME_TOOL = "any", "same"
UPSET = {"upset": -0.25, "very_upset": -0.6}  # the mood below which a caller is
OPEN, CLOSED = "open", "closed"
CHANNELS = ("phone", "web", "chat")

# What a rule is called that has no name of its own.
TITLES = {
    "phrase": "Said a phrase",
    "regex": "Said what matches",
    "asks_for_person": "Asked for a person",
    "sentiment": "Upset",
    "repeated": "Said it again",
    "tool_failed": "A tool failed",
    "silence": "Silence",
    "duration": "Long call",
    "cost": "Expensive call",
    "judged": "The agent asked for help",
}
ACTIONS = ("alert", "whisper", "transfer", "end")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that can be followed. Which of its slots count depends on the trigger."""

    id: str
    name: str
    trigger: str
    times: int = 1
    who: str = CALLER
    phrases: tuple[str, ...] = ()
    pattern: str = ""
    below: float = 0.0  # a mood
    tool: str = ANY_TOOL
    over_ms: int = 0
    usd: Decimal = Decimal(0)
    channel: str = ""
    language: str = ""
    after_ms: int = 0
    hours: str = ""
    opens: time = time(9)
    closes: time = time(17)
    zone: str = "UTC"
    cooldown_ms: int = COOLDOWN_S * 1_000
    do: str = "alert"
    say: str = ""
    to: str = ""


def faults(rules: Any) -> list[Fault]:
    """Everything that keeps these rules from being followed. Each field is "rules.<n>.when.times", say."""
    if not isinstance(rules, list):
        return [Fault(ESCALATION, "rules", "Rules are a list.")]
    found = []
    if len(rules) > MOST_RULES:
        found.append(Fault(ESCALATION, "rules", f"There are more than {MOST_RULES} rules."))
    seen: set[str] = set()
    for n, rule in enumerate(rules):
        for field, message in _faults(rule):
            found.append(Fault(ESCALATION, f"rules.{n}{field and '.'}{field}", message))
        name = rule.get("id") if isinstance(rule, Mapping) else None
        if isinstance(name, str) and name in seen:
            found.append(Fault(ESCALATION, f"rules.{n}.id", "Another rule has the same id."))
        seen.add(str(name))
    return found


def parsed(rules: Any) -> tuple[Rule, ...]:
    """Those of the rules that are on and can be followed, in their order."""
    if not isinstance(rules, list):
        return ()
    followed: dict[str, Rule] = {}
    for rule in rules[:MOST_RULES]:
        if isinstance(rule, Mapping) and rule.get("on", True) is True:
            wrong: list[tuple[str, str]] = []
            meant = _rule(rule, wrong)
            if not wrong:
                followed.setdefault(meant.id, meant)
    return tuple(followed.values())


def needs_model(rules: Any) -> bool:
    """Whether one of them waits for the model's own judgement."""
    return any(rule.trigger == "judged" for rule in parsed(rules))


def title(rule: Mapping) -> str:
    """What a rule is called."""
    when = rule.get("when")
    trigger = when.get("trigger") if isinstance(when, Mapping) else ""
    return str(rule.get("name") or TITLES.get(str(trigger), "Rule"))


def _faults(rule: Any) -> list[tuple[str, str]]:
    if not isinstance(rule, Mapping):
        return [("", "This is no rule.")]
    wrong: list[tuple[str, str]] = []
    _rule(rule, wrong)
    return wrong


class _Reader:
    """Takes slots out of one part of a rule, and notes what is wrong with them."""

    def __init__(self, name: str, part: Any, wrong: list[tuple[str, str]]) -> None:
        self._name, self._wrong = name, wrong
        self._part: Mapping = part if isinstance(part, Mapping) else {}
        if not isinstance(part, Mapping):
            wrong.append((name, "This part is missing."))

    def complain(self, slot: str, message: str) -> None:
        self._wrong.append((f"{self._name}.{slot}" if self._name else slot, message))

    def choice(self, slot: str, choices: Iterable[str], default: str | None = None) -> str:
        value = self._part.get(slot, default)
        if not isinstance(value, str) or value not in choices:
            self.complain(slot, "Choose one of the list.")
            return default or ""
        return value

    def whole(self, slot: str, least: int, most: int, default: int) -> int:
        value = self._part.get(slot, default)
        if type(value) is not int or not least <= value <= most:
            self.complain(slot, f"A whole number from {least} to {most}.")
            return default
        return value

    def text(self, slot: str, most: int, *, needed: str = "") -> str:
        value = self._part.get(slot, "")
        if not isinstance(value, str) or len(value) > most:
            self.complain(slot, f"A text of at most {most} characters.")
            return ""
        if needed and not value.strip():
            self.complain(slot, needed)
        return value.strip()

    def checked(self, slot: str, check: Callable[[Any], Any], message: str, default: Any) -> Any:
        try:
            return check(self._part.get(slot, default))
        except (ValueError, TypeError, KeyError, OSError, InvalidOperation):
            self.complain(slot, message)
            return check(default)


def _rule(rule: Mapping, wrong: list[tuple[str, str]]) -> Rule:
    """The rule, and in `wrong` whatever is wrong with it: (field, message)."""
    top = _Reader("", rule, wrong)
    name = top.text("id", 32)
    if not ID.fullmatch(name):
        top.complain("id", "Letters, digits, dashes and underscores, 32 at most.")
    if type(rule.get("on", True)) is not bool:
        top.complain("on", "On or off.")
    called = top.text("name", LONGEST_NAME)
    values = _when(_Reader("when", rule.get("when"), wrong))
    values |= _only(_Reader("only", rule.get("only", {}), wrong))
    values |= _then(_Reader("then", rule.get("then"), wrong))
    cooldown = top.whole("cooldown_s", 0, ONCE_S, COOLDOWN_S)
    values["cooldown_ms"] = cooldown * 1_000
    return Rule(id=name, name=called or TITLES.get(values["trigger"], "Rule"), **values)


def _when(when: _Reader) -> dict[str, Any]:
    trigger = when.choice("trigger", TITLES)
    values: dict[str, Any] = {"trigger": trigger}
    match trigger:
        case "phrase":
            values["phrases"] = when.checked("phrases", _phrases, "Up to 50 phrases, one a line.", ["…"])
            if values["phrases"] == ("",):
                when.complain("phrases", "Write at least one phrase.")
        case "regex":
            values["pattern"] = when.text("pattern", 1_000, needed="Write a pattern.")
            try:
                _ = values["pattern"] and pattern(values["pattern"])
            except BadPattern as error:
                when.complain("pattern", f"This pattern cannot be used. {error}")
        case "sentiment":
            values["below"] = UPSET.get(when.choice("mood", UPSET, "upset"), 0.0)
        case "tool_failed":
            values["tool"] = when.text("tool", 64) or ANY_TOOL
        case "silence":
            values["over_ms"] = when.whole("seconds", 2, 600, 8) * 1_000
        case "duration":
            values["over_ms"] = when.whole("minutes", 1, 600, 10) * 60_000
        case "cost":
            values["usd"] = when.checked("usd", _usd, "An amount above 0, such as 0.50.", "0.50")
    if trigger in ("phrase", "regex", "repeated"):
        values["who"] = when.choice("who", (CALLER, AGENT, ANYBODY), CALLER)
    if trigger in ("phrase", "regex", "asks_for_person", "sentiment", "tool_failed", "judged"):
        values["times"] = when.whole("times", 1, 10, 1)
    if trigger == "repeated":
        values["times"] = when.whole("times", 2, 10, 2)
    return values


def _only(only: _Reader) -> dict[str, Any]:
    values: dict[str, Any] = {
        "channel": only.choice("channel", ("", *CHANNELS), ""),
        "language": only.text("language", 20).lower(),
        "after_ms": only.whole("after_seconds", 0, 36_000, 0) * 1_000,
        "hours": only.choice("hours", ("", OPEN, CLOSED), ""),
    }
    if values["hours"]:
        values["opens"] = only.checked("from", _time, "A time such as 09:00.", "09:00")
        values["closes"] = only.checked("to", _time, "A time such as 17:00.", "17:00")
        values["zone"] = only.checked("zone", _zone, "A time zone such as Europe/London.", "UTC")
    return values


def _then(then: _Reader) -> dict[str, Any]:
    values: dict[str, Any] = {"do": then.choice("do", ACTIONS)}
    match values["do"]:
        case "whisper":
            values["say"] = then.text("say", LONGEST_SAY, needed="Write what the agent is told.")
        case "transfer":
            values["to"] = then.text("to", 20, needed="Write the number to hand over to.")
            if values["to"] and not NUMBER.fullmatch(values["to"]):
                then.complain("to", "A number in E.164, such as +442079460000.")
            values["say"] = then.text("say", LONGEST_SAY, needed="Write what the caller is told first.")
        case "end":
            values["say"] = then.text("say", LONGEST_SAY, needed="Write what the caller is told first.")
    return values


def _phrases(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_PHRASES:
        raise ValueError
    if any(not isinstance(one, str) or len(one) > LONGEST_PHRASE for one in value):
        raise ValueError
    return tuple(dict.fromkeys(words for one in value if (words := plain(one)))) or ("",)


def _usd(value: Any) -> Decimal:
    amount = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    if not amount.is_finite() or not Decimal(0) < amount <= Decimal(10_000):
        raise ValueError
    return amount


def _time(value: Any) -> time:
    at = time.fromisoformat(value)
    if at.tzinfo is not None:
        raise ValueError
    return at


def _zone(value: Any) -> str:
    return ZoneInfo(value).key  # what is none it refuses in many ways
