"""A chat as a collector of traces sees it: one trace, that of the program that asked."""

import asyncio

from tests.agents.vendors import Counts, Say, Stop
from tests.collector import collecting, recording

GIVEN, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


async def test_an_answer_belongs_to_the_trace_of_whoever_asked(chatter, model):
    model.plays["m"] = [[*[Say("word ")] * 200, Stop(), Counts(fresh=12, out=200)]]
    chatter.client.headers["traceparent"] = f"00-{GIVEN}-{SPAN}-01"
    with collecting() as collector, recording(collector):
        answer = await chatter.ask("Is the power out?")
        # Its request is over a moment after it has been read.
        await asyncio.to_thread(collector.wait_for, "POST /api/chat")

    request, reply, attempt = map(collector.one, ("POST /api/chat", "invoke_agent Odell", "chat m"))
    assert (request.trace_id, request.parent) == (GIVEN, SPAN)
    assert (reply.parent, attempt.parent) == (request.id, reply.id)
    assert answer.response.headers["x-trace-id"] == GIVEN
    assert attempt.attributes["earshot.feature"] == "chat"
    assert attempt.attributes["gen_ai.usage.output_tokens"] == 200
    assert len(reply.events) + len(attempt.events) < 10  # however many tokens there are
    assert b"power" not in b"".join(span.words for span in collector.spans)
