"""A caller's number: how it is written, and which calls are theirs."""

import re
from uuid import UUID

from django.db.models import Case, CharField, F, Func, Q, Value, When

from calls.models import Call, CallQuerySet, Turn

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
    found = Call.objects.for_workspace(workspace_id).annotate(digits=bare_number())
    said = Turn.objects.for_workspace(workspace_id).filter(
        role=Turn.Role.CALLER, call__from_number="", text__regex=pattern(digits)
    )
    return found.filter(Q(digits=digits) | Q(from_number="", pk__in=said.values("call")))


def bare_number() -> Func:
    """Of a call, the digits of whoever the agent talks to."""
    theirs = Case(
        When(direction="outbound", then=F("to_number")), default=F("from_number"), output_field=CharField()
    )
    plain = Func(theirs, Value(r"\D"), Value(""), Value("g"), function="regexp_replace")
    return Func(plain, Value("^00"), Value(""), function="regexp_replace", output_field=CharField())


def pattern(digits: str) -> str:
    """For PostgreSQL: the number among words, with whatever people put between digits."""
    return rf"(?<!\d)(00)?{_SEPARATOR.join(digits)}(?!\d)"
