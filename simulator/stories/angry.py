"""Angry customer: months of wrong bills, and it is the third call."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="angry",
    title="Angry about estimated bills",
    agent="Odell",
    summary="The caller was billed on estimates for months. The bill was recalculated from their own reading.",
    sentiment="Negative",
    pools=(
        (
            {"charged": "264.90", "fair": "148.35", "back": "116.55", "pence": 11655, "reading": 48213},
            {"charged": "301.12", "fair": "187.40", "back": "113.72", "pence": 11372, "reading": 61740},
            {"charged": "239.80", "fair": "130.05", "back": "109.75", "pence": 10975, "reading": 35906},
        ),
        ({"weeks": "six weeks"}, {"weeks": "two months"}, {"weeks": "five weeks"}),
    ),
    lines=(
        Line(
            says="Right, this is the third time I'm calling about this, and every time somebody says it's sorted and it's not.",
            answer="I'm sorry. Three calls for the same thing is three too many. Tell me what's still wrong, and I'll stay with it until",
            pause=0.3,
        ),
        Line(
            says="No, listen. You've charged me £{charged}. For a one-bedroom flat! I was away for half of it!",
            cuts_in=3.6,
            answer="That does sound far too high for a one-bedroom flat. I want to see where that number comes from. What's your account number, please?",
        ),
        Line(
            says="{account}. Same as the last two times.",
            before="Thank you. I'm looking at it now.",
            tools=(
                Use(
                    "account.lookup",
                    {"account_number": "{account_id}"},
                    {
                        "account": "{account_id}",
                        "name": "{name}",
                        "last_reading": "estimated",
                        "open_complaint": True,
                    },
                    seconds=0.6,
                ),
                Use(
                    "billing.find_charges",
                    {"account_number": "{account_id}", "days": 60},
                    {
                        "charges": [
                            {"id": "ch_{reference}", "amount": "£{charged}", "basis": "estimated reading"}
                        ]
                    },
                    seconds=1.4,
                ),
            ),
            answer="I can see it. The last two bills were estimates. You sent us a reading {weeks} ago and nobody applied it. That's our mistake, not yours.",
            pause=0.4,
        ),
        Line(
            says="Well, thank you. Finally. So what are you going to do about it?",
            answer="Two things. First I'd like to put in a reading from today, so that the bill is what you really used. Are you near the meter?",
            pause=0.8,
        ),
        Line(
            says="I'm standing in front of it. It says {reading}.",
            before="Putting that in.",
            tools=(
                Use(
                    "meter.submit",
                    {"account_number": "{account_id}", "reading": "{reading}", "fuel": "electricity"},
                    {"accepted": True, "new_bill": "£{fair}", "difference": "£{back}"},
                    seconds=1.1,
                ),
            ),
            answer="Thank you. With that, the bill comes down from £{charged} to £{fair}. So you've paid £{back} too much. I can send that straight back to you, or keep it as credit on",
            pause=0.5,
        ),
        Line(
            says="Send it back. I don't want credit, I want my money.",
            cuts_in=9.5,
            before="Understood. Sending it back now.",
            tools=(
                Use(
                    "refund.create",
                    {
                        "account_number": "{account_id}",
                        "charge_id": "ch_{reference}",
                        "amount_pence": "{pence}",
                    },
                    {"refund": "rf_{reference}", "amount": "£{back}", "arrives_in_days": 3},
                    seconds=1.6,
                ),
            ),
            answer="It's done. £{back} will be in your account within three working days. And I've switched off estimates, so we'll ask you for a reading every month instead.",
        ),
        Line(
            says="Okay. And if it's not there on Friday, who do I call? Because I'm not explaining this all over again.",
            answer="You won't have to. Quote {reference} and whoever answers will see today's reading and the refund. I've put it at the top of your account.",
            pause=1.0,
        ),
        Line(
            says="Fine. Look, I know it's not your fault. It's just been a nightmare.",
            answer="You had every reason to be cross. I'm sorry it took three calls, and thank you for your patience with this one.",
            pause=1.6,
        ),
        Line(
            says="All right. Thanks. Bye.",
            answer="Goodbye, and take care.",
        ),
    ),
)
