"""Long silence: the caller goes to look at the fuse box and leaves the phone on the table."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="silence",
    title="Goes to check the fuse box",
    agent="Juno",
    summary="Half the house had no power. The caller found a tripped switch, and it is back on.",
    sentiment="Positive",
    pools=(
        (
            {"dead": "the kitchen and the hall"},
            {"dead": "everything upstairs"},
            {"dead": "the back of the house"},
        ),
        ({"culprit": "kettle"}, {"culprit": "toaster"}, {"culprit": "old heater"}),
    ),
    lines=(
        Line(
            says="Oh, hello. I've lost the electric in {dead}, but the rest of the house is on.",
            answer="Hello. If only part of the house is off, it's often a switch in your fuse box. But let me rule out a fault on our side first. What's your postcode?",
        ),
        Line(
            says="{postcode}.",
            before="One moment.",
            tools=(
                Use(
                    "outage.lookup",
                    {"postcode": "{postcode}"},
                    {"outage": None, "checked": "{postcode}"},
                    seconds=0.9,
                ),
            ),
            answer="There's nothing wrong in your area, so it's most likely a tripped switch. Do you know where your fuse box is?",
        ),
        Line(
            says="Yes, under the stairs. I'll go and have a look. I'll just put you down on the side.",
            answer="Of course, take your time. Look for a switch that points down when the others point up. I'll wait here.",
            reminder="I'm still here, no rush at all. Give me a shout when you're back.",
            pause=1.0,
        ),
        Line(
            says="Hello? Sorry about that, I had to move the hoover. Yes, there is one that's down.",
            quiet=24.0,
            answer="No need to be sorry. Make sure your hands are dry, push that switch right down first, and then up until it clicks.",
        ),
        Line(
            says="Down, and up. Oh! It's all come back on.",
            answer="Wonderful. Was anything switched on just before it went?",
            pause=5.0,
        ),
        Line(
            says="I'd only just put the {culprit} on, as it happens.",
            answer="Then I'd leave the {culprit} unplugged for now and get it looked at. If the switch goes again with nothing plugged in, please call an electrician rather than resetting it.",
            pause=1.2,
        ),
        Line(
            says="I will, love. Thank you for waiting all that time.",
            answer="It was no trouble at all. Take care, and goodbye.",
        ),
    ),
)
