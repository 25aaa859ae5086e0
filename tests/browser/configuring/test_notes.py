"""What colleagues say about a call: notes at its turns, tags, and the queue of calls to be reviewed."""

import re

from playwright.sync_api import expect

from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, flaws
from tests.config.running import wait_for

# What the console says of an answer that was refused; the page says it better.
REFUSED = "Failed to load resource: the server responded with a status of 409 (Conflict)"
LOOKED_AT_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"
# Whatever has been answered by now has been read, and drawn.
TAKEN = "new Promise((drawn) => setTimeout(() => requestAnimationFrame(drawn), 200))"


def a_chat(visitor) -> str:
    """The id of its call. It goes on, as a live call does."""
    chat = visitor.open("/chat/")
    chat.get_by_role("combobox", name="Agent").select_option(label="Odell, Billing")
    with chat.expect_response("**/api/chat") as asked:
        chat.get_by_role("textbox", name="Message").fill("Hello?")
        chat.keyboard.press("Enter")
    expect(chat.locator('.answer:not([data-state="streaming"])')).to_have_count(1)
    return asked.value.headers["x-conversation-id"]


def a_program(page, earshot):
    """program(method, path, **data) → what the API answers it, which is no refusal."""

    def program(method: str, path: str, **data) -> dict:
        headers = {"authorization": f"Bearer {earshot.first_run()['api_token']}"}
        answer = page.request.fetch(
            f"{earshot.url}/api/v1/{path}", method=method, headers=headers, data=data or None
        )
        assert answer.ok, answer.text()
        return answer.json()

    return program


def test_an_answer_that_was_overtaken_takes_nothing_back(visit, earshot):
    visitor = visit()
    call = a_chat(visitor)
    page = visitor.open(f"/calls/{call}/")
    program, notes = a_program(page, earshot), page.locator("[data-notes] .thread")
    slow = []

    def overtaken(route) -> None:
        if slow:
            route.continue_()
        else:
            slow.append((route, route.fetch()))

    page.route("**/notes?*", overtaken)
    with page.expect_request("**/notes?*"):
        page.evaluate(LOOKED_AT_AGAIN)
    wait_for(lambda: page.evaluate("0") == 0 and slow)
    program("POST", f"calls/{call}/notes", text="It was short.")
    page.evaluate(LOOKED_AT_AGAIN)
    expect(notes).to_have_count(1)
    (route, answer), *_ = slow
    with page.expect_event("requestfinished", lambda request: "/notes?" in request.url):
        route.fulfill(response=answer)

    page.evaluate(TAKEN)
    expect(notes).to_have_count(1)


def test_a_call_is_talked_about_tagged_and_reviewed(visit, earshot):
    visitor = visit()
    call, other = a_chat(visitor), a_chat(visitor)
    page = visitor.open(f"/calls/{call}/")
    program = a_program(page, earshot)

    # By keyboard, at a turn of a call that goes on.
    turn = page.locator("#turn-2")
    turn.locator(".turn-n").focus()
    page.keyboard.press("n")
    box = turn.get_by_role("textbox", name="Note at this turn")
    expect(box).to_be_focused()
    page.keyboard.type("Too short. @la")
    expect(turn.get_by_role("option")).to_have_text(["Larkfield Admin"])
    page.keyboard.press("Enter")
    page.keyboard.type("what do you think?")
    # What cannot be sent is kept, and sent again it is one note.
    page.route("**/api/v1/calls/*/notes", lambda route: route.abort())
    page.keyboard.press("Control+Enter")
    expect(turn.get_by_role("alert")).to_contain_text("The server gave no answer")
    expect(box).to_have_value("Too short. @Larkfield Admin what do you think?")
    page.unroute("**/api/v1/calls/*/notes")
    page.keyboard.press("Control+Enter")
    thread = turn.locator(".thread")
    expect(thread.locator(".mention")).to_have_text("@Larkfield Admin")
    expect(thread.locator(".thread-n")).to_have_text("1 note")
    expect(thread.locator(".note-by")).not_to_contain_text("sending")

    # What others write comes when the page is looked at again.
    (note,) = program("GET", f"calls/{call}/notes")["items"]
    program("POST", f"calls/{call}/notes", text="It is a greeting.", answers=note["id"])
    page.evaluate(LOOKED_AT_AGAIN)
    expect(thread.locator(".thread-n")).to_have_text("2 notes")
    expect(thread).to_contain_text("It is a greeting.")

    # Somebody deletes a note while it is answered: what was written is not lost.
    gone = program("POST", f"calls/{call}/notes", text="Never mind.", turn=1)
    page.evaluate(LOOKED_AT_AGAIN)
    page.locator("#turn-1 .thread summary").click()
    page.locator("#turn-1").get_by_role("textbox", name="Answer").fill("But why?")
    # The page asks every 30 s what there is. Were that just now, the box would be gone before it is sent.
    sent = []

    def unaware_until_sent(route) -> None:
        if route.request.method == "POST":
            sent.append(route)
        (route.continue_ if sent else route.abort)()

    page.route("**/api/v1/calls/*/notes*", unaware_until_sent)
    program("DELETE", f"notes/{gone['id']}")
    page.locator("#turn-1").get_by_role("textbox", name="Answer").press("Control+Enter")
    kept = page.locator("#turn-1").get_by_role("textbox", name="Note at this turn")
    expect(kept).to_have_value("But why?")
    expect(page.locator("#turn-1").get_by_role("alert")).to_contain_text("deleted meanwhile")
    page.unroute("**/api/v1/calls/*/notes*")
    kept.press("Control+Enter")
    expect(page.locator("#turn-1 .thread .note-text")).to_have_text("But why?")

    # Tags, which are shown at once and kept.
    page.keyboard.press("Escape")
    tag = page.get_by_role("combobox", name="Add a tag")
    tag.fill("Short  Answers")
    tag.press("Enter")
    chip = page.locator("[data-tags] .tag")
    expect(chip).to_have_text("short answers")
    expect(page.locator("[data-tags]:not([aria-busy])")).to_be_visible()
    page.goto(f"{earshot.url}/calls/{call}/#note-{note['id']}")
    page.reload()
    expect(page.locator(f"#note-{note['id']}")).to_be_in_viewport()
    expect(chip).to_have_text("short answers")
    chip.get_by_role("button", name="Take off short answers").click()
    expect(chip).to_have_count(0)
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}

    # It is put up, and gone through with the next one, without going back.
    page.get_by_text("Put up for review").first.click()
    page.get_by_label("Why", exact=True).fill("Is it too short?")
    page.get_by_role("button", name="Put up for review").click()
    expect(page.get_by_role("link", name="Review it")).to_be_visible()  # before what follows it
    (following,) = program("POST", "reviews", calls=[other], comment="This one, too")["items"]
    queue = program("GET", "reviews")["items"]
    behind = queue[[one["call"] for one in queue].index(call) + 1]  # scorecards put calls up, too
    page.get_by_role("link", name="Review it").click()
    bar = page.get_by_role("region", name="Reviewing")
    expect(bar).to_contain_text("Is it too short?")
    expect(page.locator("call-page .turn").first).to_be_visible()
    expect(page.locator(".thread").first).to_be_visible()  # its modules are there: what is pressed is heard
    page.keyboard.press("d")
    page.keyboard.type("Too short. The prompt says so.")
    page.keyboard.press("Enter")
    expect(bar).to_contain_text("Done: “Too short. The prompt says so.”")
    expect(page.get_by_role("region", name="Review", exact=True)).to_contain_text("It is done.")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{earshot.url}/calls/{behind['call']}/?review={behind['id']}")

    page.goto(f"{earshot.url}/reviews/")
    row = page.locator(f'[data-review="{following["id"]}"]')
    row.get_by_role("button", name="Take").click()
    expect(row.get_by_role("button", name="Release")).to_be_visible()
    expect(row.get_by_role("combobox", name="With")).to_have_value(re.compile("."))
    page.get_by_role("link", name="Mentioned").click()
    expect(page.locator(".queue-row")).to_contain_text(["Too short. @Larkfield Admin what do you think?"])
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}
    assert [one for one in visitor.complaints if one != REFUSED] == []
    visitor.complaints.clear()
