"""The chat page in Chromium: what is asked, streamed, settled, stopped, made anew and seen in another tab."""

import asyncio
from datetime import timedelta

import pytest
from django.db.models import F
from playwright.async_api import expect

from agents.llm import router
from base.markdown import to_html
from calls.models import Call
from tests.agents.vendors import HANG, HELLO, Counts, Refuse, Say, Stop, Until
from tests.base.hostile import HOSTILE
from tests.browser.conftest import NARROW
from tests.live.chat.desk import ask, chat_of, settled, shown
from tests.live.chat.typing import LOOKS

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)  # what is expected may take a busy machine a while

USUAL = """
Here is **all** of it:

## What you *pay*

1. April, see `bill.pdf`
2. May
   - 187 kWh
   - [the rest](https://larkfield.example/may?page=2)

| Month | Cost |
|:------|-----:|
| April | £61.40 |
| May | £54.20 |

> Prices go up
> in July.

```python
print("<b>")
```

Anything else?
""".strip()

FOUND = [Say("It is **12 pounds**."), Stop(), Counts(40, 6)]

# Where everything stands, and which element it is.
STANDS = """() => {
  window.stood ??= new Map();
  const box = document.querySelector('[data-follow]');
  const all = [...document.querySelectorAll('.answer, .answer .bubble, .answer .md *')];
  return [box.scrollTop, ...all.map((one) => {
    if (!window.stood.has(one)) window.stood.set(one, window.stood.size);
    const { x, y, width, height } = one.getBoundingClientRect();
    return [window.stood.get(one), one.localName, x, y, width, height];
  })];
}"""
# Streams each text into a page as an answer is, then settles it: of each, what stands there that must not.
STREAMED = """async (cases) => {
  const [{ Draft }, { draw, settle }] = [await import('calls/markdown.js'), await import('calls/draw.js')];
  const tags = new Set(`p br hr strong em s code pre blockquote ul ol li a h3 h4 h5 h6
    div table thead tbody tr th td`.split(/\\s+/));
  const names = new Set(['href', 'target', 'rel', 'start', 'class', 'tabindex']);
  const wrong = (box) => [...box.querySelectorAll('*')].flatMap((one) => [
    ...(tags.has(one.localName) ? [] : [one.localName]),
    ...[...one.attributes].filter(({ name }) => !names.has(name)).map(({ name }) => name),
    ...(one.localName === 'a' && one.href && !/^(https?|mailto|tel):/.test(one.href) ? [one.href] : []),
    ...(one.localName === 'a' && one.rel !== 'noopener noreferrer nofollow' ? ['rel'] : []),
  ]);
  const box = document.querySelector('main').appendChild(document.createElement('div'));
  return cases.map(([text, html]) => {
    box.replaceChildren();
    const draft = new Draft(), found = [];
    const step = Math.ceil(text.length / 23);
    for (let at = 0; at < text.length; at += step) {
      draft.add(text.slice(at, at + step));
      const { from, tree } = draft.tree();
      draw(box, tree, from);
      found.push(...wrong(box));
    }
    settle(box, html);
    found.push(...wrong(box));
    for (const one of box.querySelectorAll(':not(a)'))
      for (const kind of ['click', 'mouseover', 'focus', 'error', 'load', 'toggle'])
        one.dispatchEvent(new Event(kind, { bubbles: true }));
    return found;
  });
}"""


def now(model, *steps) -> None:
    """The next answer, and all after it."""
    model.plays["m"] = [list(steps)]


async def test_an_answer_streams_and_settles_without_a_jump(desk, model):
    pieces = [USUAL[at : at + 9] for at in range(0, len(USUAL), 9)]
    now(model, *map(Say, pieces), Stop(), Counts(1_200, 90))
    page = await desk.open()
    kept = asyncio.Event()
    held = asyncio.Event()

    async def hold(route):
        held.set()
        await kept.wait()
        await route.continue_()

    await page.route("**/messages?limit=1", hold)
    await ask(page, "What do I pay?")
    await asyncio.wait_for(held.wait(), 20)
    await expect(page.locator(".md").last).to_contain_text("Anything else?")
    streamed = await page.evaluate(STANDS)
    async with page.expect_response("**/messages?limit=1"):
        kept.set()
    await expect(page.locator(".answer .answer-facts")).to_contain_text("1,200 in, 90 out")
    await page.evaluate(
        "() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))"
    )

    assert await page.evaluate(STANDS) == streamed
    assert await page.locator(".md").inner_html() == str(to_html(USUAL))
    await expect(page).to_have_url(f"{desk.url}/chat/{await chat_of(page)}/")
    await expect(page.locator(".chats-link[aria-current] b")).to_have_text("What do I pay?")
    streamed = await shown(page)
    await router.drain()
    await page.reload()
    await settled(page, 1)
    assert await shown(page) == streamed

    # Its call shows the same, whole and in replay.
    call = await desk.open(await page.get_by_role("link", name="Open as a call").get_attribute("href"))
    answer = call.locator(".turns .md")
    assert await answer.inner_html() == str(to_html(USUAL))
    await Call.objects.aupdate(ended_at=F("started_at") + timedelta(minutes=1))
    await call.reload()
    await call.get_by_role("button", name="As it streamed").click()
    await expect(answer).to_have_count(0)
    await call.get_by_role("slider", name="Play from").press("Shift+ArrowRight")
    for _ in range(20):
        await call.keyboard.press("ArrowRight")
    await expect(answer).to_contain_text("Anything else?")
    assert await answer.inner_html() == str(to_html(USUAL))


async def test_a_talk(desk, model, shop):
    """Tools, an error, stopping, the same anew, other words, and a second tab that sees all of it."""
    go_on = asyncio.Event()
    model.plays.clear()
    model.play("m", *LOOKS)
    model.play("m", *FOUND)
    page = await desk.open()
    await ask(page, "What was May?")
    await settled(page, 1)
    tool = page.locator(".answer .toolrow")
    await expect(tool.locator('[data-part="name"]')).to_have_text("bill.lookup")
    await expect(tool.locator('[data-part="status"]')).to_have_text("OK")
    await expect(tool.locator('[data-part="output"]')).to_have_text('{"due": 12}')
    assert await page.locator(".answer-parts").evaluate(
        "(box) => [...box.children].map((one) => one.dataset.kind)"
    ) == [
        "text",
        "tool",
        "text",
    ]

    # Another tab: it shows the answer that runs, and is there when one is asked for.
    other = await desk.open(page.url.removeprefix(desk.url))
    await settled(other, 1)
    now(model, Say("Here it "), Until(go_on), Say("is."), Stop())
    await ask(page, "And June?")
    for tab in (page, other):
        await expect(tab.locator(".md").last).to_have_text("Here it")
    await other.reload()
    await expect(other.locator(".md").last).to_have_text("Here it")
    go_on.set()
    for tab in (page, other):
        await settled(tab, 2)
        await expect(tab.locator(".md").last).to_have_text("Here it is.")

    # Stop: the model is left at once, and what there was stays.
    call = await desk.open(await page.get_by_role("link", name="Open as a call").get_attribute("href"))
    now(model, Say("Once *upon* a time"), HANG)
    await page.bring_to_front()
    await ask(page, "Tell me a story")
    await expect(page.locator(".md").last).to_have_text("Once upon a time")
    await call.bring_to_front()
    told = call.locator(".turns .answer").last
    await expect(told.locator(".md em")).to_have_text("upon")
    await other.bring_to_front()
    await expect(other.locator(".md").last).to_have_text("Once upon a time")
    await page.bring_to_front()
    await page.get_by_role("textbox", name="Message").press("Escape")
    await asyncio.wait_for(model.requests[-1].hung_up.wait(), 10)
    for tab in (page, other):
        await settled(tab, 3)
        await expect(tab.locator(".answer").last).to_have_attribute("data-state", "stopped")
    await call.bring_to_front()
    await expect(told.get_by_text("stopped", exact=True)).to_be_visible()

    # Anew, and in other words.
    now(model, Refuse(500))
    await page.get_by_role("button", name="Answer again").click()
    await expect(page.locator(".answer-error").last).to_contain_text("Ask for it again")
    await call.bring_to_front()
    await expect(told.locator(".turn-error")).to_have_text("Something failed on our side.")
    await page.bring_to_front()
    now(model, *HELLO)
    await page.get_by_role("button", name="Answer again").click()
    await expect(page.locator(".md").last).to_have_text("Hello.")
    await settled(page, 3)
    await page.get_by_role("button", name="Edit").click()
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("Tell me a story")
    await ask(page, "Tell me a joke")
    await settled(page, 3)
    await expect(page.locator(".said-text")).to_have_text(["What was May?", "And June?", "Tell me a joke"])
    for tab in (page, other):
        await expect(tab.locator(".said-text").last).to_have_text("Tell me a joke")
        await settled(tab, 3)
        # It may have come too late for the stream: then it asks until it is written down.
        await expect(tab.locator(".answer-facts").last).to_contain_text("12 in, 3 out")
    assert await shown(page) == await shown(other)


async def test_a_tab_that_came_too_late_for_the_stream_learns_what_the_answer_took(desk, model):
    """Which is written down a moment after the answer is over."""
    now(model, *HELLO)
    page = await desk.open()
    await ask(page, "Hello?")
    await settled(page, 1)
    other = await desk.open(page.url.removeprefix(desk.url))
    await settled(other, 1)
    over, untold = asyncio.Event(), []

    async def too_late(route):
        await over.wait()
        await route.continue_()

    async def not_yet(route):
        response = await route.fetch()
        told = await response.json()
        untold.append(told["items"][-1]["metadata"])
        untold[-1]["provider"] = ""
        await route.fulfill(response=response, json=told)

    await other.route("**/stream", too_late)
    await other.route("**/messages?limit=20", not_yet, times=1)
    await ask(page, "Hello again?")
    await settled(page, 2)
    await router.drain()
    over.set()

    await settled(other, 2)
    await expect(other.locator(".answer-facts").last).to_contain_text("12 in, 3 out")
    assert len(untold) == 1
    assert await shown(other) == await shown(page)


async def test_nothing_that_is_written_runs(desk, model, shop):
    """By the model, word by word and at once; by a tool; by who asks."""
    page = await desk.open()
    found = await page.evaluate(STREAMED, [[text, str(to_html(text))] for text in HOSTILE])
    assert [(text, wrong) for text, wrong in zip(HOSTILE, found, strict=True) if wrong] == []

    written = "\n\n".join(text for text in HOSTILE if len(text) < 300 and "```" not in text)
    shop.answers = [(200, written)]
    now(model, *LOOKS)
    model.play("m", *(Say(written[at : at + 40]) for at in range(0, len(written), 40)), Stop())
    await ask(page, written)
    await settled(page, 1)
    for _ in range(2):
        messages = page.locator('[data-part="messages"]')
        assert (
            await messages.locator("script, img, iframe, object, embed, form, style, link, base").count() == 0
        )
        assert (
            await messages.locator("svg:not(.i), math, video, details:not(.toolrow), [onerror]").count() == 0
        )
        assert written[:500] in await page.locator(".said-text").text_content()
        await page.reload()
        await settled(page, 1)


async def test_it_says_what_to_do_when_nobody_answers(desk, model, house):
    page = await desk.open()
    answers = [
        {"status": 429, "headers": {"retry-after": "2"}, "json": refusal("rate_limited")},
        {"status": 503, "json": refusal("all_models_unavailable")},
    ]
    await page.route("**/api/chat", lambda route: route.fulfill(**answers.pop(0)))
    await ask(page, "Hello?")

    # What was written is written still.
    await expect(page.get_by_role("alert")).to_contain_text("too many messages")
    await expect(page.get_by_role("alert")).to_contain_text("You can go on in")
    await expect(page.get_by_role("button", name="Send")).to_have_attribute("aria-disabled", "true")
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("Hello?")
    await expect(page.locator(".turn")).to_have_count(0)
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("alert")).to_contain_text("No model is available right now")
    await page.unroute("**/api/chat")
    await page.get_by_role("button", name="Try again").click()
    await settled(page, 1)
    await expect(page.locator(".md")).to_have_text("Hello.")
    await expect(page.get_by_role("alert")).to_be_hidden()


def refusal(code: str) -> dict:
    return {"error": {"code": code, "message": "No.", "trace_id": "0" * 32}}


async def test_what_could_be_asked_next_is_a_click_away(desk, model):
    page = await desk.open()
    await desk.context.unroute("**/suggestions")
    now(model, *HELLO)
    model.play("m", Say('1. How much is it?\n- "When is it due?"\nHello?\n' + "x" * 200), Stop())
    model.play("m", Say("12 pounds."), Stop())
    await ask(page, "Hello?")
    offered = page.get_by_role("group", name="Suggested next questions").get_by_role("button")
    await expect(offered).to_have_text(["How much is it?", "When is it due?"])
    await offered.first.click()
    await settled(page, 2)

    await expect(page.locator(".said-text").last).to_have_text("How much is it?")
    await expect(page.locator(".md").last).to_have_text("12 pounds.")


async def test_a_reader_is_not_moved_while_an_answer_comes(desk, model):
    go_on = asyncio.Event()
    lines = [Say(f"Line {n}.\n\n") for n in range(60)]
    now(model, *lines, Until(go_on), *lines, Stop())
    page = await desk.open()
    await page.set_viewport_size(NARROW)
    await ask(page, "Tell me everything")
    await expect(page.locator(".md p")).to_have_count(60)
    box = page.locator("[data-follow]")
    await box.hover()
    await page.mouse.wheel(0, -400)
    await page.wait_for_function(
        "() => { const box = document.querySelector('[data-follow]');"
        " return box.scrollHeight - box.scrollTop - box.clientHeight > 300; }"
    )
    place = await box.evaluate("(box) => box.scrollTop")
    go_on.set()
    await settled(page, 1)

    await expect(page.locator(".md p")).to_have_count(120)
    await expect(page.get_by_role("button", name="New messages")).to_be_visible()
    assert await box.evaluate("(box) => box.scrollTop") == place
