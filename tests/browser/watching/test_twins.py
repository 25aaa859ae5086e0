"""What is worked out twice, on the server first and in the browser after it, comes out the same."""

import random

import pytest

from calls import timeline, wording
from config.env import BASE_DIR

GEOMETRY = (BASE_DIR / "calls/static/calls/geometry.js").read_text()
RECORD = (BASE_DIR / "calls/static/calls/record.js").read_text()
IMPORT = """async ([source, name, cases]) => {
  const module = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
  return cases.map((arguments) => module[name](...arguments));
}"""


@pytest.fixture(scope="module")
def run(browser):
    page = browser.new_page()
    yield lambda source, name, cases: page.evaluate(IMPORT, [source, name, cases])
    page.close()


def a_talk(seed: int) -> list[dict]:
    chance, at, turns = random.Random(seed), 0, []
    for n in range(1, chance.randrange(2, 40)):
        at += chance.randrange(0, 9_000)
        end = at + chance.randrange(0, 20_000)
        role = chance.choice(["caller", "agent", "agent", "tool"])
        turn = {
            "n": n,
            "role": role,
            "state": chance.choice(["final", "failed"]),
            "start_ms": at,
            "end_ms": end,
        }
        turns.append(
            turn | {"words": chance.randrange(0, 60), "reply_ms": chance.choice([None, 0, 900, 1_501, 7_000])}
        )
        at = end
    return [*turns[:-1], turns[-1] | {"end_ms": None}]


TALKS = [a_talk(seed) for seed in range(25)]


def test_ribbons_are_drawn_alike(run):
    cases = []
    for talk in TALKS:
        now = talk[-1]["start_ms"] + 4_321
        for level in ("token", "turn", "event"):
            segments = [list(segment) for segment in timeline.segments_of(talk, now)]
            cases.append((segments, [turn["start_ms"] for turn in talk], now, level, now % 30_000))

    drawn = run(
        GEOMETRY, "ribbon", [[s, t, now, {"level": lv, "silent": gap}] for s, t, now, lv, gap in cases]
    )

    for (segments, ticks, now, level, gap), theirs in zip(cases, drawn, strict=True):
        ours = timeline.ribbon([tuple(s) for s in segments], ticks, now, level=level, silent_ms=gap)
        assert theirs == ours | {"gap": list(ours["gap"]) if ours["gap"] else None}


def test_strips_are_drawn_alike(run):
    cases = []
    for talk in TALKS:
        now = talk[-1]["start_ms"] + 1_234
        cases += [(talk, now, timeline.window(now)), (talk, now, now)]

    drawn = run(GEOMETRY, "strip", [list(case) for case in cases])

    for case, theirs in zip(cases, drawn, strict=True):
        ours = timeline.strip(*case)
        assert theirs == ours | {"axis": [list(label) for label in ours["axis"]]}


def test_what_was_heard_is_split_alike(run):
    cases = [
        ("I see two charges.", None),
        ("I see two charges.", "I see two"),
        ("I see two charges.", ""),
        ("I see two charges.", "Something else"),
    ]

    split = run(RECORD, "split", [[{"text": text, "heard": heard}] for text, heard in cases])

    assert [tuple(one) for one in split] == [wording.heard(text, heard) for text, heard in cases]
