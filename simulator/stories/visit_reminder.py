"""Reminds of a visit and finds another time. The agent is a model of the platform's own."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="visit_reminder",
    title="Reminder of a visit",
    agent="Nell",
    direction="outbound",
    opening="Good afternoon, it's Nell from Larkfield Energy with a reminder: our engineer is booked for {day} between {window}. Does that still suit you?",
    summary="The visit {day} was moved to {other_day} at the customer's wish.",
    pools=(
        (
            {"day": "Wednesday", "other_day": "Friday"},
            {"day": "Thursday", "other_day": "Monday"},
            {"day": "Tuesday", "other_day": "Thursday"},
        ),
        ({"window": "eight and ten"}, {"window": "noon and two"}, {"window": "two and four"}),
        (
            {"why": "I've been called in to work"},
            {"why": "my daughter's off school"},
            {"why": "we'll be away until the evening"},
        ),
    ),
    lines=(
        Line(
            says="Ah, {day}. No, that's no good any more, {why}.",
            answer="No problem at all, thanks for telling me. Would another day this week be easier?",
            pause=1.1,
        ),
        Line(
            says="What about {other_day}? Same sort of time.",
            before="Let me see what's free.",
            tools=(
                Use(
                    "visit.move",
                    {"account_number": "{account_id}", "to": "{other_day}", "window": "{window}"},
                    {"moved": True, "reference": "{reference}"},
                    seconds=1.2,
                ),
            ),
            answer="I can offer you {other_day}, again between {window}. I've put you down for it.",
            pause=1.4,
        ),
        Line(
            says="Perfect. Do I need to clear anything out of the way?",
            answer="Only a metre or so in front of the meter, so that the engineer can get at it. And somebody over eighteen should be in.",
            pause=0.8,
        ),
        Line(
            says="That'll be me. Will I get a message about it?",
            answer="You will, this evening, and another one when the engineer sets off. Your reference is {reference}.",
            pause=0.9,
        ),
        Line(
            says="Great, thank you very much. Bye.",
            answer="Thank you, {first}. Goodbye.",
            then="end_call",
            pause=0.7,
        ),
    ),
)
