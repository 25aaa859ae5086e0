"""What the page of an agent says of its tests."""

import json
import re

import pytest
from django.utils import timezone

from agents.drafting import drafts
from agents.drafting.content import of as said_by
from agents.models import AgentTest, AgentTestResult, AgentTestRun
from agents.pages import tested
from agents.services import publish
from agents.testing import kept
from agents.testing.digest import digest_of
from tests.people import make_member, sign_in

SAYS = {"id": "c1", "kind": "contains", "text": "sorry", "answers": "any"}
CALLER = {"role": "caller", "text": "I was charged twice."}


@pytest.fixture
def charged(agent) -> AgentTest:
    return AgentTest.objects.create(
        workspace=agent.workspace,
        agent=agent,
        name="Duplicate charge",
        conversation=[CALLER],
        checks=[SAYS, SAYS | {"id": "c2"}],
    )


def run(agent, tests, verdict: str, *, status: str = "done", version=None, draft=None) -> AgentTestRun:
    content = draft.content if draft else said_by(version)
    made = AgentTestRun.objects.create(
        workspace=agent.workspace,
        agent=agent,
        version=version,
        revision=draft.revision if draft else None,
        content=content,
        digest=digest_of(content),
        status=status,
        ended_at=timezone.now(),
    )
    for test in tests:
        asked = [one | {"ok": verdict == "passed", "reason": "No answer says it."} for one in test.checks]
        AgentTestResult.objects.create(
            workspace=agent.workspace, run=made, test=test, name=test.name, verdict=verdict, checks=asked
        )
    return made


def sections_of(agent, role: str) -> dict[str, str]:
    page = sign_in(make_member(agent.workspace, role)).get(f"/agents/{agent.pk}/").content.decode()
    return dict(
        re.findall(r'<section class="panel" id="(\w+)"(.*?)</section>\s*(?=<section|</div>)', page, re.DOTALL)
    )


def data_of(section: str) -> dict:
    return json.loads(re.search(r'id="tests-data"[^>]*>(.*?)</script>', section)[1])


def test_each_test_says_how_it_went_last_and_over_what(agent, charged):
    idle = AgentTest.objects.create(workspace=agent.workspace, agent=agent, name="Moving out")
    run(agent, [charged], "passed", version=agent.live_version)
    draft = drafts.save(agent, {"prompt": "Be brief."}, 0, None).draft
    run(agent, [charged], "failed", draft=draft)

    rows = {row["name"]: row for row in tested.rows(agent, drafts.look(agent))}

    assert rows[idle.name]["result"] is None
    assert rows[idle.name]["verdict"]["word"] == "Not run"
    last = rows[charged.name]["result"]
    assert (last["verdict"], last["passed"], last["of"]) == ("failed", 0, 2)
    assert last["failed"] == SAYS | {"ok": False, "reason": "No answer says it."}
    assert (last["version"], last["revision"]) == (None, draft.revision)


def test_what_a_run_never_came_to_is_no_result(agent, charged):
    run(agent, [charged], "passed", version=agent.live_version)
    run(agent, [charged], "waiting", status="stopped", version=agent.live_version)

    (row,) = tested.rows(agent, drafts.look(agent))

    assert row["result"]["verdict"] == "passed"


def test_what_says_the_same_again_was_run_on_the_draft(agent, charged):
    first = drafts.save(agent, {"prompt": "Be brief."}, 0, None).draft
    run(agent, [charged], "passed", draft=first)
    drafts.save(agent, {"prompt": "Be long."}, first.revision, None)
    again = drafts.save(agent, {"prompt": "Be brief."}, first.revision + 1, None).draft

    (row,) = tested.rows(agent, drafts.look(agent))

    assert again.revision > first.revision
    assert row["result"]["revision"] == again.revision


def test_of_a_test_that_was_changed_since_nothing_is_known(agent, charged):
    draft = drafts.save(agent, {"prompt": "Be brief."}, 0, None).draft
    run(agent, [charged], "passed", draft=draft)
    kept.edit(charged, {"checks": [SAYS | {"text": "goodbye"}]}, by=None)

    (row,) = tested.rows(agent, drafts.look(agent))

    assert (row["result"]["outdated"], row["over"]) == (True, "earlier test")


def test_a_draft_that_took_up_what_was_published_beside_it_is_another(agent, charged):
    draft = drafts.save(agent, {"prompt": "Be brief."}, 0, None).draft
    run(agent, [charged], "passed", draft=draft)
    publish(agent, voice="another")
    agent.refresh_from_db()

    followed = drafts.look(agent)
    (row,) = tested.rows(agent, followed)

    assert followed.revision == draft.revision
    assert row["result"]["revision"] is None


def test_where_nothing_is_checked_nothing_has_passed(agent, charged):
    AgentTest.objects.update(checks=[])
    run(agent, [charged], "unchecked", version=agent.live_version)

    (row,) = tested.rows(agent, drafts.look(agent))

    assert row["verdict"]["word"] == "Nothing checked"
    assert tested.by_version(agent) == {1: "0 of 1 test"}


def test_a_version_says_how_it_did_by_the_newest_result_of_each(agent, charged):
    other = AgentTest.objects.create(workspace=agent.workspace, agent=agent, name="Moving out")
    run(agent, [charged, other], "failed", version=agent.live_version)
    run(agent, [charged], "passed", version=agent.live_version)

    assert tested.by_version(agent) == {1: "1 of 2 tests"}
    versions = sections_of(agent, "viewer")["versions"]
    assert '<span data-part="tested">1 of 2 tests</span>' in versions


def test_who_reads_sees_the_tests_and_changes_nothing(agent, charged):
    going = run(agent, [charged], "running", status="running", version=agent.live_version)

    for role, acts in (("operator", 0), ("admin", 1)):
        tests = sections_of(agent, role)["tests"]
        assert f'id="test-{charged.pk}"' in tests
        assert tests.count('data-act="run"') == acts
        assert tests.count('type="submit"') == acts
        assert data_of(tests)["run"] == str(going.pk)
    assert "tests" not in sections_of(agent, "viewer")
