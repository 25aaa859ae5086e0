"""Who may watch what: what a consumer decides before the first byte."""

from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from streaming.entries import Entry

# One dict in (a part), one out, or None to leave it out. The same object for all it is for: connections are
# grouped by it. Parts come alone or joined, and again to whoever comes back: it keeps nothing between two.
Filter = Callable[[dict], dict | None]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of a connection.

    `tag` is merged into each object. `snapshot` gives the record as entries, oldest first, for a reader whom
    the log cannot tell everything; it is asked once for all who wait. `ended`: the record says that nothing
    follows.
    """

    name: str
    tag: dict = field(default_factory=dict)
    snapshot: Callable[[], Awaitable[Sequence[Entry] | None]] | None = None
    filter: Filter | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Admission:
    """What one browser may watch. `recheck` is asked every 15 s at most, once per process for all viewers
    that share it: viewers in, those who still may out. `person` is whose open streams are counted.
    """

    viewer: Hashable
    topics: Sequence[Topic]
    recheck: Callable[[Any], Awaitable[Collection[Any]]]
    person: str = ""


class Refused(Exception):
    """No stream for this request. `status` is HTTP's; `code` and `message` go into the error's body."""

    def __init__(
        self, status: int, code: str, message: str, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, list(headers)
