"""Renewal: the agent rings the customer, as was agreed."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="renewal",
    title="Renewal call-back",
    agent="Penn",
    direction="outbound",
    summary="A call-back that was asked for: the customer renewed for two years.",
    sentiment="Positive",
    pools=(
        (
            {"price": "78", "old_price": "82", "term": "two years"},
            {"price": "91", "old_price": "96", "term": "two years"},
            {"price": "64", "old_price": "69", "term": "two years"},
        ),
        (
            {"busy": "I'm just parking the car"},
            {"busy": "I've got my hands full"},
            {"busy": "I'm on a ladder"},
        ),
    ),
    lines=(
        Line(
            says="Hello? Yes, speaking. Is this about the renewal? I asked for a call back.",
            answer="That's right, and thank you for the time. You wanted to hear our two-year price before deciding. Is now a good moment?",
            pause=0.8,
        ),
        Line(
            says="Can you give me ten seconds? {busy}.",
            answer="Of course, take all the time you need.",
            reminder="I'm still on the line, whenever you're ready.",
        ),
        Line(
            says="Okay, sorry, I'm with you. Go ahead.",
            quiet=12.5,
            answer="Thanks. To make sure I quote for the right home, could you confirm your account number?",
        ),
        Line(
            says="Yes, it's {account}, and I'm {name}.",
            before="Perfect, one second.",
            tools=(
                Use(
                    "account.lookup",
                    {"account_number": "{account_id}"},
                    {
                        "account": "{account_id}",
                        "name": "{name}",
                        "now": "£{old_price} a month",
                        "offers": {"fixed_24_months": "£{price} a month"},
                    },
                    seconds=0.8,
                ),
            ),
            answer="Thank you, {first}. You pay £{old_price} a month now. Fixed for {term}, it would be £{price}. The exit fee is £40 in the first year, and nothing at all in the second.",
            pause=1.0,
        ),
        Line(
            says="That's less than now? I was expecting it to go up.",
            answer="It is, a little. Wholesale prices have come down since you fixed last time, and you're using slightly less as well.",
            pause=1.2,
        ),
        Line(
            says="Well, then let's do it.",
            answer="Lovely. I have to read you one sentence: you agree to a fixed price of £{price} a month for {term}, and you can cancel free of charge within fourteen days. Do you agree?",
            pause=0.6,
        ),
        Line(
            says="Yes, I agree.",
            answer="Thank you, that's recorded. You'll get the contract by email in a few minutes, and the new price starts the day your current one ends. There's nothing else for you to do.",
        ),
        Line(
            says="Great, that was painless. Thanks for ringing back when you said you would.",
            answer="My pleasure, {first}. Have a good day. Goodbye.",
            then="end_call",
            pause=0.7,
        ),
    ),
)
