"""Power cut: the whole street is dark."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="power_cut",
    title="Power cut",
    agent="Juno",
    summary="A known power cut. The caller was told when power returns and will get text updates.",
    pools=(
        (
            {"back": "half past eight", "homes": 214, "cause": "a damaged cable", "where": "Mill Lane"},
            {"back": "quarter to ten", "homes": 86, "cause": "a substation fault", "where": "Abbey Road"},
            {"back": "seven o'clock", "homes": 340, "cause": "a tree on the line", "where": "Station Road"},
        ),
        ({"neighbour": "across the road"}, {"neighbour": "next door"}, {"neighbour": "upstairs"}),
    ),
    lines=(
        Line(
            says="Hiya, my power's just gone off. The people {neighbour} are out as well.",
            answer="Thanks for letting us know. Is everybody safe, and can you see any wires down or smell burning?",
            pause=0.4,
        ),
        Line(
            says="No, no, nothing like that. It just all went dark about ten minutes ago.",
            answer="Good. What's your postcode? Then I can see whether it's one we know about.",
            pause=0.6,
        ),
        Line(
            says="It's {postcode}, on {where}.",
            before="Checking that for you.",
            tools=(
                Use(
                    "outage.lookup",
                    {"postcode": "{postcode}"},
                    {
                        "outage": "ou_{reference}",
                        "cause": "{cause}",
                        "homes": "{homes}",
                        "where": "{where}",
                        "expected_back": "{back}",
                    },
                    seconds=1.5,
                ),
            ),
            answer="Yes, we know about this one. It's {cause} near {where}, and about {homes} homes are off. An engineer is on site, and we expect you to be back on by {back}.",
        ),
        Line(
            says="Right. It's just that I've got my dad here, and he's on an oxygen machine. It's got a battery, but I don't know how long it'll last.",
            answer="I understand, and thank you for telling me. If the battery gets low or you're worried about him at all, ring 999 straight away, don't wait for us. Does the machine show how much charge is left?",
            pause=0.7,
        ),
        Line(
            says="It says about four hours.",
            before="That should carry you past {back}, but I don't want to rely on that. Let me flag it.",
            tools=(
                Use(
                    "handoff.request",
                    {
                        "reason": "medical_equipment",
                        "summary": "Oxygen concentrator at {postcode}, battery for about four hours. Please call back.",
                        "team": "priority services",
                    },
                    {"queued": True, "call_back_within_minutes": 20},
                    seconds=0.6,
                ),
            ),
            answer="I've told our priority team. Somebody will ring you within twenty minutes, and if the repair runs late they can bring you a generator.",
            pause=2.6,
        ),
        Line(
            says="Oh, that's brilliant. Yes please.",
            answer="I'll text you as well, every time the engineers update us. Is this the best number for you?",
        ),
        Line(
            says="Yeah, this one's fine.",
            answer="Then you're all set. Keep the fridge shut, leave one light switched on so you can see when it's back, and do call us if anything changes.",
        ),
        Line(
            says="Will do. Thanks for your help.",
            answer="You're welcome. Look after yourselves. Bye.",
        ),
    ),
)
