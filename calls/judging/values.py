"""What a value of a custom field may be. The same for models and people: it fits, or there is a reason."""

import math
import re
from datetime import date
from typing import Any

from calls.models import CustomField
from platforms.clean import clean

Kind = CustomField.FieldKind
LONGEST_TEXT = 400
MOST_NUMBER = 10**15  # beyond it floats and JSON disagree about whole numbers
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Unfit(ValueError):
    """It is not of the field's kind. The message says so to people and quotes nothing."""


def fit(field: CustomField, value: Any) -> Any:
    """The value as it is kept; None, "the call does not say", fits every field. Raises Unfit."""
    return None if value is None else _FITS[Kind(field.kind)](field, value)


def _text(field: CustomField, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Unfit("Give some text.")
    text = clean(" ".join(value.split()))
    if len(text) > LONGEST_TEXT:
        raise Unfit(f"Give at most {LONGEST_TEXT} characters.")
    return text


def _number(field: CustomField, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit("Give a number.")
    # Compared before it is made a float: Python's whole numbers may be longer than one.
    if not -MOST_NUMBER <= value <= MOST_NUMBER or not math.isfinite(value):
        raise Unfit("This number is out of range.")
    return value


def _boolean(field: CustomField, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit("Say true or false.")
    return value


def _choice(field: CustomField, value: Any) -> str:
    wanted = " ".join(value.split()).casefold() if isinstance(value, str) else None
    for choice in field.choices:
        if choice.casefold() == wanted:
            return choice
    raise Unfit("Give one of the choices.")


def _date(field: CustomField, value: Any) -> str:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise Unfit("Give a date as 2026-11-20.")
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise Unfit("There is no such day.") from None


_FITS = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.CHOICE: _choice,
    Kind.DATE: _date,
}
