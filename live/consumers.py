"""The live streams: who may watch what. How they are told is streaming's business."""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async

from accounts.access import Viewer, still_allowed, viewer_of
from accounts.permissions import Permission
from agents.lookup import Lookup, per_loop
from calls import board, parts
from calls.models import Call
from calls.personal import seeing, watching
from streaming.consumers import Admission, EventStreamConsumer, Refused, Topic
from streaming.log import Entry

MOST_CALLS = 20  # on one connection
NOT_FOUND = "There is no such call."


def in_a_thread(work):
    return database_sync_to_async(work, thread_sensitive=False)


class Hidden(NamedTuple):
    """From somebody: in the record, and in what is being said."""

    ended: seeing.Mask = seeing.NOTHING
    live: seeing.Mask = seeing.NOTHING


class Watcher(NamedTuple):
    """Who watches, and what is hidden from them while they do."""

    viewer: Viewer
    hidden: Hidden

    def may(self, what: Permission) -> bool:
        return self.viewer.may(what)


async def still_so(watchers: Iterable[Watcher]) -> set[Watcher]:
    """Those who may still watch, and from whom the same is hidden. Others come back to what is so now."""
    watchers = set(watchers)
    allowed = await still_allowed({watcher.viewer for watcher in watchers})
    return {
        watcher
        for watcher in watchers
        if watcher.viewer in allowed and await _hidden_from(watcher.viewer) == watcher.hidden
    }


class Stream(EventStreamConsumer):
    async def watcher(self) -> Watcher:
        viewer = await viewer_of(self.scope, _drawn_in(self.scope["query_string"]))
        if viewer is None:
            raise Refused(401, "not_signed_in", "Sign in, or send an API token.")
        if not viewer.may(Permission.SEE_CALLS):
            raise Refused(403, "forbidden", "You may not see calls.")
        return Watcher(viewer, await _hidden_from(viewer))

    def admission(self, watcher: Watcher, topics: list[Topic]) -> Admission:
        person = str(watcher.viewer.token_id or watcher.viewer.user_id)
        return Admission(viewer=watcher, topics=topics, recheck=still_so, person=person)


class CallStream(Stream):
    """One call in full."""

    async def admit(self) -> Admission:
        watcher = await self.watcher()
        calls = await call_topics(watcher, [self.scope["url_route"]["kwargs"]["call_id"]])
        return self.admission(watcher, calls)


class BoardStream(Stream):
    """The workspace's board; `?call=<id>` adds a call in full, each of its parts with that `call`. Parts of
    the board name calls too, and are marked `board` beside them; `board=0` leaves it out."""

    async def admit(self) -> Admission:
        watcher = await self.watcher()
        asked, has_board = _asked(self.scope["query_string"])
        board_topics = [board_topic(watcher, tagged=bool(asked))] if has_board else []
        calls = await call_topics(watcher, asked, tagged=True) if asked else []
        return self.admission(watcher, [*board_topics, *calls])


def board_topic(watcher: Watcher, *, tagged: bool = False) -> Topic:
    words = watcher.may(Permission.SEE_WORDS)
    workspace_id = watcher.viewer.workspace_id
    name = board.topic(workspace_id) if words else board.facts_topic(workspace_id)

    async def record() -> list[Entry]:
        return await in_a_thread(board.entries_on)(workspace_id, words=words)

    masked = watching.through(watcher.hidden.live) if words else None
    return Topic(name, {"board": True} if tagged else {}, snapshot=record, filter=masked)


async def call_topics(watcher: Watcher, call_ids: list[UUID], *, tagged: bool = False) -> list[Topic]:
    """The topics of these calls. Raises Refused: 403 if words may not be seen, 404 if not ours."""
    if not watcher.may(Permission.SEE_WORDS):
        raise Refused(403, "forbidden", "Your role does not show what is said on calls.")
    found = await _calls().get((watcher.viewer.workspace_id, tuple(dict.fromkeys(call_ids))))
    if found is None:
        raise Refused(404, "not_found", NOT_FOUND)
    return [_call_topic(call, tagged, watcher.hidden) for call in found]


async def _hidden_from(viewer: Viewer) -> Hidden:
    return await _masks().get((viewer.workspace_id, viewer.role))  # there always is one


def _masks_for(asked: tuple[UUID, str]) -> Hidden:
    """What is hidden in a workspace from a role."""
    return Hidden(seeing.mask_for(*asked), seeing.live_mask_for(*asked))


def _find(asked: tuple[UUID, tuple[UUID, ...]]) -> list[Call] | None:
    """These calls of this workspace, or None if one of them is not there."""
    workspace_id, call_ids = asked
    found = Call.objects.for_workspace(workspace_id).in_bulk(call_ids)
    return [found[call_id] for call_id in call_ids] if len(found) == len(call_ids) else None


# All who watch the same come back at the same moment. Few are kept: one person can ask for any choice.
_calls = per_loop(lambda: Lookup(_find, seconds=1.0, size=200))


_masks = per_loop(lambda: Lookup(_masks_for, seconds=1.0, size=200))


def _call_topic(call: Call, tagged: bool, hidden: Hidden) -> Topic:
    async def record() -> list[Entry]:
        return await in_a_thread(_record)(call.pk)

    tag = {"call": str(call.pk)} if tagged else {}
    ended = call.closed_at is not None
    masked = watching.through(hidden.ended if ended else hidden.live)
    return Topic(parts.topic(call), tag, snapshot=record, filter=masked, ended=ended)


def _record(call_id: UUID) -> list[Entry]:
    return parts.parts_of(Call.objects.select_related("agent", "version").get(pk=call_id))


def _drawn_in(query: bytes) -> str:
    """The workspace of the page that asks, if it says so. It gives nobody more than they have."""
    try:
        return parse_qs(query.decode("ascii"), max_num_fields=100).get("workspace", [""])[0]
    except ValueError:
        return ""


def _asked(query: bytes) -> tuple[list[UUID], bool]:
    """The calls, and whether the board."""
    try:
        fields = parse_qs(query.decode("ascii"), max_num_fields=100)
        asked = [UUID(name) for name in fields.get("call", [])]
    except ValueError:
        raise Refused(404, "not_found", NOT_FOUND) from None
    if len(asked) > MOST_CALLS:
        raise Refused(400, "too_many_calls", f"One stream carries {MOST_CALLS} calls at most.")
    has_board = fields.get("board") != ["0"]
    if not asked and not has_board:
        raise Refused(400, "nothing_asked", "Neither the board nor a call was asked for.")
    return asked, has_board
