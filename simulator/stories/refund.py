"""Charged twice: the caller wants one of two payments back."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="refund",
    title="Charged twice",
    agent="Odell",
    summary="The caller was charged twice. The second payment was refunded to their card.",
    sentiment="Positive",
    pools=(
        (
            {"amount": "86.40", "pence": 8640},
            {"amount": "112.75", "pence": 11275},
            {"amount": "64.20", "pence": 6420},
            {"amount": "97.18", "pence": 9718},
            {"amount": "141.03", "pence": 14103},
        ),
        (
            {"day": "the 3rd", "next_day": "the 4th"},
            {"day": "the 9th", "next_day": "the 10th"},
            {"day": "the 16th", "next_day": "the 17th"},
            {"day": "the 1st", "next_day": "the 2nd"},
        ),
    ),
    lines=(
        Line(
            says="Hi, yeah, I think you've taken my payment twice this month.",
            answer="Oh, I'm sorry about that. Let's have a look together. Could you give me your account number?",
        ),
        Line(
            says="Sure, one second, I've got the bill here. It's {account}.",
            before="Thank you, I'm just bringing that up.",
            tools=(
                Use(
                    "account.lookup",
                    {"account_number": "{account_id}"},
                    {
                        "account": "{account_id}",
                        "name": "{name}",
                        "postcode": "{postcode}",
                        "status": "active",
                    },
                    seconds=0.5,
                ),
            ),
            answer="Got it. And just so I know I'm speaking to the right person, could I take your full name and postcode?",
            pause=1.6,
        ),
        Line(
            says="{name}, and it's {postcode}.",
            before="That's lovely, {first}. Let me check the payments.",
            tools=(
                Use(
                    "billing.find_charges",
                    {"account_number": "{account_id}", "days": 30},
                    {
                        "charges": [
                            {
                                "id": "ch_{reference}a",
                                "amount": "£{amount}",
                                "on": "{day}",
                                "by": "direct debit",
                            },
                            {
                                "id": "ch_{reference}b",
                                "amount": "£{amount}",
                                "on": "{next_day}",
                                "by": "card",
                            },
                        ]
                    },
                    seconds=1.2,
                ),
            ),
            answer="Yes, I can see both. Your direct debit of £{amount} went out on {day}, and then there's a card payment for the same amount on {next_day}. It looks as if the card payment shouldn't have been taken at all, because the direct debit had already cleared what you owed, so normally what we would do is",
        ),
        Line(
            says="Sorry, can I stop you there, does that mean I get it back?",
            cuts_in=12.0,
            answer="You do, yes. I can refund the card payment of £{amount} right now. Shall I go ahead?",
        ),
        Line(
            says="Yes please, that would be great.",
            before="Doing that now.",
            tools=(
                Use(
                    "refund.create",
                    {
                        "account_number": "{account_id}",
                        "charge_id": "ch_{reference}b",
                        "amount_pence": "{pence}",
                    },
                    {"refund": "rf_{reference}", "amount": "£{amount}", "arrives_in_days": 3},
                    seconds=1.8,
                ),
            ),
            answer="All done. £{amount} is on its way back to your card, and it should be there within three working days. Your reference is {reference}.",
        ),
        Line(
            says="Okay, let me write that down. {reference}. And will it happen again next month?",
            answer="It shouldn't. The card payment was a one-off, and your direct debit carries on as normal. I've added a note to your account as well, so if anything looks odd, whoever picks up will see what we agreed today.",
            pause=2.4,
        ),
        Line(
            says="Brilliant. That's all I needed, thanks ever so much.",
            answer="You're very welcome, {first}. Enjoy the rest of your day. Bye now.",
        ),
    ),
)
