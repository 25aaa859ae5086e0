"""Finding personal data in a text: numbers, cards, addresses, accounts and names, each by its form.

A detector is a function from a text to spans of it. All of ours look at each character a bounded number of
times. What they find is more than there is rather than less: a masked order number is a nuisance, a card that
is shown is a breach. What a person says in words ("four four two oh …") they do not find.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from django.conf import settings

logger = logging.getLogger(__name__)

LONGEST = 4_000_000  # characters of one text that are looked at; what is behind is masked whole
# A longer text is looked at in pieces, each with the end of the one before: more than anything found takes.
PIECE, OVERLAP = 100_000, 1_000

Spans = Iterable[tuple[int, int]]
Detector = Callable[[str], Spans]

# Digits with at most two signs between them, which is how people group them.
_DIGITS = re.compile(r"(?<![\w])\+?\(?\d(?:[ ().\-/\u00a0\u2011]{0,2}\d){6,23}(?!\w)")
# As many as a card has or more: what is said behind it, when it expires, belongs to none.
_CARDS = re.compile(r"\d(?:[ .,\-\u00a0\u2011]{0,2}\d){12,}")
CARD_DIGITS = range(19, 12, -1)
_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
# As it is heard by a recogniser, too.
_SPOKEN_EMAIL = re.compile(r"\b[\w.]{1,64} at [\w-]{1,63} dot [a-z]{2,10}\b", re.IGNORECASE)
_IBAN = re.compile(r"\b[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?\b")
_DATE = re.compile(r"(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.](?:19|20)\d\d")
_NAMED = re.compile(
    r"\b(?:[Mm]y (?:full |first |last )?name(?: is|['’]s)|[Nn]ame is|[Tt]his is|I am called|"
    r"[Cc]all me|[Ii]ch heiße|[Mm]ein Name ist|[Jj]e m['’]appelle|[Mm]e llamo|[Mm]i chiamo)"
    r"[ :,]{1,2}((?:(?:Mr|Mrs|Ms|Dr|Herr|Frau)\.? )?[A-ZÀ-ÖØ-Þ][\w'’-]{1,40}"
    r"(?: (?:(?:van|von|de|der|den|la|bin|al) ){0,2}[A-ZÀ-ÖØ-Þ][\w'’-]{1,40}){0,3})"
)
_TITLED = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Herr|Frau)\.? ([A-ZÀ-ÖØ-Þ][\w'’-]{1,40}(?: [A-ZÀ-ÖØ-Þ][\w'’-]{1,40})?)"
)


def numbers(text: str) -> Iterator[tuple[int, int]]:
    """Telephone numbers: 7 digits or more, grouped as people do; others may follow. A date is none."""
    for found in _DIGITS.finditer(text):
        if not _DATE.fullmatch(found[0]):
            yield found.span()


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Card numbers: 13 to 19 digits of which the last checks the others (Luhn), in whole groups, whatever
    numbers stand before and behind."""
    for found in _CARDS.finditer(text):
        places = [place for place in range(*found.span()) if text[place].isdecimal()]
        sums = _luhn_sums([int(text[place]) for place in places])
        first = 0
        while first < len(places):
            many = _card_at(text, places, sums, first)
            if many:
                yield places[first], places[first + many - 1] + 1
            first += many or 1


def _card_at(text: str, places: Sequence[int], sums: Sequence[list[int]], first: int) -> int:
    """How many of the digits, from the first on, are a card's; 0: none."""
    if first and places[first - 1] == places[first] - 1:
        return 0  # it begins no group
    for many in CARD_DIGITS:
        end = first + many
        ends_group = end == len(places) or (end < len(places) and places[end] > places[end - 1] + 1)
        by_end = sums[end % 2]
        if ends_group and (by_end[end] - by_end[first]) % 10 == 0:
            return many
    return 0


def _luhn_sums(digits: Sequence[int]) -> tuple[list[int], list[int]]:
    """The sums of the digits up to each place as Luhn weighs them, of numbers that end before an even place
    and before an odd one."""
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits]
    even = [doubled[n] if n % 2 == 0 else digit for n, digit in enumerate(digits)]
    odd = [doubled[n] if n % 2 else digit for n, digit in enumerate(digits)]
    return [0, *accumulate(even)], [0, *accumulate(odd)]


def emails(text: str) -> Iterator[tuple[int, int]]:
    if "@" in text:
        yield from (found.span() for found in _EMAIL.finditer(text))
    yield from (found.span() for found in _SPOKEN_EMAIL.finditer(text))


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """Bank accounts: letters and digits whose check digits are right (ISO 13616)."""
    for found in _IBAN.finditer(text):
        plain = found[0].replace(" ", "").upper()
        while len(plain) >= 15 and not _is_iban(plain):
            # A word behind it may have been taken for its last group.
            plain = plain[:-1]
        if len(plain) >= 15:
            yield found.start(), found.end()


def _is_iban(plain: str) -> bool:
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def names(text: str) -> Iterator[tuple[int, int]]:
    """Names of people where the words before say that one follows."""
    for pattern in (_NAMED, _TITLED):
        yield from (found.span(1) for found in pattern.finditer(text))


# By what each finds. An installation's own are beside them, in settings.PERSONAL_DETECTORS.
DETECTORS: dict[str, Detector] = {
    "cards": cards,
    "ibans": ibans,
    "emails": emails,
    "numbers": numbers,
    "names": names,
}


def _found(kind: str, text: str) -> list[tuple[int, int]]:
    """What one detector finds. Where somebody else's stumbles all of the text is taken for personal: nothing
    is shown because a detector is broken."""
    if kind in DETECTORS:
        return list(DETECTORS[kind](text))
    try:
        told = list(settings.PERSONAL_DETECTORS[kind](text))
        return [(max(0, int(start)), min(int(end), len(text))) for start, end in told]
    except Exception as error:
        # By name only: what it stumbled over is what somebody said.
        logger.error("the detector %s failed: %s", kind, type(error).__name__)
        return [(0, len(text))]


def spans(text: str, kinds: Iterable[str]) -> list[tuple[int, int, str]]:
    """Where there is personal data of these kinds: (from, to, kind) in order, none overlapping: of two that
    do, the one that begins first is longer."""
    found = []
    for first in range(0, min(len(text), LONGEST), PIECE - OVERLAP):
        piece = text[first : min(first + PIECE, LONGEST)]
        found += [
            (first + start, first + end, kind)
            for kind in kinds
            for start, end in _found(kind, piece)
            if start < end
        ]
    if len(text) > LONGEST:
        found.append((LONGEST, len(text), next(iter(kinds), "")))
    apart: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(found, key=lambda span: (span[0], -span[1])):
        if apart and start < apart[-1][1]:
            before = apart[-1]
            apart[-1] = (before[0], max(end, before[1]), before[2])
        else:
            apart.append((start, end, kind))
    return apart
