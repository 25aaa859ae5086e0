"""A call that can be heard: its words are marked while they are spoken, and one goes to where one likes."""

import re

from playwright.sync_api import Page, expect

from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, flaws
from tests.config.running import wait_for

# Whatever sound the page makes, and each word it marks with what the sound's own clock says then. A machine
# that is slow paints fewer frames, and they are right all the same.
WATCHED = """() => {
  window.sounds = [];
  window.marked = [];
  window.Audio = new Proxy(Audio, { construct: (made, told) => {
    const sound = new made(...told);
    sound.muted = true;
    window.sounds.push(sound);
    return sound;
  } });
  const set = CSS.highlights.set.bind(CSS.highlights);
  CSS.highlights.set = (name, ranges) => {
    set(name, ranges);
    if (name !== 'word-now' || !window.sounds[0] || window.sounds[0].paused) return;
    const [range] = ranges;
    const turn = range?.startContainer.parentElement.closest('.turn').dataset.turn ?? null;
    window.marked.push({ turn, from: range?.startOffset, at: window.sounds[0].currentTime * 1000 });
  };
}"""
IS_DRAWN = """(canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.some(Boolean);
}"""
SLACK_MS = 50
PAUSE_MS = 300  # calls/static/calls/heard.js: so long a word stays marked until the next


def a_recorded_call(visitor) -> str:
    """The address of one that its platform alone has held: its clock is the recording's."""
    api = visitor.context.request

    def found() -> str:
        calls = api.get(f"{visitor.earshot.url}/api/v1/calls?status=ended&limit=100").json()["items"]
        for call in calls:
            address = f"{visitor.earshot.url}/api/v1/calls/{call['id']}/recording"
            if call["level"] != "token" and api.get(address).json()["status"] == "kept":
                return call["id"]
        return ""

    return f"/calls/{wait_for(found, seconds=300, every=2)}/"


def wrong(marked: list[dict], heard: dict) -> list[dict]:
    """Those marks that are another word's than is heard, by more than the slack."""

    def fits(mark: dict) -> bool:
        at = mark["at"] + heard["offset_ms"]
        words = sorted(
            (word for words in heard["words"].values() for word in words), key=lambda word: word[2]
        )
        if mark["turn"] is None:
            return not any(start + SLACK_MS < at < end - SLACK_MS for _, _, start, end in words)
        word = next(word for word in heard["words"][mark["turn"]] if word[0] == mark["from"])
        following = min((start for _, _, start, _ in words if start > word[2]), default=10**9)
        until = min(max(word[3], word[2] + 1) + PAUSE_MS, following)
        return word[2] - SLACK_MS <= at <= until + SLACK_MS

    return [mark for mark in marked if not fits(mark)]


def at(page: Page, time: str) -> None:
    expect(page.locator('.replay [data-part="at"]')).to_have_text(time)


def test_a_call_is_heard_with_its_words(visit):
    visitor = visit(alone=True)
    visitor.context.add_init_script(f"({WATCHED})()")
    address = a_recorded_call(visitor)
    heard = visitor.context.request.get(f"{visitor.earshot.url}{address}heard").json()

    # A link to a moment goes there, and does not play.
    page = visitor.open(f"{address}?t=4.5")
    expect(page.locator(".strip[data-heard]")).to_be_attached()
    at(page, "0:04")
    play = page.get_by_role("button", name="Play", exact=True)
    expect(play).to_be_visible()
    expect(page.locator("canvas[data-wave]")).to_be_visible()

    # Each word is marked while it is heard, at any speed.
    page.get_by_label("Speed").select_option("2")
    assert page.get_by_label("Speed").locator("option:not([disabled])").all_text_contents()[-1] == "2×"
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.wait_for_function("() => window.marked.length > 12", timeout=60_000)
    assert wrong(page.evaluate("() => window.marked"), heard) == []
    page.keyboard.press("p")
    expect(play).to_be_visible()

    # By keyboard, by turn, by link, and with the pointer.
    moment = page.evaluate("() => window.sounds[0].currentTime")
    page.keyboard.press("ArrowLeft")
    assert abs(page.evaluate("() => window.sounds[0].currentTime") - max(0, moment - 5)) < 0.1
    page.keyboard.press("<")
    expect(page.get_by_label("Speed")).to_have_value("1.5")
    turns = sorted(heard["words"].values(), key=lambda words: words[0][2])
    page.locator(".turn-n").nth(2).click()
    expect(page).to_have_url(re.compile("#turn-3$"))
    page.keyboard.press("[")
    page.wait_for_function(
        "(ms) => Math.abs(window.sounds[0].currentTime * 1000 - ms) < 50",
        arg=turns[1][0][2] - heard["offset_ms"],
    )
    line = page.locator('[data-strip="svg"]').bounding_box()
    page.mouse.click(line["x"] + line["width"] / 2, line["y"] + 60)
    half = page.evaluate("() => window.sounds[0].currentTime") * 1000 + heard["offset_ms"]
    assert abs(half - heard["length_ms"] / 2) < heard["length_ms"] / 50

    # Who looks elsewhere is not moved, and can come back.
    page.set_viewport_size({"width": 1100, "height": 460})
    box, back = page.locator("[data-follow]"), page.locator("[data-back]")
    box.evaluate("(box) => { box.scrollTop = 0; }")
    expect(back).to_be_visible()
    expect(back).to_have_text(re.compile(r"Back to \d:\d\d"))
    back.click()
    expect(back).to_be_hidden()
    expect(page.locator(".turn[data-now]")).to_be_in_viewport()


def test_a_call_is_heard_beside_the_list(visit):
    visitor = visit(alone=True)
    visitor.context.add_init_script(f"({WATCHED})()")
    call = a_recorded_call(visitor).split("/")[2]

    page = visitor.open(f"/calls/?peek={call}")
    drawer = page.locator(".peek")
    play, pause = (drawer.get_by_role("button", name=name, exact=True) for name in ("Play", "Pause"))
    line = drawer.get_by_role("slider", name="Moment of the recording")
    expect(play).to_be_enabled()
    assert page.evaluate("() => window.sounds.length") == 0
    assert drawer.locator("canvas").evaluate(IS_DRAWN)
    used = drawer.locator("[data-marks]").evaluate("(one) => JSON.parse(one.dataset.marks).tools.length")
    expect(drawer.locator(".player-marks .tick-head")).to_have_count(used)
    page.locator("body").press("p")
    expect(pause).to_be_visible()
    page.wait_for_function("() => window.sounds[0].currentTime > 0.2")
    pause.click()
    expect(play).to_be_visible()
    line.focus()
    page.keyboard.press("End")
    expect(line).to_have_attribute("aria-valuetext", re.compile(r"[1-9]"))
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}

    play.click()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    page.wait_for_function("() => window.sounds[0].paused")
