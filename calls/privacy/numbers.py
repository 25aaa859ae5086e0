"""A caller's number: how it is written, and which calls are theirs."""

import re
from uuid import UUID

from django.db.models import Expression, Q

from calls.models import BARE_NUMBER, Call, CallQuerySet, Turn

LEAST, MOST = 5, 20  # digits: the shortest are service numbers, the longest have an extension
_SEPARATOR = r"[\s().+/-]*"


def digits_of(text: str) -> str:
    """The digits of a number as somebody types it, without the 00 some dial before a country's code.
    Raises ValueError in words for people."""
    digits = re.sub(r"\D", "", text).removeprefix("00")
    if re.search(r"[^\d\s().+/-]", text) or not LEAST <= len(digits) <= MOST:
        raise ValueError("Give a whole phone number with its country’s code, such as +44 7700 900142.")
    return digits


def calls_of(workspace_id: UUID, digits: str) -> CallQuerySet:
    """The calls of a number, however the platform writes it, and the conversations without a number in which
    the caller writes it: those of a chat or of the playground."""
    said = Turn.objects.for_workspace(workspace_id).filter(
        role=Turn.Role.CALLER, call__from_number="", text__regex=pattern(digits)
    )
    # Asked for by itself: together with the number neither would be looked up.
    written = list(said.order_by().values_list("call", flat=True).distinct())
    found = Call.objects.for_workspace(workspace_id).annotate(digits=bare_number())
    return found.filter(Q(digits=digits) | Q(pk__in=written))


def bare_number() -> Expression:
    """Of a call, the digits of whoever the agent talks to."""
    return BARE_NUMBER.copy()


def pattern(digits: str) -> str:
    """For PostgreSQL: the number among words, with whatever people put between digits."""
    return rf"(?<!\d)(00)?{_SEPARATOR.join(digits)}(?!\d)"
