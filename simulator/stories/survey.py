"""A satisfied customer, the day after a repair. The agent is a model of the platform's own."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="survey",
    title="After a repair",
    agent="Vera",
    direction="outbound",
    opening="Hello, this is Vera from Larkfield Energy. You had an engineer round {day}. Could I ask you three short questions about it?",
    summary="The customer was happy with the repair: {score} out of ten, and nothing left to do.",
    sentiment="Positive",
    pools=(
        ({"day": "yesterday"}, {"day": "on Tuesday"}, {"day": "on Friday"}),
        (
            {"job": "the fuse board", "praise": "and he explained what he was doing"},
            {"job": "the meter", "praise": "and she even swept up afterwards"},
            {"job": "that socket in the kitchen", "praise": "and he rang before he came"},
        ),
        ({"score": "nine"}, {"score": "ten"}),
    ),
    lines=(
        Line(
            says="Oh, yes, all right. If it's quick.",
            answer="It's about a minute. First, did the engineer come at the time we'd promised?",
            pause=1.0,
        ),
        Line(
            says="Bang on time. It was about {job}, {praise}.",
            answer="I'm glad to hear that. And is everything working as it should since then?",
            pause=0.8,
        ),
        Line(
            says="Touch wood, yes. No trouble at all.",
            answer="Lovely. Last one: out of ten, how likely is it that you'd recommend us to a friend?",
            pause=0.9,
        ),
        Line(
            says="Hmm. I'd say {score}.",
            before="Thank you, I'm writing that down.",
            tools=(
                Use(
                    "survey.record",
                    {"account_number": "{account_id}", "score": "{score}", "follow_up": False},
                    {"recorded": True, "reference": "{reference}"},
                    seconds=0.7,
                ),
            ),
            answer="That's all I wanted to know. Is there anything you'd like me to pass on to the engineer?",
            pause=1.6,
        ),
        Line(
            says="Just say thank you from me.",
            answer="I certainly will. Thank you for your time, {first}, and goodbye.",
            then="end_call",
            pause=1.1,
        ),
    ),
)
