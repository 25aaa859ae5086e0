"""Booking: an engineer's visit to fit a smart meter in a new home."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="booking",
    title="Booking an appointment",
    agent="Iris",
    summary="A smart meter visit was booked for the slot the caller wanted.",
    sentiment="Positive",
    pools=(
        (
            {
                "first_slot": "Tuesday between 8 and 12",
                "slot": "Thursday between 12 and 4",
                "day": "Thursday",
            },
            {
                "first_slot": "Monday between 8 and 12",
                "slot": "Wednesday between 12 and 4",
                "day": "Wednesday",
            },
            {"first_slot": "Wednesday between 8 and 12", "slot": "Friday between 12 and 4", "day": "Friday"},
        ),
        ({"job": "I work mornings"}, {"job": "I do the school run"}, {"job": "I'm on nights that week"}),
    ),
    lines=(
        Line(
            says="Hi, we've just moved in, and I'd like to get one of those smart meters fitted.",
            answer="Congratulations on the new place. Fitting one is free, and it takes about an hour. What's the postcode there?",
        ),
        Line(
            says="{postcode}. It's a ground-floor flat.",
            before="Let me see when an engineer is near you.",
            tools=(
                Use(
                    "booking.find_slots",
                    {"postcode": "{postcode}", "purpose": "smart_meter", "week": "next"},
                    {
                        "slots": [
                            {"id": "sl_{reference}a", "when": "{first_slot}"},
                            {"id": "sl_{reference}b", "when": "{slot}"},
                        ]
                    },
                    seconds=1.7,
                ),
            ),
            answer="There are two next week. {first_slot}, or {slot}. Would either of those suit you?",
            pause=0.8,
        ),
        Line(
            says="The first one's no good, {job}.",
            answer="Then how about {slot}? I can hold it for you while you check.",
            pause=1.4,
        ),
        Line(
            says="Wait, let me check with my partner.",
            adds_on=0.15,
            answer="Of course, go ahead. I'll hold {slot} for you.",
            reminder="I'm still holding that slot for you, there's no hurry.",
        ),
        Line(
            says="Yeah, {day} afternoon's fine, somebody will be in.",
            quiet=13.0,
            answer="Perfect. Which name should the engineer ask for, and could I take your account number?",
        ),
        Line(
            says="{name}. And the account number is, hang on, {account}.",
            before="Thanks, {first}. Booking that in.",
            tools=(
                Use(
                    "booking.create",
                    {
                        "slot_id": "sl_{reference}b",
                        "account_number": "{account_id}",
                        "note": "Ground-floor flat, ask for {name}.",
                    },
                    {"booking": "bk_{reference}", "when": "{slot}", "confirmed": True},
                    seconds=1.0,
                ),
            ),
            answer="That's booked for {slot}. Your reference is {reference}, and you'll get a text the day before and another when the engineer is on the way.",
            pause=0.9,
        ),
        Line(
            says="Great. Do I need to do anything before they come?",
            answer="Only make sure there's about half a metre of space around the meter. The power goes off for twenty minutes or so while they swap it, so save anything you're working on.",
            pause=0.8,
        ),
        Line(
            says="Got it. Thanks, that was easy.",
            answer="You're welcome, {first}. Enjoy the new home. Bye.",
        ),
    ),
)
