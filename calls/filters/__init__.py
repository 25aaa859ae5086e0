"""What a list of calls is narrowed by: one language for pages, addresses, the API, saved views and typing."""

from calls.filters.days import UTC_NAME, known_zone, zone_of
from calls.filters.filters import Filters, of_status
from calls.filters.names import FIELD, NAMES, named
from calls.filters.terms import Term
from calls.filters.words import YES_OR_NO, choices

__all__ = [
    "FIELD",
    "NAMES",
    "UTC_NAME",
    "YES_OR_NO",
    "Filters",
    "Term",
    "choices",
    "known_zone",
    "named",
    "of_status",
    "zone_of",
]
