"""Wrong number: the caller wanted somebody else."""

from simulator.stories.story import Line, Story

STORY = Story(
    name="wrong_number",
    title="Wrong number",
    agent="Juno",
    summary="A wrong number.",
    successful=False,
    recording="off",
    hangs_up_after=1.6,
    pools=(
        (
            {"place": "the vet's", "what": "my cat's appointment"},
            {"place": "the garage", "what": "my car's service"},
            {"place": "the dentist", "what": "my daughter's check-up"},
            {"place": "the library", "what": "the book I reserved"},
        ),
        ({"when": "on Thursday"}, {"when": "tomorrow"}, {"when": "on Monday morning"}),
    ),
    lines=(
        Line(
            says="Oh, hello, I'm calling about {what} {when}?",
            answer="Hello. I think you may have the wrong number, this is Larkfield Energy, the outages line. Were you trying to reach somebody else?",
        ),
        Line(
            says="Is that not {place}?",
            answer="No, I'm afraid not. We supply electricity and gas.",
            pause=0.9,
        ),
        Line(
            says="But I've rung the number that's on the card. It ends in double four.",
            answer="Ours ends in double zero, so it may be just that last digit. It's easily done.",
            pause=1.8,
        ),
        Line(
            says="Oh yes, I see what I've done. I'm ever so sorry to have bothered you.",
            answer="It's no bother at all. I hope it all goes well {when}.",
            pause=2.2,
        ),
        Line(
            says="Thank you, that's kind. Bye bye.",
            answer="Goodbye now, and have a lovely day.",
            pause=0.5,
        ),
    ),
)
