"""Who is shown which kind of personal data, and texts as they are shown to them.

What is kept stays as it was said: it is masked when it is shown. A masked span keeps nothing of what it
stands for, not even its length.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts import audit
from accounts.models import Privacy, Role
from accounts.permissions import PERMISSIONS
from base.errors import Faulty
from calls.models import Turn
from calls.personal import finding

LOCK = "\N{LOCK}"
# What stands in its place, and why it is there, by kind.
KINDS = {
    "cards": "card number",
    "ibans": "bank account",
    "emails": "email address",
    "numbers": "phone number",
    "names": "name",
}
OF_DIGITS = frozenset({"cards", "ibans", "numbers"})  # without their digits nothing is left of these
# The lowest role that sees one of these, where a workspace has not said otherwise.
USUALLY = {"cards": Role.ADMIN}
# And one that an installation's own detector finds: nobody adds one to show it to everybody.
USUALLY_OF_OWN = Role.ADMIN
ROLES = (Role.OPERATOR, Role.ADMIN, Role.OWNER)  # who sees words, from the lowest


def kinds() -> dict[str, str]:
    """Every kind there is, with what it is called."""
    return KINDS | {name: name.replace("_", " ") for name in settings.PERSONAL_DETECTORS}


def locked(kind: str) -> str:
    """What stands in the place of one."""
    return f"{LOCK} {kinds().get(kind, kind)} hidden"


@dataclass(frozen=True, slots=True)
class Mask:
    """What is hidden from somebody. One that hides nothing is false."""

    kinds: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.kinds)

    @property
    def hides_words(self) -> bool:
        """Not digits alone."""
        return not OF_DIGITS.issuperset(self.kinds)

    def text(self, text: str) -> str:
        """The text with a lock and a reason where there is something to hide."""
        if not self.kinds or not text:
            return text
        shown, at = [], 0
        for start, end, kind in finding.spans(text, self.kinds):
            shown += [text[at:start], locked(kind)]
            at = end
        return "".join([*shown, text[at:]]) if shown else text

    def beginning(self, text: str, of: str) -> str:
        """The same of what somebody heard of `of`: a number that was cut off in its midst is hidden as all
        of it would be."""
        if not of.startswith(text):
            return self.text(text)
        begun = [end for start, end, _ in finding.spans(of, self.kinds) if start < len(text)]
        return self.text(of[: max(len(text), *begun)]) if begun else text

    def all(self, value: Any) -> Any:
        """JSON with every text in it masked; a number that is long enough to be one of a card is a text."""
        if not self.kinds:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.all(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.all(item) for item in self._apart(value)]
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**6:
            masked = self.text(str(value))
            return value if masked == str(value) else masked
        return value

    def _apart(self, items: list) -> list:
        """A list without what goes over several of its texts, as over words with their times."""
        texts = [item for item in items if isinstance(item, str)]
        if len(texts) == len(items):
            return self._over(texts)
        rows = [item for item in items if isinstance(item, dict)]
        if len(rows) < len(items):
            return items
        names = [name for name in rows[0] if all(isinstance(row.get(name), str) for row in rows)]
        columns = {name: self._over([row[name] for row in rows]) for name in names}
        return [row | {name: columns[name][n] for name in names} for n, row in enumerate(rows)]

    def _over(self, texts: list[str]) -> list[str]:
        """Texts that follow each other, with the reason where something hidden begins and nothing behind."""
        hidden, shown, at = finding.spans(" ".join(texts), self.kinds), [], 0
        for text in texts:
            pieces, done, end = [], at, at + len(text)
            for first, last, kind in hidden:
                if first < end and done < last:
                    begins = first >= at
                    pieces += [text[done - at : max(first, done) - at], locked(kind) if begins else ""]
                    done = min(last, end)
            shown.append("".join([*pieces, text[done - at :]]))
            at = end + 1
        return shown


NOTHING = Mask()
_KEPT_S = 5.0  # how old what a workspace has chosen may be
_kept: dict[UUID, tuple[float, dict[str, str], bool]] = {}
_MOST_KEPT = 1_000
# Of whoever is answered now. What is shown by code that knows nothing of requests asks here.
_asking: ContextVar[Callable[[], Mask]] = ContextVar("mask", default=lambda: NOTHING)


def mask() -> Mask:
    """What is hidden from whoever is answered now; nothing where nobody is."""
    return _asking.get()()


@contextmanager
def through(chosen: Callable[[], Mask]) -> Iterator[None]:
    """Whatever is shown meanwhile is masked so. Asked for only if there are words to show."""
    token = _asking.set(chosen)
    try:
        yield
    finally:
        _asking.reset(token)


def shown(text: str) -> str:
    """A text as whoever is answered now sees it."""
    return mask().text(text)


def turns(rows: Iterable[Turn], hidden: Mask | None = None) -> list[Turn]:
    """Turns as they are shown: not to be saved. One with something hidden came whole, as its pieces would
    tell it; columns that were not read are left so."""
    hidden = mask() if hidden is None else hidden
    return [_turn(row, hidden) for row in rows] if hidden else list(rows)


def _turn(turn: Turn, hidden: Mask) -> Turn:
    left_out = turn.get_deferred_fields()
    text = hidden.text(turn.text)
    if text != turn.text or (turn.heard and hidden.text(turn.heard) != turn.heard):
        turn.text, turn.heard = text, turn.heard and hidden.beginning(turn.heard, turn.text)
        if "stream" not in left_out:
            turn.stream = []
        if "words" not in left_out:
            turn.words = words(hidden, turn.words)
    turn.tool_arguments = hidden.all(turn.tool_arguments)
    return turn


def roles(workspace_id: UUID) -> dict[str, str]:
    """The lowest role that sees each kind."""
    return _chosen(workspace_id)[0]


def is_live(workspace_id: UUID) -> bool:
    """Whether it is hidden while it is spoken, too."""
    return _chosen(workspace_id)[1]


def _chosen(workspace_id: UUID) -> tuple[dict[str, str], bool]:
    """Remembered for some seconds."""
    until, found, live = _kept.get(workspace_id, (0.0, {}, False))
    if time.monotonic() < until:
        return found, live
    rows = Privacy.objects.for_workspace(workspace_id).values_list("masked", "masked_live")
    kept, live = rows.first() or ({}, False)
    found = _roles(kept)
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    _kept[workspace_id] = time.monotonic() + _KEPT_S, found, live
    return found, live


def _roles(kept: Mapping[str, str]) -> dict[str, str]:
    own = dict.fromkeys(settings.PERSONAL_DETECTORS, USUALLY_OF_OWN)
    usually = dict.fromkeys(KINDS, Role.OPERATOR) | USUALLY | own
    known = {kind: role for kind, role in kept.items() if kind in usually and role in ROLES}
    return {kind: role.value for kind, role in usually.items()} | known


def mask_for(workspace_id: UUID, role: str) -> Mask:
    """What is hidden from a role. One without a rank here sees no words at all."""
    rank = _rank(role)
    return Mask(tuple(kind for kind, least in roles(workspace_id).items() if rank < _rank(least)))


def live_mask_for(workspace_id: UUID, role: str) -> Mask:
    """The same of what is being said: nothing where a workspace has not asked for that."""
    return mask_for(workspace_id, role) if is_live(workspace_id) else NOTHING


def _rank(role: str) -> int:
    return len(PERMISSIONS.get(role, ()))


def change(
    workspace_id: UUID, masked: Mapping[str, str], *, live: bool | None = None, by: UUID | None
) -> None:
    """Have each of these kinds seen from this role on, and `live` while it is spoken, too. Raises Faulty."""
    faults = {kind: "There is no such kind." for kind in masked if kind not in kinds()} | {
        kind: f"It is one of {', '.join(ROLES)}." for kind, role in masked.items() if role not in ROLES
    }
    if faults:
        raise Faulty(faults)
    privacy, _ = Privacy.objects.get_or_create(workspace_id=workspace_id)
    was = (privacy.masked, privacy.masked_live)
    privacy.masked = {**privacy.masked, **masked}
    privacy.masked_live = privacy.masked_live if live is None else live
    if was != (privacy.masked, privacy.masked_live):
        privacy.save(update_fields=["masked", "masked_live"])
        _kept.pop(workspace_id, None)
        detail = {**privacy.masked, "live": privacy.masked_live}
        audit.note("masking.change", workspace=workspace_id, actor=by, detail=detail)


def words(mask: Mask, timed: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Words with their times, [[text, …], …], as they are shown: what is hidden may go over several."""
    if not mask or not timed:
        return [list(word) for word in timed]
    text, starts = "", []
    for word in timed:
        starts.append(len(text))
        text += f"{word[0]} "
    hidden = finding.spans(text, mask.kinds)
    shown, told = [], set[int]()
    for start, word in zip(starts, timed, strict=True):
        end = start + len(word[0])
        over = next((n for n, span in enumerate(hidden) if span[0] < end and start < span[1]), None)
        if over is None:
            shown.append(list(word))
        else:
            reason = "" if over in told else locked(hidden[over][2])
            told.add(over)
            shown.append([reason, *word[1:]])
    return shown
