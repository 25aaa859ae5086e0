"""Tariff question: a fixed price ends soon, what then?"""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="tariff",
    title="Tariff question",
    agent="Penn",
    direction="outbound",
    summary="The customer's fixed price ends soon. The options were explained and sent in writing.",
    pools=(
        (
            {"ends": "the 14th", "usage": "2,900", "fixed": "84", "variable": "91"},
            {"ends": "the 30th", "usage": "3,400", "fixed": "97", "variable": "106"},
            {"ends": "the 21st", "usage": "2,100", "fixed": "66", "variable": "71"},
        ),
        ({"car": "an electric car"}, {"car": "a second-hand electric car"}, {"car": "a plug-in hybrid"}),
    ),
    lines=(
        Line(
            says="Yes, now's fine. I had your letter, it says my fixed price ends on {ends}. What happens if I don't do anything?",
            answer="Good question. If you do nothing on {ends}, you move to our flexible tariff. You're never cut off, and you can leave it at any time, but the price can go up or down every three months.",
        ),
        Line(
            says="And is that dearer than what I'm on now?",
            answer="It depends on what you use. If you give me your account number, I can work it out for your home rather than for an average one.",
            pause=0.6,
        ),
        Line(
            says="Go on then, it's {account}.",
            before="Thanks. Looking at your last twelve months.",
            tools=(
                Use(
                    "account.lookup",
                    {"account_number": "{account_id}"},
                    {
                        "account": "{account_id}",
                        "name": "{name}",
                        "kwh_last_year": "{usage}",
                        "offers": {"fixed_12_months": "£{fixed} a month", "flexible": "£{variable} a month"},
                    },
                    seconds=1.1,
                ),
            ),
            answer="You used about {usage} units. On the flexible tariff that's roughly £{variable} a month at today's prices. If you fix for another year, it's £{fixed} a month, and that won't change.",
            pause=1.3,
        ),
        Line(
            says="Right, so fixing's cheaper. What's the catch?",
            answer="The catch is leaving early. If you switch away before the year is up, there's an exit fee of £40. It doesn't apply if you move home and take us with you, and it doesn't apply in the last seven weeks, which is",
            pause=0.7,
        ),
        Line(
            says="Okay, and we're thinking of getting {car}, does that matter?",
            cuts_in=12.0,
            answer="It does, yes. With {car} you'd probably be better off on a tariff with cheap hours at night. You can change from the fixed one to that without paying the exit fee.",
        ),
        Line(
            says="Oh, that's good to know. Can you send me all that? I'd like to read it properly.",
            answer="Of course. I'll email you both prices and the night tariff, and they're held for you until {ends}. There's nothing you have to decide today.",
            pause=1.1,
        ),
        Line(
            says="Lovely. I appreciate you not pushing me.",
            answer="It's your decision, and it's worth reading twice. Call us back if anything's unclear. Goodbye, {first}.",
            pause=0.9,
        ),
    ),
)
