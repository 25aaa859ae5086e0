"""The modules behind the pages, on their own: what a stream becomes, and which call comes first."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.modules import LOAD, with_imports


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def tell(page):
    """tell(parts, known) → the turns a record then has, in order."""

    def told(parts: list[dict], known: list[dict] = ()) -> list[dict]:
        work = f"""({{ Record }}) => {{
          const record = new Record({json.dumps(list(known))});
          for (const part of {json.dumps(parts)}) record.apply(part);
          return record.inOrder().map(({{ key, text, state }}) => [key, text, state]);
        }}"""
        return page.evaluate(LOAD, [list(with_imports("calls/record.js").items()), "calls/record.js", work])

    return told


def turn(key: str, state: str, n: int = 1, **more) -> dict:
    role = "caller" if key.startswith("c") else "agent"
    data = {"n": n, "key": key, "role": role, "state": state, "start_ms": 0, **more}
    return {"type": "data-turn", "id": key, "data": data}


def delta(key: str, text: str) -> dict:
    return {"type": "text-delta", "id": key, "delta": text}


AN_ANSWER = [
    turn("r1", "thinking"),
    {"type": "text-start", "id": "r1"},
    delta("r1", "I see "),
    delta("r1", "two."),
    {"type": "text-end", "id": "r1"},
]


def test_words_add_up(tell):
    assert tell(AN_ANSWER) == [["r1", "I see two.", "speaking"]]


def test_what_is_settled_never_goes_back(tell):
    """A page drawn from the record hears the tail of the stream again."""
    final = turn("r1", "final", text="I see two.")

    assert tell([*AN_ANSWER, final, *AN_ANSWER]) == [["r1", "I see two.", "final"]]
    assert tell(AN_ANSWER, known=[final["data"]]) == [["r1", "I see two.", "final"]]


def test_a_correction_replaces_what_was_settled(tell):
    was, now = turn("c0", "final", text="I was charged"), turn("c0", "final", text="I was charged twice.")

    assert tell([was, now]) == [["c0", "I was charged twice.", "final"]]


def test_what_a_caller_says_is_heard_anew_each_time(tell):
    assert tell(
        [turn("c0", "speaking", text="I was sharp"), turn("c0", "speaking", text="I was charged")]
    ) == [["c0", "I was charged", "speaking"]]


def test_turns_stand_by_their_number(tell):
    assert [
        key for key, *_ in tell([turn("r1", "final", n=3, text="b"), turn("c0", "final", n=2, text="a")])
    ] == [
        "c0",
        "r1",
    ]


def test_a_lost_place_forgets_what_was_being_said_and_nothing_else(tell):
    settled = turn("c0", "final", n=1, text="Hello?")
    speaking = [settled, turn("r1", "thinking", n=2), {"type": "text-start", "id": "r1"}, delta("r1", "I s")]
    reset = {"type": "data-reset", "data": {}}

    assert tell([*speaking, reset]) == [["c0", "Hello?", "final"]]
    assert tell([*speaking, reset, *AN_ANSWER])[0] == ["c0", "Hello?", "final"]


def test_words_of_a_turn_nobody_opened_are_no_turn(tell):
    assert tell([delta("r9", "half a sentence")]) == []


def test_an_answer_that_is_begun_anew_stands_where_its_new_number_says(page):
    """So it is where another process takes a call over: on the page as in the record."""
    work = """({ Transcript }) => {
      document.body.innerHTML = `<ol></ol><template><li class="turn">
        <a class="turn-n"><time data-when="second"></time></a><a class="turn-play" href="/x?from=1&turn="></a>
        <b data-part="text"></b><b data-part="state"></b><b data-part="cut"></b><b data-part="unheard"></b>
        <b data-part="mood"><span></span></b></li></template>`;
      const list = document.querySelector('ol'), caller = document.querySelector('template');
      const drawn = new Transcript(list, { templates: { caller }, errors: {}, startedAt: 0, rules: {} });
      const turn = { role: 'caller', state: 'final', text: '', start_ms: 0 };
      for (const [key, n] of [['a', 1], ['b', 2], ['c', 3], ['b', 4]]) drawn.draw({ ...turn, key, n });
      const links = (one) => [...one.querySelectorAll('a')].map((link) => link.getAttribute('href'));
      return [...list.children].map((one) => [one.dataset.turn, one.id, one.dataset.n, ...links(one)]);
    }"""
    module = "calls/transcript.js"

    assert page.evaluate(LOAD, [list(with_imports(module).items()), module, work]) == [
        [key, f"turn-{n}", str(n), f"#turn-{n}", f"/x?from=1&turn={n}"]
        for key, n in (("a", 1), ("c", 3), ("b", 4))
    ]


def test_a_voice_is_heard_by_https_only(page):
    voices = [
        {"id": "wren", "name": "Wren", "preview_url": "https://x.example/a.mp3"},
        {"id": "crow", "name": "Crow", "preview_url": "javascript:alert(1)"},
    ]
    work = f"""() => {{
      document.body.innerHTML = `<agent-editor><agent-voice><input><a data-part="hear" hidden>Hear it</a>
        <span data-part="about"></span></agent-voice></agent-editor>`;
      const editor = document.querySelector("agent-editor"), voice = editor.firstElementChild;
      const voices = "data:application/json," + encodeURIComponent('{json.dumps({"items": voices})}');
      editor.page = {{ may_edit: true, voices }};
      editor.append(voice); // which connects it anew
    }}"""
    page.evaluate(LOAD, [list(with_imports("agents/voice.js").items()), "agents/voice.js", work])
    link = page.locator('[data-part="hear"]')

    page.locator("input").fill("wren")
    expect(link).to_have_attribute("href", "https://x.example/a.mp3")
    page.locator("input").fill("crow")
    expect(page.locator('[data-part="about"]')).to_have_text("Crow")
    expect(link).to_be_hidden()
    assert "javascript" not in link.get_attribute("href")


# --- The order of the board -----------------------------------------------------------------------------

NOW = 1_000_000
CARD = {
    "status": "live",
    "level": "token",
    "why": {"tone": "", "icon": "", "text": "Billing"},
    "now": None,
    "ribbon": [],
    "slow": False,
    "started_at": "1970-01-01T00:10:00Z",
    "last_at": "1970-01-01T00:16:38Z",
}


@pytest.fixture
def attend(page):
    def run(work: str):
        sources = list(with_imports("live/attention.js").items())
        return page.evaluate(LOAD, [sources, "live/attention.js", f"(attention) => {{ {work} }}"])

    return run


@pytest.mark.parametrize(
    ("card", "tier"),
    [
        ({}, "steady"),
        ({"last_at": "1970-01-01T00:16:30Z"}, "dead"),
        ({"last_at": "1970-01-01T00:16:30Z", "ribbon": [[380_000, 381_000, "agent", 60]]}, "steady"),
        ({"last_at": "1970-01-01T00:16:30Z", "level": "turn"}, "steady"),
        ({"last_at": "1970-01-01T00:16:30Z", "level": "event"}, "steady"),
        ({"last_at": "1970-01-01T00:16:30Z", "channel": "chat"}, "steady"),
        ({"slow": True}, "slow"),
        ({"why": {"tone": "danger", "icon": "alert", "text": "The agent had no answer"}}, "failing"),
        ({"why": {"tone": "warn", "icon": "alert", "text": "refund.create failed"}}, "failing"),
        ({"status": "ended", "last_at": "1970-01-01T00:16:00Z"}, "ended"),
    ],
)
def test_a_card_says_what_needs_attention(attend, card, tier):
    assert attend(f"return attention.reason({json.dumps(CARD | card)}, {NOW}).tier") == tier


def test_a_reason_comes_at_once_and_leaves_twenty_seconds_later(attend):
    tiers = attend(
        f"""
        const steady = {json.dumps(CARD)}, slow = {json.dumps(CARD | {"slow": True})};
        const kept = new attention.Attention();
        return [[steady, 0], [slow, 1], [steady, 15], [steady, 22]].map(([card, s]) => {{
          const now = {NOW} + s * 1000;
          return kept.update({{ ...card, last_at: new Date(now).toISOString() }}, now).tier;
        }});
        """
    )
    assert tiers == ["steady", "slow", "slow", "steady"]


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [("abcd", "abcd", 0), ("abcd", "dabc", 1), ("abcd", "dcba", 3), ("abcde", "acbed", 2), ("", "", 0)],
)
def test_only_what_must_move_counts_as_moved(attend, before, after, count):
    assert attend(f"return attention.moves({json.dumps(list(before))}, {json.dumps(list(after))})") == count


def test_words_that_stay_in_a_card_do_not_move_when_older_ones_go(page):
    work = """({ Roll, rollAll }) => {
      document.body.innerHTML = `
        <div><div id="list" style="padding-top: calc(4px + var(--gone, 0px))"></div></div>
        <template><p class="said" data-role="caller"><span data-stream></span></p></template>`;
      const list = document.querySelector('#list');
      const roll = new Roll(list.parentElement, list, { caller: document.querySelector('template') });
      const places = new Map(), moved = [];
      for (let n = 0; n < 30; n++) {
        const text = `Sentence ${n} `.repeat(n % 3 ? 40 : 1);
        roll.show([{ role: 'caller', text, speaking: false }]);
        rollAll([roll]);
        for (const row of list.children) {
          if (places.has(row) && places.get(row) !== row.offsetTop) moved.push(row.textContent);
          places.set(row, row.offsetTop);
        }
      }
      return [list.children.length, moved];
    }"""
    left, moved = page.evaluate(LOAD, [list(with_imports("live/roll.js").items()), "live/roll.js", work])

    assert left == 12
    assert moved == []
