"""Tests of agents, as programs write and run them."""

import functools

import pytest

from accounts.models import AuditEntry
from agents.models import AgentTestResult, AgentTestRun
from agents.services import publish
from agents.testing import forms, runs
from tests.agents.testing.made import SAYS_REFUND, TALK, make_test
from tests.api.test_drafts import faults
from tests.api.test_drafts import send as send

USES = {"id": "c1", "kind": "tool_called", "tool": "x"}
ALL_KINDS = [
    SAYS_REFUND,
    {"id": "c2", "kind": "not_contains", "text": "sorry"},
    {"id": "c3", "kind": "regex", "text": r"£\d+", "answers": "last"},
    {"id": "c4", "kind": "tool_called", "tool": "billing.find_charges", "arguments": {"account": "A-7"}},
    {"id": "c5", "kind": "tool_not_called", "tool": "refund.create"},
    {"id": "c6", "kind": "judged", "question": "The agent offers to call back."},
]


@pytest.fixture
def path(world) -> str:
    return f"agents/{world.agent.pk}"


@pytest.fixture
def body() -> dict:
    return {"name": "Duplicate charge", "conversation": TALK, "start": 1, "checks": ALL_KINDS}


def test_a_test_is_written_changed_and_deleted(send, path, body, world):
    made = send("POST", f"{path}/tests", body, 201)

    assert (made["name"], made["start"], made["tools"], made["latest"]) == (
        "Duplicate charge", 1, "recorded", None,
    )  # fmt: skip
    assert made["conversation"] == TALK
    assert [check.get("answers") for check in made["checks"]] == [
        "any",
        "every",
        "last",
        "any",
        "every",
        None,
    ]
    changed = send("PATCH", f"tests/{made['id']}", {"tools": "live", "checks": [SAYS_REFUND]})
    assert (changed["tools"], changed["checks"], changed["name"]) == ("live", [SAYS_REFUND], made["name"])
    assert send("GET", f"tests/{made['id']}") == changed
    assert send("GET", f"{path}/tests")["items"] == [changed]
    assert send("DELETE", f"tests/{made['id']}") == changed
    send("GET", f"tests/{made['id']}", status=404)
    acts = AuditEntry.objects.filter(target=f"agent:{world.agent.pk}").order_by("id")
    assert list(acts.values_list("action", flat=True)) == ["test.create", "test.edit", "test.delete"]
    assert "charge" not in str(list(acts.values_list("detail", flat=True)))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"colour": "red"}, "colour"),
        ({"start": 5}, "start"),
        ({"start": -1}, "start"),
        ({"tools": "nobody"}, "tools"),
        ({"conversation": []}, "start"),
        ({"conversation": [{"role": "boss", "text": "Hi"}]}, "conversation.0.role"),
        ({"conversation": [{"role": "caller", "text": " "}, *TALK]}, "conversation.0.text"),
        ({"conversation": [*TALK, {"role": "tool", "text": "x"}]}, "conversation.5.name"),
        ({"conversation": [{"role": "caller", "text": "Hi", "name": "x"}, *TALK]}, "conversation.0.name"),
        ({"conversation": [*TALK, {"role": "caller", "text": "x" * 16_001}]}, "conversation.5.text"),
        ({"conversation": [{"role": "caller", "text": "x" * 16_000}] * 3}, "conversation"),
        ({"conversation": TALK * 13}, "conversation"),
        ({"checks": [SAYS_REFUND] * 21}, "checks"),
        ({"checks": [SAYS_REFUND] * 2}, "checks.1.id"),
        ({"checks": [{"id": "a b", "kind": "contains", "text": "x"}]}, "checks.0.id"),
        ({"checks": [{"id": "c1", "kind": "sings"}]}, "checks.0.kind"),
        ({"checks": [{"id": "c1", "kind": "contains"}]}, "checks.0.text"),
        ({"checks": [{"id": "c1", "kind": "regex", "text": "(?=x)"}]}, "checks.0.text"),
        ({"checks": [{"id": "c1", "kind": "tool_called", "tool": " "}]}, "checks.0.tool"),
        ({"checks": [SAYS_REFUND | {"tool": "x"}]}, "checks.0.tool"),
        ({"checks": [{"id": "c1", "kind": "judged", "question": ""}]}, "checks.0.question"),
        ({"checks": [SAYS_REFUND | {"answers": "some"}]}, "checks.0.answers"),
        ({"checks": [USES | {"arguments": {"a": "x" * 32_000}}]}, "checks"),
        ({"checks": [USES | {"arguments": functools.reduce(lambda a, _: {"a": a}, range(300), {})}]}, "body"),
    ],
)
def test_what_is_wrong_is_told_where_it_is(send, path, body, changes, field):
    assert field in faults(send("POST", f"{path}/tests", body | changes, 400))


def test_an_agents_tests_have_names_of_their_own_and_are_bounded(send, path, body, world, monkeypatch):
    test = send("POST", f"{path}/tests", body, 201)
    assert set(faults(send("POST", f"{path}/tests", body, 400))) == {"name"}
    other = send("POST", f"{path}/tests", body | {"name": "Other"}, 201)
    assert set(faults(send("PATCH", f"tests/{other['id']}", {"name": test["name"]}, 400))) == {"name"}

    monkeypatch.setattr(forms, "MOST_TESTS", 2)
    assert set(faults(send("POST", f"{path}/tests", body | {"name": "Third"}, 400))) == {"name"}


def settle(run_id: str, verdict: str) -> None:
    """As whoever plays them does."""
    while result := runs.claim():
        runs.settle(result, verdict, checks=[check | {"ok": True} for check in result.test.checks])


def test_a_run_is_started_looked_at_and_kept_with_the_version_its_draft_becomes(send, path, body, world):
    test = send("POST", f"{path}/tests", body, 201)
    draft = send("PATCH", f"{path}/draft", {"revision": 0, "changes": {"prompt": "Be kind."}})
    started = send("POST", f"{path}/test-runs", {"version": "draft"}, 202)
    assert (started["status"], started["version"], started["revision"]) == (
        "waiting",
        None,
        draft["revision"],
    )
    assert (started["tests"], started["passed"]) == (1, 0)
    # The same is not run twice at once.
    assert send("POST", f"{path}/test-runs", {"tests": [test["id"]]}, 202)["id"] == started["id"]

    settle(started["id"], "passed")

    run = send("GET", f"test-runs/{started['id']}")
    assert (run["status"], run["passed"], run["cost_usd"]) == ("done", 1, "0.00000000")
    (result,) = run["results"]
    assert (result["test"], result["verdict"], result["error"]) == (test["id"], "passed", None)
    latest = send("GET", f"tests/{test['id']}")["latest"]
    assert (latest["verdict"], latest["passed"], latest["checks"], latest["version"]) == (
        "passed",
        6,
        6,
        None,
    )
    assert latest["is_current"]
    assert [one["id"] for one in send("GET", f"{path}/test-runs?version=draft")["items"]] == [run["id"]]

    send("POST", f"{path}/publish", {}, 201)

    assert send("GET", f"test-runs/{run['id']}")["version"] == 2
    assert [one["id"] for one in send("GET", f"{path}/test-runs?version=2")["items"]] == [run["id"]]
    assert send("GET", f"{path}/test-runs?version=1")["items"] == []
    assert "version" in faults(send("GET", f"{path}/test-runs?version=9", status=400))
    publish(world.agent, prompt="Be terrible.")
    assert not send("GET", f"tests/{test['id']}")["latest"]["is_current"]
    actions = AuditEntry.objects.filter(action__startswith="test.").order_by("id")
    assert list(actions.values_list("action", flat=True)) == ["test.create", "test.run"]


def test_what_passed_before_it_was_changed_has_not_passed(send, path, body):
    test = send("POST", f"{path}/tests", body, 201)
    run = send("POST", f"{path}/test-runs", {}, 202)
    settle(run["id"], "passed")
    assert send("GET", f"tests/{test['id']}")["latest"]["is_current"]

    changed = send("PATCH", f"tests/{test['id']}", {"checks": [SAYS_REFUND | {"text": "never"}]})

    assert (changed["latest"]["verdict"], changed["latest"]["is_current"]) == ("passed", False)


def test_whoever_follows_a_run_asks_for_no_transcripts(send, path, world):
    one = make_test(world.agent)
    make_test(world.agent, name="Other", checks=[])
    run = send("POST", f"{path}/test-runs", {}, 202)
    settle(run["id"], "unchecked")
    AgentTestResult.objects.update(transcript=TALK)

    followed = send("GET", f"test-runs/{run['id']}?transcripts=false")

    assert [result["transcript"] for result in followed["results"]] == [None, None]
    assert (followed["passed"], followed["unchecked"], followed["status"]) == (0, 2, "done")
    (alone,) = send("GET", f"test-runs/{run['id']}?test={one.pk}")["results"]
    assert (alone["name"], alone["transcript"]) == (one.name, TALK)


def test_a_version_is_put_to_some_tests(send, path, body, world):
    one = make_test(world.agent)
    make_test(world.agent, name="Other")

    run = send("POST", f"{path}/test-runs", {"version": 1, "tests": [str(one.pk)]}, 202)

    assert (run["version"], run["revision"], run["tests"]) == (1, None, 1)
    refused = send("POST", f"{path}/test-runs", {"version": 1}, 409)
    assert refused["error"]["code"] == "run_under_way"
    assert "tests.0" in faults(send("POST", f"{path}/test-runs", {"tests": [run["id"]]}, 400))
    assert "version" in faults(send("POST", f"{path}/test-runs", {"version": 7}, 400))


def test_without_tests_there_is_nothing_to_run(send, path):
    assert "tests" in faults(send("POST", f"{path}/test-runs", {}, 400))


def test_few_runs_of_an_agent_are_under_way_at_once(send, path, world):
    make_test(world.agent)
    for n in range(runs.MOST_UNDER_WAY):
        publish(world.agent, prompt=f"Be {n}.")
        send("POST", f"{path}/test-runs", {}, 202)
    publish(world.agent, prompt="Be one too many.")

    send("POST", f"{path}/test-runs", {}, 409)


def test_a_run_is_stopped(send, path, world):
    make_test(world.agent)
    run = send("POST", f"{path}/test-runs", {}, 202)

    stopped = send("POST", f"test-runs/{run['id']}/stop")

    assert (stopped["status"], stopped["errors"]) == ("stopped", 1)
    assert stopped["results"][0]["error"] == runs.STOPPED
    assert runs.claim() is None
    assert send("POST", f"test-runs/{run['id']}/stop") == stopped
    assert AgentTestRun.objects.get().ended_at
    assert AgentTestResult.objects.get().verdict == "error"


def test_a_test_is_made_from_a_call(send, path, world):
    made = send("POST", f"calls/{world.ended.pk}/test", {"name": "Twice", "turn": 2}, 201)

    assert (made["name"], made["source_call"], made["agent"]) == (
        "Twice", str(world.ended.pk), str(world.agent.pk),
    )  # fmt: skip
    assert [entry["role"] for entry in made["conversation"]] == ["agent", "caller", "tool", "agent"]
    assert made["start"] == 1
    unnamed = send("POST", f"calls/{world.ended.pk}/test", {}, 201)
    assert unnamed["name"] == "Charged twice, one refunded"
    world.ended.agent = None
    world.ended.save()
    assert "agent" in faults(send("POST", f"calls/{world.ended.pk}/test", {}, 400))
