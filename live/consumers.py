"""The live streams: who may watch what. How they are told is streaming's business."""

from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async

from accounts.access import Viewer, still_allowed, viewer_of
from accounts.permissions import Permission
from agents.lookup import Lookup, per_loop
from calls import board, parts
from calls.models import Call
from calls.personal import seeing
from streaming.consumers import Admission, EventStreamConsumer, Refused, Topic
from streaming.log import Entry

MOST_CALLS = 20  # on one connection
NOT_FOUND = "There is no such call."


def in_a_thread(work):
    return database_sync_to_async(work, thread_sensitive=False)


class Stream(EventStreamConsumer):
    async def viewer(self) -> Viewer:
        viewer = await viewer_of(self.scope, _drawn_in(self.scope["query_string"]))
        if viewer is None:
            raise Refused(401, "not_signed_in", "Sign in, or send an API token.")
        if not viewer.may(Permission.SEE_CALLS):
            raise Refused(403, "forbidden", "You may not see calls.")
        return viewer

    def admission(self, viewer: Viewer, topics: list[Topic]) -> Admission:
        person = str(viewer.token_id or viewer.user_id)
        return Admission(viewer=viewer, topics=topics, recheck=still_allowed, person=person)


class CallStream(Stream):
    """One call in full."""

    async def admit(self) -> Admission:
        viewer = await self.viewer()
        calls = await call_topics(viewer, [self.scope["url_route"]["kwargs"]["call_id"]])
        return self.admission(viewer, calls)


class BoardStream(Stream):
    """The workspace's board; `?call=<id>` adds a call in full, each of its parts with that `call`. Parts of
    the board name calls too, and are marked `board` beside them; `board=0` leaves it out."""

    async def admit(self) -> Admission:
        viewer = await self.viewer()
        asked, has_board = _asked(self.scope["query_string"])
        board_topics = [board_topic(viewer, tagged=bool(asked))] if has_board else []
        calls = await call_topics(viewer, asked, tagged=True) if asked else []
        return self.admission(viewer, [*board_topics, *calls])


def board_topic(viewer: Viewer, *, tagged: bool = False) -> Topic:
    words = viewer.may(Permission.SEE_WORDS)
    workspace_id = viewer.workspace_id
    name = board.topic(workspace_id) if words else board.facts_topic(workspace_id)

    async def record() -> list[Entry]:
        return await in_a_thread(board.entries_on)(workspace_id, words=words)

    return Topic(name, {"board": True} if tagged else {}, snapshot=record)


async def call_topics(viewer: Viewer, call_ids: list[UUID], *, tagged: bool = False) -> list[Topic]:
    """The topics of these calls. Raises Refused: 403 if words may not be seen, 404 if not ours."""
    if not viewer.may(Permission.SEE_WORDS):
        raise Refused(403, "forbidden", "Your role does not show what is said on calls.")
    found = await _calls().get((viewer.workspace_id, tuple(dict.fromkeys(call_ids))))
    if found is None:
        raise Refused(404, "not_found", NOT_FOUND)
    hidden = await in_a_thread(seeing.mask_for)(viewer.workspace_id, viewer.role)
    return [_call_topic(call, tagged, hidden) for call in found]


def _find(asked: tuple[UUID, tuple[UUID, ...]]) -> list[Call] | None:
    """These calls of this workspace, or None if one of them is not there."""
    workspace_id, call_ids = asked
    found = Call.objects.for_workspace(workspace_id).in_bulk(call_ids)
    return [found[call_id] for call_id in call_ids] if len(found) == len(call_ids) else None


# All who watch the same come back at the same moment. Few are kept: one person can ask for any choice.
_calls = per_loop(lambda: Lookup(_find, seconds=1.0, size=200))


def _call_topic(call: Call, tagged: bool, hidden: seeing.Mask) -> Topic:
    """A call that goes on is told as it is spoken; of one that has ended, what is hidden from somebody they
    are told masked, from the record: nobody writes to a topic of that name."""

    async def record() -> list[Entry]:
        return await in_a_thread(_record)(call.pk, hidden)

    tag = {"call": str(call.pk)} if tagged else {}
    ended = call.closed_at is not None
    name = parts.topic(call)
    if ended and hidden:
        name = f"{name}:without:{','.join(hidden.kinds)}"
    return Topic(name, tag, snapshot=record, ended=ended)


def _record(call_id: UUID, hidden: seeing.Mask) -> list[Entry]:
    call = Call.objects.select_related("agent", "version").get(pk=call_id)
    return parts.parts_of(call, seeing.turns(call.turns.defer("stream", "words"), hidden))


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
