"""A test of an agent, and a run of it."""

from typing import Any

from agents.drafting import content
from agents.models import Agent, AgentTest, AgentTestRun
from agents.testing import kept, runs

GREETED = {"role": "agent", "text": "Larkfield Energy, how can I help?"}
ASKED = {"role": "caller", "text": "I was charged twice."}
LOOKED = {
    "role": "tool",
    "name": "billing.find_charges",
    "arguments": {"account": "A-7"},
    "ok": True,
    "text": "two charges of £42",
}
ANSWERED = {"role": "agent", "text": "I see two charges of £42."}
THANKED = {"role": "caller", "text": "Please refund one."}
TALK = [GREETED, ASKED, LOOKED, ANSWERED, THANKED]
SAYS_REFUND = {"id": "c1", "kind": "contains", "text": "refund", "answers": "any"}


def make_test(agent: Agent, **fields: Any) -> AgentTest:
    whole = {"name": "Duplicate charge", "conversation": TALK, "start": 1, "checks": [SAYS_REFUND]}
    return kept.create(agent, whole | fields, by=None)


def make_run(agent: Agent, *tests: AgentTest) -> AgentTestRun:
    """Of its live version."""
    live = agent.live_version
    return runs.start(agent, content.of(live), tests or list(agent.tests.all()), by=None, version=live)
