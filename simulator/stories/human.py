"""Asks for a human: the account holder has died, and a machine is not who should hear it."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="human",
    title="Asks for a person",
    agent="Penn",
    direction="outbound",
    summary="The account holder has died. Their child asked for a person and was handed over with a summary.",
    sentiment="Negative",
    pools=(
        ({"who": "mum", "whose": "her"}, {"who": "dad", "whose": "his"}),
        ({"ago": "three weeks ago"}, {"ago": "last month"}, {"ago": "a fortnight ago"}),
    ),
    lines=(
        Line(
            says="Hello. Am I talking to a person, or is this one of those computer things?",
            answer="I'm Larkfield's automated assistant. I'm calling about the tariff, and I can put you through to a colleague whenever you like.",
            pause=1.0,
        ),
        Line(
            says="I'd rather talk to a person, please. This is my {who}'s number. My {who} died {ago}.",
            answer="I'm so sorry for your loss. Yes, of course. May I ask just one thing first, so that you don't have to tell it all twice?",
            pause=1.2,
        ),
        Line(
            says="All right. What is it?",
            answer="Do you happen to have the account number? If you don't, that's fine, we'll find it.",
            pause=1.6,
        ),
        Line(
            says="I've got a letter here. It's {account}.",
            before="Thank you. I'm asking our bereavement team to take over.",
            tools=(
                Use(
                    "handoff.request",
                    {
                        "reason": "bereavement",
                        "summary": "The account holder of {account_id} died {ago}. We are speaking to their child, who wants a person.",
                        "team": "bereavement",
                    },
                    {"queued": True, "position": 1, "wait_minutes": 2},
                    seconds=0.8,
                ),
            ),
            answer="A colleague will be with you in about two minutes. They can see the account, and they know what has happened. Nothing will be charged and no letters will go out in the meantime.",
            pause=2.4,
        ),
        Line(
            says="Okay. They won't make me go through all the security questions, will they? I don't know {whose} passwords.",
            answer="No, they won't. They only need your name and the date, and they'll do the rest with you, at your pace.",
            pause=1.3,
        ),
        Line(
            says="Thank you. I'll wait, then.",
            answer="I'm connecting you now. Please stay on the line, and take care of yourself.",
            then="transfer_call",
            pause=1.5,
        ),
    ),
)
