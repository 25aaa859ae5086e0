"""The stories the simulator can tell. Each is a file of its own."""

from simulator.stories import (
    angry,
    booking,
    human,
    meter_reading,
    payment_plan,
    power_cut,
    refund,
    refund_fails,
    renewal,
    silence,
    spanish,
    tariff,
    wrong_number,
)
from simulator.stories.story import VARIANTS, Line, Story, Use, render

_TOLD = (
    refund,
    power_cut,
    booking,
    tariff,
    angry,
    silence,
    meter_reading,
    human,
    payment_plan,
    wrong_number,
    spanish,
    renewal,
    refund_fails,
)
STORIES: dict[str, Story] = {module.STORY.name: module.STORY for module in _TOLD}

__all__ = ["STORIES", "VARIANTS", "Line", "Story", "Use", "render"]
