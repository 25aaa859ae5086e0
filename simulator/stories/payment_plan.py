"""Payment plan: the bill is more than the caller can pay at once."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="payment_plan",
    title="Payment plan",
    agent="Odell",
    summary="The caller could not pay the whole bill. A plan of monthly payments was agreed.",
    sentiment="Positive",
    pools=(
        (
            {"owed": "318.60", "parts": "six", "each": "53.10"},
            {"owed": "274.00", "parts": "five", "each": "54.80"},
            {"owed": "402.48", "parts": "eight", "each": "50.31"},
            {"owed": "229.20", "parts": "four", "each": "57.30"},
        ),
        (
            {"payday": "the 28th"},
            {"payday": "the 25th"},
            {"payday": "the last Friday"},
            {"payday": "the 15th"},
        ),
    ),
    lines=(
        Line(
            says="Hello. Um, I've had my bill through and I'm going to be honest, I can't pay it all in one go.",
            answer="Thank you for telling me, and you've done the right thing by calling. We can nearly always spread it out. May I take your account number?",
            pause=1.1,
        ),
        Line(
            says="It's {account}. The name's {name}.",
            before="Thanks, {first}. Bear with me a moment.",
            tools=(
                Use(
                    "account.lookup",
                    {"account_number": "{account_id}"},
                    {"account": "{account_id}", "name": "{name}", "balance": "£{owed}", "status": "active"},
                    seconds=0.7,
                ),
                Use(
                    "billing.find_charges",
                    {"account_number": "{account_id}", "days": 90},
                    {"charges": [{"id": "ch_{reference}", "amount": "£{owed}", "by": "quarterly bill"}]},
                    seconds=0.9,
                ),
            ),
            answer="So the bill is £{owed}, for the last three months. Nothing is overdue yet, so there are no charges on top. What would feel comfortable for you each month?",
        ),
        Line(
            says="I could do, I don't know, fifty? Maybe fifty-five at a push.",
            answer="That works well. If we split it over {parts} months, it comes to £{each} a month, and there's no interest. Would that be all right?",
            pause=2.2,
        ),
        Line(
            says="Yeah. Yeah, that's a lot better, thank you. Can it go out after I get paid? That's {payday}.",
            answer="Of course. I'll set it for two days after {payday}, so that your money's in first. The first payment is next month, and you'll get a text two days before each one.",
            pause=0.9,
        ),
        Line(
            says="And this doesn't go on my credit file or anything?",
            cuts_in=7.5,
            answer="No, it doesn't. An arrangement like this stays between you and us, as long as the payments go through.",
        ),
        Line(
            says="Okay. That's a weight off, to be honest. I've been putting off this call for a week.",
            answer="A lot of people do, and I'm glad you rang. If a month ever looks difficult, call us before the payment's due, and we'll move it. Your plan's reference is {reference}.",
            pause=1.2,
        ),
        Line(
            says="{reference}. Right, got it. Thank you, you've been really kind.",
            answer="Not at all, {first}. Take care of yourself. Goodbye.",
            then="end_call",
            pause=1.4,
        ),
    ),
)
