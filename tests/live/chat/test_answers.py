"""`POST /api/chat`: what is asked, answered, shown and kept."""

from calls.models import Call, Turn
from tests.agents.vendors import Say, Stop, Wait


async def turns() -> list[Turn]:
    return [turn async for turn in Turn.objects.order_by("n")]


async def test_it_answers_word_by_word_and_keeps_what_was_streamed(chatter, model):
    told = await chatter.ask("Why is my bill so high?", "u1")

    assert told.types == [
        "start",
        "start-step",
        "text-start",
        "text-delta",
        "text-end",
        "finish-step",
        "finish",
    ]
    assert told.done
    question, answer = await turns()
    assert (question.key, question.role, question.text) == ("u1", "caller", "Why is my bill so high?")
    assert (answer.key, answer.text) == (told.key, told.text) == (told.key, "Hello.")
    call = await Call.objects.aget()
    assert (call.channel, call.platform, call.platform_call_id) == ("chat", "chat", "chat-1")
    assert (call.title, call.status) == ("Why is my bill so high?", "live")
    assert told.response.headers["x-conversation-id"] == str(call.pk)


async def test_it_resumes_from_the_beginning_while_it_runs_and_not_after(chatter, model):
    model.plays["m"] = [[Say("One "), Say("two "), Wait(0.3), Say("three."), Stop()]]
    async with chatter.asking() as told:
        await told.read(until=lambda told: "two" in told.text)
        async with chatter.resuming() as again:
            await again.read()
        await told.read()

    assert (again.text, again.key, again.done) == ("One two three.", told.key, True)
    assert again.types == told.types
    async with chatter.resuming() as nothing:
        assert nothing.response.status_code == 204
