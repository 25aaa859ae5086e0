"""The language of filters: what is written is read as what was meant, in an address and typed."""

from datetime import date
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.models import Agent
from calls.filters import NAMES, Filters, days
from calls.models import Topic

IDS = st.uuids().map(str)
TIMES = st.builds("{}{}".format, st.integers(0, 999), st.sampled_from(["", "s", "m", "ms", "h"]))
AMOUNTS = st.decimals("0", "9999", places=2, allow_nan=False).map(str)
DAYS = st.dates(date(1900, 1, 1), date(9999, 12, 30)).map(date.isoformat)
PRINTED = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20)
TAGS = st.text(st.characters(categories=("L", "N"), include_characters=" -_!:<>."), min_size=1, max_size=20)


def compared(one):
    """>1, >=1, <1, <=1, 1 and 1..1 of what `one` makes."""
    signed = st.builds("{}{}".format, st.sampled_from(["", ">", ">=", "<", "<="]), one)
    return signed | one.map(lambda value: f"{value}..{value}")


VALUES = {
    "agent": IDS,
    "version": st.integers(1, 999).map(str),
    "platform": st.sampled_from(["retell", "vapi", "playground"]),
    "channel": st.sampled_from(["phone", "web", "chat"]),
    "when": st.sampled_from(list(days.WHEN)),
    "from": DAYS,
    "to": DAYS,
    "duration": compared(TIMES),
    "status": st.sampled_from(["live", "ended", "failed"]),
    "outcome": st.sampled_from(["completed", "transferred", "failed"]),
    "sentiment": st.sampled_from(["positive", "neutral", "negative"]),
    "tag": TAGS,
    "topic": IDS,
    "escalated": st.sampled_from(["yes", "no"]),
    "cost": compared(AMOUNTS),
    "latency": compared(TIMES),
    "score": compared(st.integers(0, 100).map(str)),
    "caller": st.sampled_from(["+447700900142", "07700 900142", "sip:anna@example.com"]) | PRINTED,
    "review": st.sampled_from(["open", "done"]),
    "field.plan": PRINTED | compared(st.integers(0, 999).map(str)) | compared(DAYS),
}


@st.composite
def addresses(draw) -> str:
    """Any address of a list, with each filter in any of its ways."""
    pairs = []
    for name in draw(st.lists(st.sampled_from(list(VALUES)), max_size=6)):
        several = name not in NAMES or NAMES[name].several
        values = draw(st.lists(VALUES[name], min_size=1, max_size=3 if several else 1))
        negated = "!" if several and draw(st.booleans()) else ""
        quoted = ['"{}"'.format(value.replace('"', '""')) for value in values]
        pairs.append((name, negated + ",".join(quoted if several else values)))
    return urlencode(pairs)


def test_every_filter_is_tried_here():
    assert set(VALUES) - {"field.plan"} == set(NAMES)


@settings(deadline=None, max_examples=60)
@given(addresses())
def test_an_address_comes_back_as_it_was(address):
    filters = Filters.of(QueryDict(address))

    assert Filters.of(QueryDict(filters.query)) == filters
    assert Filters.of(QueryDict(filters.query)).query == filters.query


@pytest.mark.django_db
def test_what_chips_say_can_be_typed(workspace):
    """Two agents are called the same, and one like an id."""
    rows = [
        Agent.objects.create(workspace=workspace, name=name)
        for name in ("Odell", "Nora, the 2nd", "Twin", "twin", 'A "quoted" one')
    ]
    topic = Topic.objects.create(workspace=workspace, name="Bills and refunds")

    @settings(deadline=None, max_examples=25)
    @given(addresses(), st.sets(st.sampled_from([str(row.pk) for row in rows])), st.booleans())
    def holds(address, agents, negated):
        chosen = {"agent": ("!" if negated else "") + ",".join(agents), "topic": str(topic.pk)}
        filters = Filters.of(QueryDict(f"{address}&{urlencode(chosen)}"))

        typed = " ".join(chip["typed"] for chip in filters.chips(workspace.pk))

        assert Filters.typed(typed, workspace.pk) == (filters, "")
        assert Filters.typed(filters.text, workspace.pk) == (filters, "")

    holds()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "query", "words"),
    [
        ("charged twice", "", "charged twice"),
        ('status:failed "charged twice" -refund', "status=failed", '"charged twice" -refund'),
        ("-tag:vip refund", "tag=%21vip", "refund"),
        ('tag:"needs a call",VIP', "tag=%22needs+a+call%22%2Cvip", ""),
        ("AGENT:odell STATUS:Ended", "agent={odell}&status=ended", ""),
        ('agent:"odell"', "agent={odell}", ""),
        ("duration:>90s latency:>=2000ms", "duration=%3E90s&latency=%3E%3D2s", ""),
        ("duration:1m..5m cost:<$0.50", "duration=1m..5m&cost=%3C0.5", ""),
        ("at 10:30 re:invent http://example.com", "", "at 10:30 re:invent http://example.com"),
        ("caller:+44-7700-900142", "caller=447700900142", ""),
        ("field.plan:Gold field.age:>30", "field.age=%3E30&field.plan=Gold", ""),
        ("version:v14", "version=14", ""),
    ],
)
def test_filters_are_typed_among_words(workspace, agent, typed, query, words):
    filters, left = Filters.typed(typed, workspace.pk)

    assert filters.query == query.format(odell=agent.pk)
    assert left == words
    assert not filters.faults


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "name", "right"),
    [
        ("agent:nobody", "agent", "id"),
        ("status:over", "status", "live, ended, failed"),
        ("duration:long", "duration", ">2m"),
        ("-duration:>2m", "duration", "without a !"),
        ("duration:5m..1m", "duration", "smaller"),
        ("cost:<1e9", "cost", "<0.50"),
        ("score:>101", "score", "0 to 100"),
        ("from:yesterday", "from", "2026-11-20"),
        ("to:9999-12-31", "to", "2026-11-20"),
        ("when:soon", "when", "7d"),
        ("field.age:>old", "field.age", ">30"),
        ("version:new", "version", "14"),
        ("tag:a/b", "tag", "slashes"),
        ("caller:" + "x" * 100, "caller", "+14155550123"),
    ],
)
def test_what_makes_no_sense_is_named_with_what_would_be_right(workspace, typed, name, right):
    filters, _ = Filters.typed(typed, workspace.pk)

    assert filters.terms == ()
    assert list(filters.faults) == [name]
    assert right in filters.faults[name]


def test_the_same_filter_is_written_in_one_way():
    ways = ["tag=b&tag=a", "tag=a,b", "tag=A,%22b%22,a", "status=&tag=b,a"]

    assert {Filters.of(QueryDict(way)).query for way in ways} == {"tag=a%2Cb"}
    assert Filters.of(QueryDict("duration=120")).query == "duration=2m"


def test_chips_are_in_words():
    filters = Filters.of(
        QueryDict(
            "duration=%3E2m&when=7d&outcome=!failed&cost=0.1..0.5&latency=%3C%3D800ms&version=14&score=%3C70"
        )
    )

    said = {one["label"]: one["value"] for one in filters.chips(workspace_id=None)}
    assert said == {
        "Version": "v14",
        "When": "Last 7 days",
        "Length": "over 2 min",
        "Outcome": "not Failed",
        "Cost": "$0.1 to $0.5",
        "Reply p95": "at most 800 ms",
        "Score": "under 70",
    }


@pytest.mark.parametrize(
    ("when", "first", "last"),
    [
        ("today", "2026-03-01", "2026-03-01"),
        ("yesterday", "2026-02-28", "2026-02-28"),
        ("7d", "2026-02-23", "2026-03-01"),
        ("30d", "2026-01-31", "2026-03-01"),
        ("this-week", "2026-02-23", "2026-03-01"),
        ("last-week", "2026-02-16", "2026-02-22"),
        ("this-month", "2026-03-01", "2026-03-31"),
        ("last-month", "2026-02-01", "2026-02-28"),
    ],
)
def test_spans_are_counted_from_today(when, first, last):
    assert days.WHEN[when][1](date(2026, 3, 1)) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "Europe/Nowhere", "Europe", "x" * 200, "a\0b"])
def test_a_time_zone_that_is_not_there_is_none(name):
    assert days.known_zone(name) == ""
    assert days.known_zone("Europe/London") == "Europe/London"


@pytest.mark.parametrize("sort", [" ", '"', '",""', '"""",', ","])
def test_a_long_value_takes_no_longer_than_it_is_long(sort):
    """Of spaces this took minutes: whatever the machine, it would not end within the time of a test."""
    Filters().but("tag", f"a{sort * (200_000 // len(sort))}b")


def test_of_very_many_filters_the_first_count():
    """Each is looked for, and offered to be left out: a thousand kept a thread for a minute."""
    filters = Filters.of(QueryDict("&".join(f"field.k{n}=a" for n in range(60))))

    assert (len(filters.terms), len(filters.faults)) == (40, 20)
