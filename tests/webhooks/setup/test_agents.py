"""Settings → Connections: the platform's agents, linked with ours."""

import re

import pytest

from accounts.models import AuditEntry, Workspace
from agents.models import Agent
from calls.models import Call
from tests.webhooks.setup.steps import at, text, wait_for_agent


def test_an_unknown_agent_is_offered_and_linked(browser, workspace, connection):
    agent = Agent.objects.create(workspace=workspace, name="Odell")
    calls = [wait_for_agent(connection, f"c{n}", "agent_77") for n in range(3)]
    assert re.search(r"agent_77 3 calls, the last \d+ s ago", text(browser.get(at("connection", connection))))

    sent = {"platform_agent_id": "agent_77", "agent": str(agent.pk)}
    page = text(browser.post(at("link_agent", connection), sent, follow=True))

    assert "Linked 3 calls to Odell." in page
    assert "Unknown agents" not in page
    agent.refresh_from_db()
    assert (agent.connection, agent.platform_agent_id) == (connection, "agent_77")
    assert {call.agent_id for call in Call.objects.filter(pk__in=[c.pk for c in calls])} == {agent.pk}
    note = AuditEntry.objects.for_workspace(workspace).get(action="agent.link")
    assert note.detail == {"connection": str(connection.pk), "calls": 3}


def test_a_new_agent_is_made_by_name(browser, workspace, connection):
    wait_for_agent(connection, "c1", "agent_77")
    sent = {"platform_agent_id": "agent_77", "agent": "new", "name": "Juno"}
    page = text(browser.post(at("link_agent", connection), sent, follow=True))

    assert "Linked 1 call to Juno." in page
    assert Agent.objects.for_workspace(workspace).get().platform_agent_id == "agent_77"


def test_an_agent_is_one_agent_of_the_platform(browser, workspace, connection):
    taken = Agent.objects.create(
        workspace=workspace, name="Odell", connection=connection, platform_agent_id="agent_1"
    )
    wait_for_agent(connection, "c1", "agent_77")
    sent = {"platform_agent_id": "agent_77", "agent": str(taken.pk)}
    page = text(browser.post(at("link_agent", connection), sent, follow=True))

    assert "Odell is another agent of the platform already." in page
    assert Call.objects.get().agent is None


def test_an_agent_of_the_platform_is_one_of_ours(browser, workspace, connection):
    """Somebody else may have linked it since the page was drawn."""
    known = Agent.objects.create(
        workspace=workspace, name="Odell", connection=connection, platform_agent_id="agent_77"
    )
    page = browser.post(
        at("link_agent", connection),
        {"platform_agent_id": "agent_77", "agent": "new", "name": "Juno"},
        follow=True,
    )

    assert "agent_77 is Odell already." in text(page)
    assert Agent.objects.get() == known


def test_an_agent_whose_connection_was_deleted_is_free_again(browser, workspace, connection):
    left = Agent.objects.create(workspace=workspace, name="Odell", platform_agent_id="agent_1")
    wait_for_agent(connection, "c1", "agent_77")
    sent = {"platform_agent_id": "agent_77", "agent": str(left.pk)}

    assert "Linked 1 call to Odell." in text(browser.post(at("link_agent", connection), sent, follow=True))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"agent": ""}, "This field is required."),
        ({"agent": "nonsense"}, "Choose an agent."),
        ({"agent": "new", "name": ""}, "Give the new agent a name."),
    ],
)
def test_a_link_that_cannot_be_says_why(browser, connection, typed, said):
    wait_for_agent(connection, "c1", "agent_77")
    response = browser.post(at("link_agent", connection), {"platform_agent_id": "agent_77"} | typed)

    assert response.status_code == 400
    assert said in text(response)


def test_nobody_elses_agent_can_be_linked(browser, connection):
    theirs = Agent.objects.create(workspace=Workspace.objects.create(name="Theirs"), name="Vale")
    sent = {"platform_agent_id": "agent_77", "agent": str(theirs.pk)}

    assert browser.post(at("link_agent", connection), sent).status_code == 400
