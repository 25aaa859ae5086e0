"""How long words take to say, in human seconds."""

import random

AGENT_WPM = 165
CALLER_WPM = 175
# The gap between two words is part of the word's time; the rest is sound.
SOUND = 0.86
BREATH = {".": 0.34, "?": 0.34, "!": 0.3, ",": 0.14, "…": 0.5, ":": 0.2}
MEAN_LETTERS = 4.6


def seconds(word: str, wpm: int, chance: random.Random) -> tuple[float, float]:
    """(sound, silence after it) of one word: longer words take longer, marks make a breath."""
    mean = 60 / wpm
    letters = sum(character.isalnum() for character in word)
    whole = mean * (0.45 + 0.55 * letters / MEAN_LETTERS) * chance.uniform(0.88, 1.12)
    return whole * SOUND, whole * (1 - SOUND) + BREATH.get(word[-1:], 0.0)
