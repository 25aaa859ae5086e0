"""Questions put to the database in SQL, as the page shows them: exactly what was asked, with its values."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import Error, connection, transaction
from django.utils import timezone

from base.ids import first_uuid7

logger = logging.getLogger(__name__)

LONGEST_MS = 2_000
# Ids are ordered by when a row was made, which may be a little before it was written.
SLACK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Answer:
    rows: list[dict[str, Any]]
    sql: str  # with the values in place, to be run by hand
    ms: int
    failed: bool = False  # nobody knows: there are no rows

    @property
    def first(self) -> dict[str, Any]:
        return self.rows[0] if self.rows else {}


def since(span: timedelta) -> tuple[datetime, UUID]:
    """The moment so long ago, and an id that no row since then has before it. Indexes know ids."""
    at = timezone.now() - span
    return at, first_uuid7(int((at - SLACK).timestamp() * 1000))


def put(sql: str, values: Mapping[str, Any]) -> Answer:
    """Ask, for 2 s at most. An answer that never came is `failed`, and is never taken for none."""
    began = timezone.now()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {LONGEST_MS}")
            began = timezone.now()
            cursor.execute(sql, values)
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except Error as error:
        logger.warning("a question was not answered: %s", type(error).__name__)
        return Answer([], shown(sql, values), _ms(began), failed=True)
    return Answer(rows, shown(sql, values), _ms(began))


def shown(sql: str, values: Mapping[str, Any]) -> str:
    """The question with its values in place."""
    for name, value in values.items():
        sql = sql.replace(f"%({name})s", "NULL" if value is None else f"'{value}'")
    return sql.strip().replace("%%", "%")


def _ms(began: datetime) -> int:
    return max(0, (timezone.now() - began) // timedelta(milliseconds=1))
