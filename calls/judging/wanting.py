"""What is wanted of a call: which fields and topics, and by which scorecards it is judged."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from calls.models import Call, CustomField, Scorecard, Topic


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one request to a model asks of a call."""

    judgement: bool = False  # summary, mood and success
    fields: tuple[CustomField, ...] = ()
    topics: tuple[Topic, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.judgement or self.fields or self.topics)


def wanted_of(call: Call, *, judgement: bool = False, fields: bool = True, topics: bool = True) -> Wanted:
    """What is defined for a call; with a part left out, all but that."""
    rows = CustomField.objects.for_workspace(call.workspace_id).filter(agent=call.agent_id, is_active=True)
    names = Topic.objects.for_workspace(call.workspace_id).filter(is_active=True)
    return Wanted(judgement, tuple(rows) if fields else (), tuple(names) if topics else ())


def scorecards_of(call: Call) -> list[Scorecard]:
    """Those by which calls like this are judged, the agent's own first."""
    rows = Scorecard.objects.for_workspace(call.workspace_id).filter(is_active=True)
    ours = rows.filter(Q(agent=None) | Q(agent=call.agent_id))
    return sorted(ours, key=lambda one: (one.agent_id is None, one.created_at))


def is_sampled(call_id: UUID, scorecard: Scorecard) -> bool:
    """Whether a call that ends is judged by it: drawn by the call's id, so always the same. With a larger
    share there are more of them, and those of before are among them."""
    return int.from_bytes(sha256(call_id.bytes).digest()[:4]) % 100 < scorecard.sample_percent


def something_is_wanted() -> Q:
    """For queries of calls: those of which anything beside summary, mood and success is asked."""
    here = {"workspace": OuterRef("workspace"), "is_active": True}
    cards = Scorecard.objects.filter(Q(agent=None) | Q(agent=OuterRef("agent")), **here)
    return (
        Q(Exists(CustomField.objects.filter(agent=OuterRef("agent"), **here)))
        | Q(Exists(Topic.objects.filter(**here)))
        | Q(Exists(cards.filter(sample_percent__gt=0)))
    )
