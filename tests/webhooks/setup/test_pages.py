"""Settings → Connections: what is shown, typed and pressed."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Workspace
from agents.models import Agent
from calls.models import Call
from platforms import services
from platforms.models import Connection
from tests.people import make_member, sign_in
from tests.webhooks.setup.steps import KEY, OTHER, at, deliver, fresh, text, wait_for_agent
from webhooks.models import Delivery, Unproven

# --- The list, and a new one ---------------------------------------------------------------------------


def test_settings_lead_to_the_first_section(browser):
    assert browser.get("/settings/").headers["Location"] == "/settings/connections/"


def test_an_empty_list_offers_the_next_step(browser):
    page = text(browser.get("/settings/connections/"))

    assert "No connections yet" in page
    assert "Add connection" in page


def test_the_list_says_how_each_connection_fares(browser, workspace, connection, admin):
    deliver(services.create(workspace, "retell", "Web calls", by=admin))
    page = text(browser.get("/settings/connections/"))

    assert "Phone lines Retell Waiting for the first delivery" in page
    assert "Web calls Retell Receiving, last 0 s ago" in page


def test_a_new_connection_is_made_and_shown(browser, workspace):
    response = browser.post(
        "/settings/connections/add",
        {"platform": "retell", "name": " Front desk ", "api_key": f" {KEY} ", "signs": "on", "base_url": ""},
        follow=True,
    )
    made = Connection.objects.get()

    assert (made.workspace, made.name, made.api_key, made.webhook_secret) == (
        workspace,
        "Front desk",
        KEY,
        KEY,
    )
    assert response.redirect_chain == [(at("connection", made), 302)]
    assert f"http://127.0.0.1:8000/webhooks/retell/{made.pk}" in text(response)


def test_a_key_that_signs_nothing_is_not_the_secret(browser):
    browser.post("/settings/connections/add", {"platform": "retell", "name": "A", "api_key": KEY})
    made = Connection.objects.get()

    assert (made.api_key, made.webhook_secret_is_ours) == (KEY, True)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Give it a name."),
        ({"name": "phone LINES"}, "Another connection has that name."),
        ({"name": "x" * 81}, "at most 80 characters"),
        ({"name": "\x00"}, "Null characters"),
        ({"platform": "vapi"}, "Choose a platform."),
        ({"api_key": "two words and more"}, "A key has no spaces or accents. Copy it again."),
        ({"api_key": "short"}, "A key has at least 16 characters. Copy all of it."),
        ({"base_url": "http://api.example.com"}, "Give an https address"),
        ({"base_url": "javascript:alert(1)"}, "This is not an address."),
        ({"base_url": "https://me:word@example.com"}, "Leave out user names, queries and fragments."),
        ({"base_url": "https://example.com:99999"}, "This is not an address."),
        ({"base_url": "https://[::1"}, "This is not an address."),
        ({"base_url": "https://exa mple.com"}, "This is not an address."),
        ({"base_url": "https://exa\nmple.com"}, "This is not an address."),
        ({"base_url": "https://example.com/" + "x" * 200}, "at most 200 characters"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(browser, connection, typed, said):
    sent = {"platform": "retell", "name": "Front desk", "base_url": "https://kept.example.com"} | typed
    response = browser.post("/settings/connections/add", sent)
    page = response.content.decode()

    assert response.status_code == 400
    assert said in text(response)
    if "name" not in typed:
        assert 'value="Front desk"' in page
    if "base_url" not in typed:
        assert 'value="https://kept.example.com"' in page
    assert Connection.objects.count() == 1


def test_a_typed_key_never_comes_back_in_the_page(browser):
    response = browser.post("/settings/connections/add", {"platform": "retell", "name": "", "api_key": KEY})

    assert KEY not in response.content.decode()


@pytest.mark.parametrize(
    "base_url", ["https://api.example.com/v2/", "http://127.0.0.1:8100/retell", "http://localhost:1/retell"]
)
def test_an_address_may_be_https_or_this_machine(browser, base_url):
    browser.post("/settings/connections/add", {"platform": "retell", "name": "A", "base_url": base_url})

    assert Connection.objects.get().base_url == base_url.rstrip("/")


# --- The checklist -------------------------------------------------------------------------------------


def test_it_waits_for_the_first_delivery(browser, connection):
    page = text(browser.get(at("connection", connection)))

    assert "Waiting for the first delivery…" in page
    assert "transcript_updated off by default The words of calls held by Retell" in page
    assert "This address works on this machine only." in page


def test_the_first_delivery_is_named_in_the_part_that_is_asked_for(browser, connection):
    before = browser.get(at("connection_state", connection)).content.decode()
    deliver(connection, "call_started")
    part = browser.get(at("connection_state", connection))

    assert "First delivery arrived 0 s ago: call_started" in text(part)
    assert "Not yet" in text(part)  # the other events
    versions = [re.findall('data-live="([0-9a-f]{12})"', page) for page in (before, part.content.decode())]
    assert len(versions[0]) == 3
    assert not set(versions[0]) & set(versions[1])


def test_nothing_new_is_the_same_version(browser, connection):
    deliver(connection)
    versions = [
        re.findall(
            'data-live="([0-9a-f]{12})"', browser.get(at("connection_state", connection)).content.decode()
        )
        for _ in range(2)
    ]

    assert versions[0] == versions[1]


def test_no_secret_is_in_the_page(browser, connection, admin):
    services.edit(connection, name="A", base_url="", api_key=KEY, by=admin)
    services.rotate(connection, secret=OTHER, by=admin)
    for address in ("connection", "connection_state"):
        page = browser.get(at(address, fresh(connection))).content.decode()
        assert KEY not in page
        assert OTHER not in page
        assert connection.webhook_secret not in page


def test_every_id_is_one_elements(browser, connection):
    wait_for_agent(connection, "c1", "agent_1")
    wait_for_agent(connection, "c2", "agent_2")
    ids = re.findall(' id="([^"]+)"', browser.get(at("connection", connection)).content.decode())

    assert len(ids) == len(set(ids))


def test_what_people_wrote_is_escaped(browser, connection, admin):
    services.edit(connection, name="<script>alert(1)</script>", base_url="", api_key=None, by=admin)
    deliver(connection, "<b>kind</b>")
    wait_for_agent(connection, "c1", "<i>agent</i>")
    for address in ("/settings/connections/", at("connection", connection)):
        page = browser.get(address).content.decode()
        assert not {"<script>alert", "<b>kind", "<i>agent"} & set(re.findall(r"<\w+>\w+", page))


# --- Details, and the end ------------------------------------------------------------------------------


def test_details_are_saved_and_an_empty_key_is_left_alone(browser, connection):
    sent = {"name": "Front desk", "base_url": "https://api.example.com", "api_key": KEY}
    assert "Details saved." in text(browser.post(at("edit_connection", connection), sent, follow=True))
    browser.post(at("edit_connection", connection), {"name": "Front desk", "base_url": "", "api_key": ""})
    assert fresh(connection).api_key == KEY

    page = text(browser.get(at("connection", connection)))
    assert "Set. Type another to replace it; it is never shown." in page
    browser.post(at("edit_connection", connection), {"name": "Front desk", "forget_api_key": "on"})
    assert fresh(connection).api_key == ""


def test_a_key_nobody_is_shown_is_not_sent_to_an_address_of_somebodys(browser, connection):
    theirs = {"name": "Phone lines", "base_url": "https://collect.example.com"}
    browser.post(at("edit_connection", connection), {"name": "Phone lines", "api_key": KEY})
    refused = browser.post(at("edit_connection", connection), theirs)

    assert refused.status_code == 400
    assert "Type the key again: it would go to another address." in text(refused)
    assert fresh(connection).base_url == ""

    browser.post(at("edit_connection", connection), theirs | {"api_key": KEY[::-1]})
    assert (fresh(connection).base_url, fresh(connection).api_key) == (theirs["base_url"], KEY[::-1])


def test_details_that_are_wrong_keep_what_was_typed(browser, connection):
    response = browser.post(at("edit_connection", connection), {"name": "New", "base_url": "ftp://x.example"})

    assert response.status_code == 400
    assert 'value="ftp://x.example"' in response.content.decode()
    assert fresh(connection).name == "Phone lines"


def test_a_deletion_says_in_numbers_what_goes_and_asks_for_the_name(browser, workspace, connection):
    Agent.objects.create(workspace=workspace, name="Odell", connection=connection)
    wait_for_agent(connection, "c1", "")
    for _ in range(2):
        deliver(connection)
    page = text(browser.get(at("connection", connection)))
    assert re.search(
        r"2 deliveries, counted at \d\d:\d\d UTC, and what comes until then: none can be replayed.", page
    )
    assert "1 call stays in History." in page
    assert "Odell stays, linked to no agent of Retell." in page

    refused = browser.post(at("delete_connection", connection), {"name": "phone lines"})
    assert refused.status_code == 400
    assert "That is not its name." in text(refused)

    gone = browser.post(at("delete_connection", connection), {"name": "Phone lines"}, follow=True)
    assert "Phone lines deleted." in text(gone)
    assert not Connection.objects.exists()
    assert not Delivery.objects.exists()
    assert Call.objects.count() == 1


# --- Who may -------------------------------------------------------------------------------------------

READ = ("connection", "connection_state")
PRESSED = (
    "edit_connection",
    "reveal_secret",
    "rotate_secret",
    "finish_rotation",
    "undo_rotation",
    "test_connection",
    "link_agent",
    "delete_connection",
)


def test_another_workspaces_connection_is_not_there(connection):
    them = sign_in(make_member(Workspace.objects.create(name="Theirs"), "owner"))

    assert {them.get(at(name, connection)).status_code for name in READ} == {404}
    assert {them.post(at(name, connection)).status_code for name in PRESSED} == {404}
    assert "Phone lines" not in text(them.get("/settings/connections/"))


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_others_are_told_which_role_may(workspace, connection, role):
    them = sign_in(make_member(workspace, role))
    answers = [them.get("/settings/connections/"), *(them.post(at(name, connection)) for name in PRESSED)]

    assert {answer.status_code for answer in answers} == {403}
    assert all("You need the Admin role." in text(answer) for answer in answers)
    assert fresh(connection).webhook_secret == connection.webhook_secret


def test_attempts_without_proof_are_counted_for_an_hour(browser, workspace, connection):
    now = timezone.now()
    ages = (timedelta(minutes=1), timedelta(minutes=59), timedelta(minutes=61))
    recent = [{"at": (now - old).isoformat(), "reason": "", "trace_id": "", "headers": {}} for old in ages]
    Unproven.objects.create(
        workspace=workspace, connection=connection, count=3, last_at=now - ages[0], recent=recent
    )

    page = text(browser.get("/settings/connections/"))
    assert "Rejected 2 with a bad signature in the last hour" in page
