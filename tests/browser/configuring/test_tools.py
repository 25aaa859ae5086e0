"""Tools as people set them up in an agent's editor: checked as they are typed, tried, and used by a draft."""

import re

from playwright.sync_api import expect

from tests.browser.looking import DARK_NARROW, LIGHT_WIDE, flaws

GOOD = '{\n  "type": "object",\n  "properties": {\n    "postcode": {"type": "string"}\n  }\n}'
REFUSED = "Failed to load resource: the server responded with a status of 400 (Bad Request)"
SERVICES = "http://127.0.0.1"  # the simulator, which `up` allows at its own port


def test_a_tool_is_added_with_a_schema_that_says_what_is_wrong_then_tried_and_used(visit):
    visitor = visit()
    page = visitor.open("/agents/")
    page.get_by_role("link", name="Iris", exact=True).click()
    tools = page.get_by_role("region", name="Tools", exact=True)
    known = tools.locator(".tool", has=page.locator("code", has_text=re.compile("^account.lookup$")))
    expect(known.get_by_role("checkbox")).to_be_checked()
    expect(tools.locator(".tool", has_text="Built in").first.get_by_role("checkbox")).to_be_visible()
    known.locator("summary").click()
    address = known.get_by_label("Address").input_value().replace("account.lookup", "outage.lookup")
    assert address.startswith(SERVICES)
    expect(known.get_by_role("button", name="Save account.lookup")).to_be_visible()
    known.get_by_label("Try it with").fill("{}")
    known.get_by_role("button", name="Try account.lookup").click()
    expect(known.locator('[data-part="outcome"]')).to_have_text(
        re.compile(r"^(Answered|Failed) after \d+ ms")
    )

    tools.get_by_role("button", name="Tool", exact=True).click()
    new = tools.locator(".tool").first
    new.get_by_label("Name").fill("outage.find")
    new.get_by_label("Description").fill("Is the power out in a street?")
    new.get_by_label("Address").fill("http://169.254.169.254/latest/")
    schema = new.get_by_label("Parameters, as JSON Schema")
    schema.fill(GOOD.replace('"string"', '"strin"'))
    expect(new.get_by_text("Line 4. properties.postcode.type: This is no type.")).to_be_visible()
    expect(schema).to_have_attribute("aria-invalid", "true")
    expect(new.locator('[data-part="line"]')).to_be_visible()
    schema.fill(GOOD + "}")
    expect(new.get_by_text("Line 6. The schema ends before this.")).to_be_visible()
    new.get_by_role("button", name="Add the tool").click()
    expect(new.get_by_role("alert")).to_have_text("Mend the parameters first.")
    schema.fill(GOOD)
    expect(schema).to_have_attribute("aria-invalid", "false")
    expect(new.locator('[data-part="line"]')).to_be_hidden()

    new.get_by_role("button", name="Add the tool").click()
    expect(new.get_by_role("alert")).to_contain_text("169.254.169.254 is on a private network")
    visitor.complaints.remove(REFUSED)
    new.get_by_label("Address").fill(address)
    new.get_by_label("Headers").fill('{"X-Api-Key": "of the services"}')
    new.get_by_role("button", name="Add the tool").click()
    expect(new.get_by_text("It sends X-Api-Key.")).to_be_visible()
    expect(new.get_by_label("Headers")).to_have_value("")
    expect(new.get_by_role("checkbox")).to_be_checked()
    expect(page.get_by_text("draft, 1 change")).to_be_visible()
    assert flaws(page, (DARK_NARROW, LIGHT_WIDE)) == {}

    expect(page.locator('[data-part="saved"]').first).to_have_text(re.compile("^Saved"))
    page.reload()
    made = tools.locator(".tool", has=page.locator("code", has_text="outage.find"))
    expect(made.get_by_role("checkbox")).to_be_checked()
    made.get_by_role("checkbox").uncheck()
    made.locator("summary").click()
    made.get_by_role("button", name="Delete it").click()
    expect(made).to_have_count(0)
