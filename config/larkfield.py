"""The first workspace's agents: a fictional energy supplier's front line, written the way we would for a customer."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPlan:
    name: str
    topic: str
    voice: str
    tier: str
    first_message: str
    job: str
    tools: tuple[str, ...]

    @property
    def prompt(self) -> str:
        return (
            f"You are {self.name}, an agent on the phone line of {WORKSPACE}.\n\n{self.job}\n\n{HOUSE_RULES}"
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
        first_message="Larkfield Energy, this is Juno on the power cut line. What's happening where you are?",
        job=(
            "You take power cuts and faults: find out where the caller is, look the postcode up, tell what is "
            "known and when the power should be back, and book an engineer if the fault is in the home. Ask "
            "early whether anybody depends on medical equipment; if so, use handoff.request at once."
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
            "variable tariff would cost them, and when each starts. Do not press: a caller who wants to think "
            "about it, or who is not the account holder, is thanked and let go."
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlan:
    """A model of the simulator, with made-up prices (USD per million tokens) so that costs can be seen."""

    provider: str
    kind: str
    path: str  # behind the simulator's address
    name: str
    tier: str
    price_in: str
    price_out: str
    price_cached: str


SIMULATED_MODELS = (
    ModelPlan(
        provider="Simulated OpenAI",
        kind="openai",
        path="/openai/v1",
        name="sim-fast",
        tier="fast",
        price_in="0.40",
        price_out="1.60",
        price_cached="0.10",
    ),
    ModelPlan(
        provider="Simulated OpenAI",
        kind="openai",
        path="/openai/v1",
        name="sim-standard",
        tier="standard",
        price_in="2.00",
        price_out="8.00",
        price_cached="0.50",
    ),
    ModelPlan(
        provider="Simulated Anthropic",
        kind="anthropic",
        path="/anthropic",
        name="sim-claude",
        tier="premium",
        price_in="3.00",
        price_out="15.00",
        price_cached="0.30",
    ),
)

# name: (description, JSON Schema). The tools are services of the company, played by the simulator.
TOOLS = CATALOGUE
