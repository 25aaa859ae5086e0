"""What people type, made from what was said: words, sentences, names and misspelt words; the same with every
run."""

import random
import re
from collections import Counter
from collections.abc import Sequence

from bench.corpus import Conversation

EACH = 50
_WORD = re.compile(r"\b[a-z]{5,}\b")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}(?: [A-Z][a-z]+)?")


def queries(conversations: Sequence[Conversation]) -> dict[str, list[str]]:
    draw = random.Random(19)
    said = [text for one in conversations for _, text in one.turns if len(text) > 30]
    often = Counter(word for text in said for word in set(_WORD.findall(text)))
    telling = sorted(word for word, count in often.items() if 5 <= count <= 300)
    names = sorted({name for text in said for name in _NAME.findall(text)})
    words = [draw.sample(_WORD.findall(text) or ["help"], 1) for text in draw.sample(said, EACH)]
    return {
        "words": [" ".join([*one, draw.choice(telling)]) for one in words],
        "sentences": [text[:200] for text in draw.sample(said, EACH)],
        "names": draw.sample(names, EACH),
        "misspelt": [_misspelt(word, draw) for word in draw.sample(telling, EACH)],
    }


def _misspelt(word: str, draw: random.Random) -> str:
    at = draw.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
