"""Charged twice: the caller wants one of two payments back."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="refund",
    title="Charged twice",
    agent="Odell",
    pools=(
        (
            {"amount": "86.40", "pence": 8640},
            {"amount": "112.75", "pence": 11275},
            {"amount": "64.20", "pence": 6420},
            {"amount": "97.18", "pence": 9718},
            {"amount": "141.03", "pence": 14103},
        ),
        (
            {"day": "the third", "next_day": "the fourth"},
            {"day": "the ninth", "next_day": "the tenth"},
            {"day": "the sixteenth", "next_day": "the seventeenth"},
            {"day": "the first", "next_day": "the second"},
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
            answer="Got it. And so I know I'm speaking to the right person, your full name and postcode please?",
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
                                "id": "ch_{reference}",
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
            answer="Yes, I can see both. Your direct debit of £{amount} went out on {day}, and then a card payment "
            "for the same amount on {next_day}. It looks as if the card payment was taken by mistake, because the "
            "direct debit had already cleared your balance, so we would normally",
        ),
        Line(
            says="Sorry, can I stop you there, does that mean I get it back?",
            cuts_in=9.0,
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
            answer="All done. £{amount} is on its way back to your card, and it should be there within three working "
            "days. The reference is {reference}.",
        ),
        Line(
            says="Okay, let me write that down. {reference}. And will it happen again next month?",
            answer="It shouldn't. The card payment was a one-off, and your direct debit carries on as normal. I've "
            "added a note to your account too, so if anything looks odd, whoever picks up will see this.",
            pause=2.4,
        ),
        Line(
            says="Brilliant. That's all I needed, thanks ever so much.",
            answer="You're very welcome, {first}. Have a good rest of your day. Bye now.",
        ),
    ),
    summary="The caller was charged twice. The card payment was refunded.",
    sentiment="Positive",
)
