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
    survey,
    survey_unhappy,
    tariff,
    visit_reminder,
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
_HOSTED = (survey, visit_reminder, survey_unhappy)
STORIES: dict[str, Story] = {module.STORY.name: module.STORY for module in _TOLD}
# Those whose agent is a model of the platform's own, which no socket hears.
HOSTED: dict[str, Story] = {module.STORY.name: module.STORY for module in _HOSTED}

__all__ = ["HOSTED", "STORIES", "VARIANTS", "Line", "Story", "Use", "render"]
