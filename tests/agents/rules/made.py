"""Rules and happenings, made with as few words as possible."""

from decimal import Decimal

from agents.rules.happenings import Happening, Said, SpeechBegan, Spent, ToolBegan, ToolEnded


def rule(
    trigger: str, name: str = "r1", *, do: dict | None = None, only: dict | None = None, **slots
) -> dict:
    cooldown = slots.pop("cooldown_s", 60)
    when = {"trigger": trigger, **slots}
    then = do or {"do": "alert"}
    return {"id": name, "on": True, "when": when, "only": only or {}, "cooldown_s": cooldown, "then": then}


def said(key: str, text: str, start_ms: int, end_ms: int, mood: float | None = None) -> list[Happening]:
    """A turn: "c…" are the caller's, "r…" the agent's."""
    role = "caller" if key.startswith("c") else "agent"
    return [SpeechBegan(start_ms, key, role), Said(end_ms, key, role, text, end_ms, mood)]


def used(key: str, name: str, start_ms: int, end_ms: int, *, ok: bool = True) -> list[Happening]:
    return [ToolBegan(start_ms, key, name), ToolEnded(end_ms, key, ok)]


def spent(at_ms: int, usd: str) -> list[Happening]:
    return [Spent(at_ms, f"m{at_ms}", Decimal(usd))]
