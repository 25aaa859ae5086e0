"""The stories the simulator can tell. Each is a file of its own."""

from simulator.stories import refund
from simulator.stories.story import VARIANTS, Line, Story, Use, render

STORIES: dict[str, Story] = {module.STORY.name: module.STORY for module in (refund,)}

__all__ = ["STORIES", "VARIANTS", "Line", "Story", "Use", "render"]
