"""The first workspace: the phone line of an energy supplier that does not exist."""

from dataclasses import dataclass
from typing import Any

from agents.rules.form import ONCE_S
from simulator.tools import CATALOGUE

WORKSPACE = "Larkfield Energy"
ADMIN_EMAIL = "admin@larkfield.example"
ADMIN_NAME = "Larkfield Admin"

HOUSE_RULES = """
How you speak
- This is a phone call. Answer in one to three short sentences, then let the caller talk.
- Say numbers, dates and amounts the way a person would say them. No lists, no markup, no web addresses.
- Use the caller's language. If you were interrupted, do not start again from the beginning.
- If the caller is upset, say so in a few words before you solve anything.

What you may do
- Before you tell anything about an account, look it up and check the full name and the postcode.
- Use a tool rather than guess. If a tool fails, say that it failed and try once more, then offer a colleague.
- Never promise money, dates or an engineer that no tool has confirmed.
- If the caller asks for a person, or you have failed them twice, use handoff.request with a one-line summary.
- If somebody is in danger, or smells gas, tell them to leave the building and call 0800 111 999 first.
- When the caller has all they need, say goodbye and use end_call.
""".strip()


def _flagged(name: str, title: str, **when: Any) -> dict[str, Any]:
    """An escalation rule that flags a call once, as agents/rules/form.py reads it."""
    then = {"do": "alert"}
    return {
        "id": name,
        "name": title,
        "on": True,
        "when": when,
        "only": {},
        "cooldown_s": ONCE_S,
        "then": then,
    }


# When a person has to know.
RULES = (
    _flagged("person", "Asked for a person", trigger="asks_for_person", times=1),
    _flagged("tools", "Same tool failed twice", trigger="tool_failed", tool="same", times=2),
)
# Who reports a power cut may be in danger.
SILENCE = _flagged("silence", "Long silence", trigger="silence", seconds=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPlan:
    name: str
    topic: str
    voice: str
    tier: str
    first_message: str
    job: str
    tools: tuple[str, ...]
    rules: tuple[dict[str, Any], ...] = RULES

    @property
    def prompt(self) -> str:
        return (
            f"You are {self.name}, an agent on the phone line of {WORKSPACE}.\n\n{self.job}\n\n{HOUSE_RULES}"
            "\n\n{{memory}}"
        )


AGENTS = (
    AgentPlan(
        name="Odell",
        topic="Billing",
        voice="11labs-Anthony",
        tier="standard",
        first_message="Hello, you're through to Larkfield Energy billing. This is Odell. How can I help?",
        job=(
            "You look after bills and payments: explaining a charge, finding a payment that was taken twice, "
            "refunding it. Refund only a charge that billing.find_charges shows, and only after the caller "
            "has said yes to the amount. Refunds arrive within three working days."
        ),
        tools=(
            "account.lookup",
            "billing.find_charges",
            "refund.create",
            "meter.submit",
            "handoff.request",
            "end_call",
            "transfer_call",
        ),
    ),
    AgentPlan(
        name="Juno",
        topic="Outages",
        voice="11labs-Dorothy",
        tier="fast",
        first_message="Larkfield Energy power cuts, this is Juno. What's happening where you are?",
        job=(
            "You take power cuts and faults: find out where the caller is, look the postcode up, tell what "
            "is known and when the power should be back, and book an engineer if the fault is in the home. "
            "Ask early whether anybody depends on medical equipment; if so, use handoff.request at once."
        ),
        tools=(
            "outage.lookup",
            "account.lookup",
            "booking.find_slots",
            "booking.create",
            "handoff.request",
            "end_call",
            "transfer_call",
        ),
        rules=(*RULES, SILENCE),
    ),
    AgentPlan(
        name="Iris",
        topic="Moving home",
        voice="cartesia-Willa",
        tier="fast",
        first_message="Hello, Larkfield Energy, Iris speaking. Are you moving in, or moving out?",
        job=(
            "You help people who move: closing an account with a last meter reading, opening one at the new "
            "address, booking a meter appointment. Read a meter reading back before you submit it."
        ),
        tools=(
            "account.lookup",
            "meter.submit",
            "outage.lookup",
            "booking.find_slots",
            "booking.create",
            "handoff.request",
            "end_call",
            "transfer_call",
        ),
    ),
    AgentPlan(
        name="Penn",
        topic="Renewals",
        voice="openai-Alloy",
        tier="premium",
        first_message="Hello, this is Penn from Larkfield Energy about your tariff. Is now a good time?",
        job=(
            "You talk about tariffs that are about to end: what the caller pays now, what the fixed and the "
            "variable tariff would cost them, and when each starts. Do not press: a caller who wants to "
            "think about it, or who is not the account holder, is thanked and let go. A colleague can be "
            "reached at +442079460150."
        ),
        tools=(
            "account.lookup",
            "billing.find_charges",
            "booking.find_slots",
            "booking.create",
            "handoff.request",
            "end_call",
            "transfer_call",
        ),
    ),
)

_TWICE = "Hi, yeah, I think you've taken my payment twice this month."
# What an agent of that name has to pass: a caller's first words after its greeting, and what has to hold.
TESTS = {
    "Odell": (
        ("Asks who is calling", {"kind": "contains", "answers": "any", "text": "account number"}),
        (
            "Is sorry before it asks",
            {"kind": "judged", "question": "The agent says sorry before it asks for the account number."},
        ),
    ),
}


def tests_of(plan: AgentPlan) -> list[dict[str, Any]]:
    """As agents/testing/kept.py takes them."""
    said = [{"role": "agent", "text": plan.first_message}, {"role": "caller", "text": _TWICE}]
    return [
        {"name": name, "conversation": said, "start": 1, "checks": [{"id": "c1"} | check]}
        for name, check in TESTS.get(plan.name, ())
    ]


# What calls are asked once they are over. By agent: key, name, kind, question, choices.
FIELDS = {
    "Odell": (
        (
            "amount",
            "Amount",
            "number",
            "How much was the payment that the caller calls about, in pounds?",
            [],
        ),
        ("paid_by", "Paid by", "choice", "How was it paid?", ["Direct debit", "Card"]),
        ("refunded", "Refunded", "boolean", "Does the agent refund a payment?", []),
    ),
    "Juno": (("postcode", "Postcode", "text", "What is the postcode of the house without power?", []),),
}
TOPICS = {
    "Billing": "Bills, payments, charges and refunds.",
    "Power cuts": "Outages: houses without electricity.",
    "Moving home": "A new address, moving in or out.",
    "Renewals": "Tariffs and contracts that end or are renewed.",
}
SCORECARD = "Call quality"
CHECKS = (
    {"question": "The agent says sorry.", "weight": 1},
    {"question": "The agent asks for the account number.", "weight": 2},
    {"question": "The agent gives a reference.", "weight": 2},
    {"question": "The agent never raises its voice.", "weight": 1, "is_critical": True},
)
SAMPLE_PERCENT, PASS_MARK = 50, 50

# name: topic. The platform's own model answers their calls; what they are told is kept there, not with us.
HOSTED_AGENTS = {"Vera": "Feedback"}

# name: (description, JSON Schema). The tools are services of the company, played by the simulator.
TOOLS = CATALOGUE
