"""The pages under /settings/: each room serves its own; the frame around them is the same."""

from typing import Any

SECTIONS = (
    # name, address, label, icon
    ("connections", "settings:connections", "Connections", "hook"),
    ("models", "models:list", "Models", "bolt"),
    ("spend", "spending:spend", "Spend", "chart"),
    ("analysis", "analysis:fields", "Analysis", "gauge"),
    ("tokens", "settings:tokens", "API tokens", "lock"),
    ("privacy", "privacy:page", "Privacy", "user"),
)


def frame(section: str) -> dict[str, Any]:
    """What every page of the settings needs."""
    return {"section": "settings", "sections": SECTIONS, "current": section}
