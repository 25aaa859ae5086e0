"""What rules tell an agent, for the model's ear only: before its next answer, and then no more."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from calls.models import Call, Turn

NOTE = (
    "\n\nA note from your own team, for your next answer only. The caller has not heard it; act on it, and "
    "do not read it out:\n"
)
Whisper = tuple[str, int]  # the rule, and the how manyth time it fired


def whispers(call: Call) -> set[Whisper]:
    return {_key(alert) for alert in _whispered(call)}


def told_before(call: Call, turns: Iterable[Turn]) -> set[Whisper]:
    """By the record alone, what the last answer was told: all before it began. `turns`: all the call has
    so far."""
    last_ms = max((turn.start_ms for turn in turns if turn.role == Turn.Role.AGENT), default=-1)
    return {_key(alert) for alert in _whispered(call) if _ms(call, alert) <= last_ms}


def whispered(call: Call, told: Collection[Whisper]) -> str:
    """To be added to what the model is told; empty if there is nothing but what it was `told`."""
    new = [alert["say"] for alert in _whispered(call) if _key(alert) not in told]
    return NOTE + "\n".join(f"- {say}" for say in new) if new else ""


def _whispered(call: Call) -> list[dict]:
    return [alert for alert in call.alerts if alert["done"] == "whisper"]


def _key(alert: dict) -> Whisper:
    return alert["rule"], alert["occurrence"]


def _ms(call: Call, alert: dict) -> int:
    return (datetime.fromisoformat(alert["at"]) - call.started_at) // timedelta(milliseconds=1)
