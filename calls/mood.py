"""How a caller feels, by the words they use: from -1, angry or upset, to 1, delighted.

A list of words with weights, turned round by what denies them and raised by what stresses them. It costs some
microseconds, so it can look at every turn of every live call; `tests/calls/test_mood.py` says how often it is
right. It knows English, some German and some Spanish; in other languages everybody is calm.
"""

import re
from collections.abc import Sequence
from math import sqrt
from statistics import fmean

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
CALM = 4.0  # the more, the more words it takes to be far from calm
REACH = 3  # words before one that may deny or stress it

FELT = 0.25  # this far from calm it has a word
LATEST = 2  # turns that say how they feel now

WEIGHTS: dict[str, float] = {}


def _weigh(weight: float, words: str) -> None:
    WEIGHTS.update(dict.fromkeys(words.split(), weight))


_weigh(
    -3,
    "furious disgusting disgrace disgraceful outrageous outrage ridiculous worst hate hated scandal "
    "frechheit unverschämt unverschämtheit skandal vergüenza inaceptable indignante fatal estafa",
)
_weigh(
    -2.2,
    "angry annoyed annoying awful terrible horrible unacceptable useless rubbish incompetent pathetic joke "
    "liar liars lied lying stupid nonsense fraud scam rip-off appalling shocking shambles disappointed "
    "disappointing upset frustrated frustrating complain complaint complaining ombudsman sue lawyer died "
    "dead crying desperate frightened scared bloody damn hell wütend sauer ärgerlich schrecklich furchtbar "
    "katastrophe beschwerde enttäuscht unzumutbar lügner enfadado enfadada terrible horrible queja harto "
    "harta mentira",
)
_weigh(
    -1.2,
    "bad worse broken fail failed failing unhappy worried problem stress stressed tired sick unfair "
    "mistake poor slow late never nobody ignored ignoring overcharged cancel manager supervisor "
    "nightmare esperando nadie nunca schlecht kaputt problem falsch warte niemand nie",
)
_weigh(
    3,
    "brilliant fantastic wonderful amazing excellent perfect delighted thrilled love loved superb awesome "
    "ausgezeichnet hervorragend wunderbar perfekt fantastisch perfecto excelente maravilloso estupendo",
)
_weigh(
    2.2,
    "great thanks thank lovely happy glad pleased relieved impressed grateful appreciate helpful cheers star "
    "recommend kind super toll danke dank prima freundlich gracias amable genial encantado encantada",
)
_weigh(1.2, "good nice better easy quick quickly helped works sorted solved gut schön bien bueno")

PHRASES = {
    "fed up": -3.0,
    "sick of": -3.0,
    "cut me off": -2.5,
    "on hold": -2.0,
    "call me back": 0.0,
    "calls me back": -0.5,
    "right now": -1.0,
    "can't believe": -2.0,
    "third time": -2.0,
    "weight off": 2.5,
    "you people": -1.5,
    "give it back": -1.5,
    "keep sending": -1.5,
    "out of ten": 1.0,
    "no thanks": 0.3,
    "no thank you": 0.3,
    "kind of": 0.0,
    "better not": 0.0,
}
_PHRASE = re.compile(r"\b(?:" + "|".join(map(re.escape, PHRASES)) + r")\b")
DENYING = """
not no never don't doesn't didn't isn't wasn't aren't won't can't cannot couldn't wouldn't hardly nicht kein
keine nie nunca
"""
STRESSING = "very really so extremely absolutely totally honestly ever sehr wirklich muy"
DENIES, STRESSES = frozenset(DENYING.split()), frozenset(STRESSING.split())


def mood_of(text: str) -> float:
    """From -1 to 1, to two places; 0 where nothing is said about it."""
    plain = text.lower().replace("’", "'")
    total = sum(PHRASES[found] for found in _PHRASE.findall(plain))
    words = WORD.findall(_PHRASE.sub(" ", plain))
    for n, word in enumerate(words):
        weight = WEIGHTS.get(word)
        if weight:
            before = words[max(0, n - REACH) : n]
            # What is denied is less than its opposite: "not bad" is no praise, "not happy" is no fury.
            total += weight * (-0.6 if DENIES & set(before) else 1.0) * (1.3 if STRESSES & set(before) else 1)
    if "!" in text:
        total *= 1.2
    return round(total / sqrt(total * total + CALM), 2)


def word(mood: float | None) -> str:
    """Upset, Pleased, or nothing to speak of. static/calls/transcript.js says the same."""
    if mood is None or abs(mood) <= FELT:
        return ""
    return "Pleased" if mood > 0 else "Upset"


def course(moods: Sequence[float]) -> dict | None:
    """How somebody feels after so many turns, and where that is going; None before the first."""
    if not moods:
        return None
    now, before = fmean(moods[-LATEST:]), moods[:-LATEST][-LATEST:]
    change = now - fmean(before) if before else 0.0
    trend = "" if abs(change) <= FELT else "rising" if change > 0 else "falling"
    return {"word": word(now) or "Calm", "trend": trend}
