"""What rules tell an agent, for the model's ear only: before its next answer, and then no more."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from calls.models import Call, Turn

NOTE = (
    "\n\nA note from your own team, for your next answer only. The caller has not heard it; act on it, and "
    "do not read it out:\n"
)


def whispered(call: Call, turns: Iterable[Turn]) -> str:
    """To be added to what the model is told; empty if there is nothing. `turns`: all the call has so far.

    What was whispered before the last answer began, that answer was told.
    """
    last_ms = max((turn.start_ms for turn in turns if turn.role == Turn.Role.AGENT), default=-1)
    told = [
        alert["say"] for alert in call.alerts if alert["done"] == "whisper" and _ms(call, alert) > last_ms
    ]
    return NOTE + "\n".join(f"- {say}" for say in told) if told else ""


def _ms(call: Call, alert: dict) -> int:
    return (datetime.fromisoformat(alert["at"]) - call.started_at) // timedelta(milliseconds=1)
