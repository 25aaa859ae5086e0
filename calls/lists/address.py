"""Everything a list of calls is asked for by: what narrows it, what is looked for, its order and columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict

from calls.filters import Filters
from calls.lists import columns
from calls.sorting import NEWEST, Sort

BOTH, WORDS = "both", "words"
LONGEST = 300  # characters of what is looked for
OWN = ("q", "by", "sort", "columns")  # names in an address that no filter has


@dataclass(frozen=True, slots=True)
class Address:
    filters: Filters = field(default_factory=Filters)
    q: str = ""
    by: str = BOTH
    sort: str = ""  # empty: the newest first
    columns: tuple[str, ...] = columns.USUAL
    view: UUID | None = None  # the saved one that it began as

    @classmethod
    def of(cls, query: QueryDict, zone: str) -> "Address":
        sort = Sort.of(query.get("sort", "")).text
        return cls(
            filters=Filters.of(query, zone),
            q=" ".join(query.get("q", "").replace("\0", " ").split())[:LONGEST],
            by=WORDS if query.get("by") == WORDS else BOTH,
            sort="" if sort == NEWEST else sort,
            columns=columns.read(query.get("columns", "")[: columns.MOST_WRITTEN].split(",")),
            view=_id(query.get("view", "")),
        )

    @property
    def own(self) -> list[tuple[str, str]]:
        """What it says beside its filters."""
        usual = self.columns == columns.USUAL
        said = [
            ("q", self.q),
            ("by", self.by if self.by != BOTH else ""),
            ("sort", self.sort),
            ("columns", "" if usual else ",".join(self.columns)),
        ]
        return [pair for pair in said if pair[1]]

    @property
    def saved(self) -> str:
        """What a saved view keeps of it, but for its columns."""
        own = urlencode([pair for pair in self.own if pair[0] != "columns"])
        return "&".join(part for part in (own, self.filters.query) if part)

    @property
    def query(self) -> str:
        own = urlencode(self.own)
        parts = [f"view={self.view}" if self.view else "", own, self.filters.query]
        # A view alone is what was saved; with nothing of that left, the address has to say so.
        parts.append("all=1" if self.view and not own and not self.filters.query else "")
        return "&".join(part for part in parts if part)

    def without(self, name: str) -> "Address":
        return replace(self, filters=self.filters.without(name))


def of_view(query: str, shown: Sequence[str], view: UUID | None, zone: str) -> Address:
    """The address of what somebody saved."""
    saved = Address.of(QueryDict(query), zone)
    return replace(saved, columns=columns.read(shown), view=view)


def is_bare(query: QueryDict) -> bool:
    """Whether it asks for a view as it was saved."""
    return not any(name for name in query if name not in ("view", "cursor", "page", "peek"))


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
