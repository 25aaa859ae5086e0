"""The calls that a search is narrowed to: by the query that filters them; if they are few, one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from django.db.models import QuerySet

from calls.models import Call
from calls.points import Condition

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

    @property
    def condition(self) -> Condition:
        """That a row belongs to one of these calls, with its parameters."""
        if self.few is not None:
            return of_calls(self.few)
        sql, params = self.calls.order_by().values("pk").query.sql_with_params()
        return f"call_id IN ({sql})", params


def of_calls(ids: Sequence[UUID]) -> Condition:
    """The same of calls that are known: as one parameter, however many there are."""
    return "call_id = ANY(%s)", [list(ids)]
