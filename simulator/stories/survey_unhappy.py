"""The repair did not hold, and the customer has little patience. The agent is a model of the platform's own."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="survey_unhappy",
    title="After a repair that failed",
    agent="Vera",
    direction="outbound",
    opening="Hello, this is Vera from Larkfield Energy. You had an engineer round {day}. Could I ask you three short questions about it?",
    summary="The repair did not hold: {fault}. A call from the repairs team was promised for {callback}.",
    sentiment="Negative",
    successful=False,
    hangs_up_after=2.5,
    pools=(
        ({"day": "yesterday"}, {"day": "on Monday"}, {"day": "last week"}),
        (
            {"fault": "the heating went off again the same night"},
            {"fault": "the fuse has blown twice since"},
            {"fault": "the display has gone blank again"},
        ),
        ({"callback": "this afternoon"}, {"callback": "tomorrow morning"}),
    ),
    lines=(
        Line(
            says="You can, but you won't like the answers.",
            answer="Then they're the ones we need most. Did the engineer come when we said, or did you have to",
            pause=0.6,
        ),
        Line(
            says="He came. He went. And {fault}.",
            cuts_in=3.2,
            answer="I'm sorry. That isn't what should happen after a repair. Have you already told anybody about it?",
        ),
        Line(
            says="I've been on hold for forty minutes, so no, I haven't.",
            before="Then let me do that for you now.",
            tools=(
                Use(
                    "survey.record",
                    {"account_number": "{account_id}", "score": "none", "follow_up": True},
                    {"recorded": True, "reference": "{reference}", "callback": "{callback}"},
                    seconds=1.4,
                ),
            ),
            answer="I've passed it to the repairs team with a note that it's urgent. They'll ring you {callback}, so you won't have to wait in a queue again.",
            pause=0.7,
        ),
        Line(
            says="Right. And do I have to pay for a second visit?",
            answer="No. A repair that doesn't hold is put right at our cost. Your reference is {reference}.",
            pause=1.0,
        ),
        Line(
            says="Fine. I'll believe it when I see it.",
            answer="I understand. I'll leave the other questions for today, and I'm sorry for the trouble. Goodbye.",
            pause=1.3,
        ),
    ),
)
