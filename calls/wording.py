"""How facts of a call are put into words and signs on pages; the browser is handed the same tables."""

from dataclasses import asdict, dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Outcome:
    label: str
    tone: str
    icon: str


OUTCOMES = {
    "completed": Outcome("Completed", "ok", "check"),
    "caller_hung_up": Outcome("Caller hung up", "none", "hangup"),
    "agent_hung_up": Outcome("Agent hung up", "none", "hangup"),
    "transferred": Outcome("Transferred", "operator", "transfer"),
    "not_connected": Outcome("Not connected", "danger", "alert"),
    "failed": Outcome("Failed", "danger", "alert"),
    # A call whose end was told without saying how.
    "": Outcome("Ended", "none", "hangup"),
}

STATUSES = {"live": "Live", "ended": "Ended", "failed": "Failed"}  # of a call
FAILED = ("failed", "not_connected")  # outcomes of one that failed
SENTIMENTS = {"positive": "Pleased", "neutral": "Calm", "negative": "Upset"}

# Ends that nobody told us: the watch concluded them (live/watch.py).
LOST = {"connection_lost": "Connection lost", "no_news": "No more news"}
UNKNOWN_AGENT = "Unknown agent"  # the platform's, which nobody has linked to one of ours yet

# How far a transfer has come: platforms.events.CallTransferred.step.
TRANSFERS = {"started": "Begun", "bridged": "Connected", "cancelled": "Did not come about", "ended": "Over"}
TRANSFERRING = {"started": "Being transferred", "bridged": "Transferred"}  # of a call that goes on
NOT_LINKED = "Not linked to an agent"

# What came of a rule that fired.
ACTED = {
    "alert": "Flagged",
    "whisper": "The agent was told",
    "transfer": "Handed over",
    "end": "Ended the call",
}
NOT_ACTED = "Flagged: the call was not ours to act on"

# What stands where a call's words would be, while there are none.
WORDLESS = {
    "later": "This source sends events only. Its words arrive after the call.",
    "live": "Nobody has said anything yet.",
    "ended": "Nothing was said on this call.",
}

# Why an answer is cut short: the typed errors of the live stream.
ERRORS = {
    "timeout": "The model took too long to answer.",
    "rate_limited": "The model's provider turned the request down: too many at once.",
    "overloaded": "The model's provider was overloaded.",
    "content_filter": "The model's provider refused to go on.",
    "context_length": "The conversation is longer than the model can read.",
    "auth": "The model's provider did not accept our key.",
    "connection": "The connection to the model broke.",
    "budget_exceeded": "The budget for models is used up.",
    "interrupted": "The answer stopped when its process ended.",
    "internal": "Something failed on our side.",
}


def outcome(name: str) -> Outcome:
    return OUTCOMES.get(name, OUTCOMES[""])


def outcomes() -> dict[str, dict]:
    """The table, for the browser."""
    return {name: asdict(one) for name, one in OUTCOMES.items()}


def error(name: str) -> str:
    return ERRORS.get(name, ERRORS["internal"])


def fired(do: str, done: str) -> str:
    """What came of a rule that fired; static/calls/facts.js says the same."""
    return ACTED.get(done, ACTED["alert"]) if do == done else NOT_ACTED


def heard(text: str, heard: str | None) -> tuple[str, str]:
    """What the caller heard of an answer, and what was cut off."""
    if heard is None:
        return text, ""
    return (heard, text[len(heard) :].lstrip()) if text.startswith(heard) else (heard, "")


def seconds(ms: int | None) -> str:
    """2.4 s, cut and not rounded, as the browser does."""
    return "—" if ms is None else f"{ms // 1000}.{ms // 100 % 10} s"


def usd(amount: Decimal | str | None) -> str:
    """$0.41, or with more digits where that would say nothing: $0.0031."""
    if amount is None or amount == "":
        return "—"
    amount = Decimal(amount)
    return f"${amount:.4f}" if 0 < amount < Decimal("0.01") else f"${amount:.2f}"
