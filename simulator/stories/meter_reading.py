"""Meter reading: the caller is moving out and wants a final bill."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="meter_reading",
    title="Moving out, final reading",
    agent="Iris",
    summary="The final reading was taken over the phone and the final bill goes to the new address.",
    pools=(
        (
            {"reading": 30457, "wrong": 34057},
            {"reading": 58120, "wrong": 51820},
            {"reading": 27693, "wrong": 26793},
        ),
        ({"moving": "Saturday"}, {"moving": "Friday"}, {"moving": "the end of the month"}),
        ({"new_place": "Alder Court"}, {"new_place": "Weaver Street"}, {"new_place": "Linden Terrace"}),
    ),
    lines=(
        Line(
            says="Hello, I'm moving out on {moving}, and I need to sort out a last bill.",
            answer="No problem, I can do that with you now. Do you have your account number there?",
        ),
        Line(
            says="I do, yeah. {account}. {name}.",
            before="Thank you, {first}.",
            tools=(
                Use(
                    "account.lookup",
                    {"account_number": "{account_id}"},
                    {
                        "account": "{account_id}",
                        "name": "{name}",
                        "meters": ["electricity"],
                        "status": "active",
                    },
                    seconds=0.5,
                ),
            ),
            answer="There you are. You've one electricity meter with us. What does it say today? Just the numbers before the point.",
            pause=1.2,
        ),
        Line(
            says="It's {wrong}. No, sorry, I've read that wrong.",
            answer="Take your time. It can be hard to see in there.",
            pause=3.5,
        ),
        Line(
            says="{reading}. Definitely.",
            cuts_in=1.7,
            before="{reading}. Let me put that in.",
            tools=(
                Use(
                    "meter.submit",
                    {"account_number": "{account_id}", "reading": "{reading}", "fuel": "electricity"},
                    {"accepted": True, "receipt": "mr_{reference}", "plausible": True},
                    seconds=0.9,
                ),
            ),
            answer="That's gone in, and it fits with what you've used before. On {moving} send us one more photo of the meter, if you can. Where should the final bill go?",
        ),
        Line(
            says="To the new place, please. Flat 3, {new_place}.",
            answer="Flat 3, {new_place}. You'll have the bill within ten days of moving out, and if you're in credit we'll send that back on its own. You don't need to ask.",
            pause=0.9,
        ),
        Line(
            says="And do I have to tell the new people anything?",
            answer="No. We write to the address to welcome whoever moves in. Would you like to stay with us at {new_place}?",
            pause=0.7,
        ),
        Line(
            says="The bills are included there, so no, not this time.",
            answer="That makes it simple. Then everything's done from your side. Your receipt is {reference}. Good luck with the move, {first}.",
            pause=1.1,
        ),
        Line(
            says="Cheers. Bye.",
            answer="Bye for now.",
            then="end_call",
            pause=0.5,
        ),
    ),
)
