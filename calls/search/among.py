"""The calls that a search is narrowed to: by the query that filters them; if they are few, one by one."""

from dataclasses import dataclass
from typing import Self, TypeVar
from uuid import UUID

from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from calls.models import Call

Rows = TypeVar("Rows", bound=QuerySet)
FEW = 2_500  # calls whose texts are compared one by one as quickly as an index finds some of them


@dataclass(frozen=True, slots=True)
class Among:
    calls: QuerySet[Call]
    few: list[UUID] | None  # all of them; None: there are more than a few

    @classmethod
    def of(cls, calls: QuerySet[Call]) -> Self:
        """Looks it up, for a thread."""
        # In the order that their indexes have: else the table may be read from its beginning.
        ids = list(calls.order_by("-started_at").values_list("pk", flat=True)[: FEW + 1])
        return cls(calls, ids if len(ids) <= FEW else None)

    def narrow(self, rows: Rows) -> Rows:
        """Rows of something that belongs to a call, to those of these."""
        return rows.filter(call__in=self.calls.values("pk")) if self.few is None else of_calls(rows, self.few)


def of_calls(rows: Rows, ids: list[UUID]) -> Rows:
    """As one parameter, however many there are."""
    return rows.filter(RawSQL("call_id = ANY(%s)", [ids], output_field=BooleanField()))
