"""Tool failure: the refund cannot be made just now, and the agent says so."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="refund_fails",
    title="Refund fails",
    agent="Odell",
    summary="A deposit was due back. The payment system was down, so a colleague will make the refund by hand.",
    successful=False,
    recording="lost",
    pools=(
        (
            {"amount": "75.00", "pence": 7500},
            {"amount": "120.00", "pence": 12000},
            {"amount": "90.00", "pence": 9000},
        ),
        ({"months": "twelve"}, {"months": "eighteen"}, {"months": "twenty-four"}),
    ),
    lines=(
        Line(
            says="Hi there. When I joined you took a deposit off me, and the letter said I'd get it back after {months} months.",
            answer="That's right, the security deposit comes back once you've paid on time for {months} months. Could I have your account number, please?",
        ),
        Line(
            says="Yep, {account}.",
            before="Thanks. Let me have a look.",
            tools=(
                Use(
                    "account.lookup",
                    {"account_number": "{account_id}"},
                    {
                        "account": "{account_id}",
                        "name": "{name}",
                        "deposit": "£{amount}",
                        "paid_on_time": True,
                    },
                    seconds=0.6,
                ),
                Use(
                    "billing.find_charges",
                    {"account_number": "{account_id}", "days": 730},
                    {"charges": [{"id": "ch_{reference}", "amount": "£{amount}", "by": "security deposit"}]},
                    seconds=1.0,
                ),
            ),
            answer="You're quite right, {first}. Every payment has been on time, and £{amount} is due back to you. I can send that to your bank account today, if you like.",
            pause=1.0,
        ),
        Line(
            says="Yes please, that'd be perfect timing actually.",
            before="Lovely. One moment while I put it through.",
            tools=(
                Use(
                    "refund.create",
                    {
                        "account_number": "{account_id}",
                        "charge_id": "ch_{reference}",
                        "amount_pence": "{pence}",
                    },
                    {"error": "The payment provider did not answer."},
                    status=502,
                    seconds=2.0,
                ),
            ),
            answer="I'm sorry, the payment system isn't answering at the moment, so the refund hasn't gone through. Nothing has been lost, and nothing has left your account.",
        ),
        Line(
            says="Oh. Okay. So what happens now, do I have to ring back?",
            before="No, you don't. I'll pass it to a colleague who can do it by hand.",
            tools=(
                Use(
                    "handoff.request",
                    {
                        "reason": "refund_failed",
                        "summary": "Deposit of £{amount} on {account_id} is due back, the refund tool failed. Please refund by hand.",
                        "team": "billing",
                    },
                    {"queued": True, "ticket": "{reference}", "due": "tomorrow at noon"},
                    seconds=0.5,
                ),
            ),
            answer="It's with the billing team now. They'll send the £{amount} by noon tomorrow, and you'll get a text when it's gone.",
            pause=1.3,
        ),
        Line(
            says="And if I don't get a text?",
            answer="Then call us, quote {reference}, and you'll go straight to that team. You won't have to explain it again.",
            pause=0.8,
        ),
        Line(
            says="{reference}. Okay. Thanks for being straight with me.",
            answer="Of course. I'm sorry it wasn't done in one go today, {first}. Goodbye.",
            pause=1.5,
        ),
    ),
)
