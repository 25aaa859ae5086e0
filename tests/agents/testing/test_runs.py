"""An agent's tests, run."""

from asgiref.sync import sync_to_async

from agents.models import AgentTestResult
from tests.agents.testing.made import make_test
from tests.agents.vendors import Counts, Say, Stop

make = sync_to_async(make_test)


def says(text: str) -> list:
    return [Say(text), Stop(), Counts(fresh=100, out=10)]


async def test_each_answer_is_given_anew_and_looked_at(vendors, add_model, agent, run):
    await add_model("a", retries=0)
    vendors.play("a", *says("I am looking."))
    vendors.play("a", *says("A refund is on its way."))
    test = await make(agent)

    done = await run(test)

    assert done.status == "done"
    assert done.ended_at
    result = await AgentTestResult.objects.aget(run=done)
    assert (result.verdict, result.error) == ("passed", "")
    assert [entry["text"] for entry in result.transcript] == [
        "Larkfield Energy, how can I help?",
        "I was charged twice.",
        "I am looking.",
        "Please refund one.",
        "A refund is on its way.",
    ]
    (check,) = result.checks
    assert (check["ok"], check["reason"], check["at"]) == (True, "Answer 2 says it.", 4)
    assert result.cost_usd > 0
    first, second = vendors.asked("a")
    assert first.body["messages"][0]["content"] == "You are Odell of Larkfield Energy."
    assert [message["role"] for message in second.body["messages"]] == [
        "system", "assistant", "user", "assistant", "user",
    ]  # fmt: skip
