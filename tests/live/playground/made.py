"""A call on a line, with tools: what is gone on from in the playground."""

from asgiref.sync import sync_to_async

from agents.drafting import drafts
from calls import services
from calls.models import Call
from calls.services import Opening
from platforms.events import CallStarted, ToolAnswered, ToolCalled
from tests.calls.told import BEGAN, at, spoken

MAY, JUNE = {"month": "May"}, {"month": "June"}
STREAM = ((3_500, "Let me look."), (5_100, " It is 40."))
TOLD = [
    CallStarted(BEGAN, from_number="+447700900142"),
    spoken("r0", "Larkfield Energy.", 0, 300, n=1),
    spoken("c0", "I was charged twice.", 2_000, 3_400, n=2),
    spoken("r2", "Let me look. It is 40.", 3_500, 5_200, n=3, reply_ms=210, model="sim-fast", stream=STREAM),
    ToolCalled("x4", at(3_900), "bill.lookup", MAY, 3_900, n=4),
    ToolAnswered("x4", at(4_400), True, '{"due": 40}', 4_400),
    ToolCalled("x5", at(4_500), "bill.lookup", JUNE, 4_500, n=5),
    ToolAnswered("x5", at(4_900), False, "No such bill.", 4_900),
    spoken("c1", "And a refund?", 5_900, 6_400, n=6),
    spoken("r3", "I have refunded one of them.", 6_500, 7_300, n=7, heard="I have"),
]


def make_source(agent, told=TOLD, platform="retell") -> Call:
    opening = Opening(BEGAN, level=Call.Level.TOKEN, agent_id=agent.pk, version_id=agent.live_version_id)
    return services.record(agent.workspace_id, platform, "call_1", told, source="socket", opening=opening)


source_of = sync_to_async(make_source)


@sync_to_async
def write(agent, **changes) -> None:
    """Into the agent's draft."""
    drafts.save(agent, changes, 0, None)
