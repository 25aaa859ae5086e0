"""Detectors as somebody who runs Earshot writes them, named by PERSONAL_DETECTORS."""

import re
from collections.abc import Iterator

NOT_A_FUNCTION = "policy"
_POLICY = re.compile(r"\bPL-\d{4}\b")


def policy_number(text: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _POLICY.finditer(text))


def broken(text: str) -> Iterator[tuple[int, int]]:
    raise ValueError(text)


def out_of_bounds(text: str) -> list[tuple[int, int]]:
    return [(-3, 4), (len(text) - 1, len(text) + 9)]


numbers = policy_number  # a name that is taken
