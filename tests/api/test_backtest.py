"""Rules tried on past calls, by programs."""

import json

from django.core.cache import cache

from tests.agents.rules.made import rule


def ask(world, body: dict, role: str = "admin"):
    program = world.program(role)
    return program.client.post(
        f"/api/v1/agents/{world.agent.pk}/backtest",
        json.dumps(body),
        content_type="application/json",
        headers={"authorization": f"Bearer {program.token}"},
    )


def test_it_says_on_which_calls_rules_would_have_fired(world):
    told = ask(world, {"rules": [rule("phrase", phrases=["charged twice"])]}).json()

    assert (told["calls"], told["fired_on"]) == (1, 1)
    (fired,) = told["items"]
    assert (fired["rule"], fired["name"], fired["at_ms"], fired["turn"]) == (
        "r1",
        "Said a phrase",
        3_400,
        "c0",
    )
    assert (fired["call"]["id"], fired["call"]["who"]) == (str(world.ended.pk), "+44 77•• ••• 142")
    assert ask(world, {"rules": [rule("phrase", phrases=["a refund"])]}).json()["fired_on"] == 0


def test_rules_that_cannot_be_followed_are_told_and_not_tried(world):
    refused = ask(world, {"rules": [rule("regex", pattern="(")]})
    assert refused.status_code == 400
    assert refused.json()["error"]["details"][0]["field"] == "rules.0.when.pattern"
    assert ask(world, {"rules": []}, role="operator").status_code == 403


def test_a_workspace_tries_rules_once_at_a_time(world):
    trying = f"backtest:{world.agent.workspace_id}"
    cache.set(trying, 1, timeout=60)
    assert ask(world, {"rules": []}).status_code == 429
    cache.delete(trying)
    assert ask(world, {"rules": []}).status_code == 200
    assert ask(world, {"rules": []}).status_code == 200
