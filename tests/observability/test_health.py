"""`/health/ai` and its part of the page: how the model providers do, by what became of the last attempts."""

import json
import re
from dataclasses import asdict
from datetime import timedelta
from time import time

import pytest
import redis
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import Role, Workspace
from accounts.tokens import create_token
from agents.llm import chain, circuit
from agents.models import LanguageModel, ModelCall, Provider
from observability import asking, health
from tests.people import make_member, sign_in


@pytest.fixture
def workspace(db):
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def quick(workspace) -> LanguageModel:
    provider = Provider.objects.create(workspace=workspace, name="OpenAI", kind="openai", api_key="the-key")
    return LanguageModel.objects.create(workspace=workspace, provider=provider, name="quick", tier="fast")


def asked(model: LanguageModel, times: int = 1, *, error: str = "", **fields) -> None:
    said = {"first_token_ms": None if error else 300, "error_type": error, "feature": "voice"}
    for _ in range(times):
        ModelCall.objects.create(
            workspace=model.workspace, provider=model.provider.name, model=model.name, **(said | fields)
        )


def opened(model: LanguageModel, *, seconds: float = 9, why: str = "timeout") -> None:
    """Every process leaves it alone for so long."""
    [key] = [one.circuit for one in chain.load(model.workspace_id) if one.model.name == model.name]
    state = circuit.State(5, time(), why, until=time() + seconds, trips=1)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.hset(circuit.KEY, key, json.dumps(asdict(state)))


@pytest.fixture
def told(workspace):
    client = sign_in(make_member(workspace, Role.VIEWER))

    def ask() -> dict:
        answer = client.get("/health/ai")
        assert answer.status_code == 200
        return answer.json()

    return ask


def test_it_says_how_each_provider_does_and_how_quick_it_is(quick, told):
    asked(quick, 3)
    asked(quick, first_token_ms=900)

    answer = told()

    [provider] = answer["providers"]
    [model] = provider["models"]
    assert (answer["status"], provider["status"], model["status"]) == ("healthy",) * 3
    assert (provider["name"], provider["kind"], provider["asked"], provider["failed"]) == (
        "OpenAI", "openai", 4, 0,
    )  # fmt: skip
    assert (provider["first_token_p50_ms"], provider["first_token_p95_ms"]) == (300, 900)
    assert (model["name"], model["tier"], model["circuit"], model["retry_in_ms"]) == (
        "quick", "fast", "closed", None,
    )  # fmt: skip
    assert provider["last_asked_at"] is not None


@pytest.mark.parametrize(
    ("failed", "answered", "first_token_ms", "status"),
    [
        (0, 0, 0, "healthy"),  # nobody was asked, and nothing is known against it
        (1, 19, 300, "healthy"),
        (1, 4, 300, "degraded"),
        (1, 0, 0, "degraded"),
        (2, 0, 0, "down"),
        (0, 20, 2_500, "degraded"),
        (0, 3, 2_500, "healthy"),  # too few to say
    ],
)
def test_a_model_is_judged_by_its_last_quarter_of_an_hour(
    quick, failed, answered, first_token_ms, status, workspace
):
    asked(quick, failed, error="overloaded")
    asked(quick, answered, first_token_ms=first_token_ms)

    [provider] = health.of(workspace.pk).providers
    assert (provider.status, provider.models[0].status) == (status, status)


def test_what_was_long_ago_or_came_from_the_cache_says_nothing(quick, told):
    asked(quick, 3, error="timeout")
    ModelCall.objects.update(created_at=timezone.now() - timedelta(hours=1))
    asked(quick, 3, cache_hit=True)

    [provider] = told()["providers"]
    assert (provider["asked"], provider["status"]) == (0, "healthy")


def test_one_that_is_left_alone_is_down_and_says_until_when(quick, told):
    clever = LanguageModel.objects.create(
        workspace=quick.workspace, provider=quick.provider, name="clever", tier="premium"
    )
    opened(quick, why="auth")

    answer = told()
    [provider] = answer["providers"]
    left_alone, other = provider["models"]
    if left_alone["name"] != "quick":
        left_alone, other = other, left_alone
    assert (left_alone["status"], left_alone["circuit"], left_alone["why"]) == ("down", "open", "auth")
    assert 0 < left_alone["retry_in_ms"] <= 9_000
    assert (other["status"], provider["status"], answer["status"]) == ("healthy", "degraded", "degraded")

    opened(clever)
    assert told()["status"] == "down"
    opened(clever, seconds=-1)
    assert told()["status"] == "degraded"
    assert {model["circuit"] for model in told()["providers"][0]["models"]} == {"open", "half-open"}


def test_what_is_switched_off_is_not_told_of_and_nothing_at_all_is_down(quick, told):
    LanguageModel.objects.update(enabled=False)

    assert told() | {"as_of": "", "window_ms": 0} == {
        "status": "down", "as_of": "", "window_ms": 0, "providers": [],
    }  # fmt: skip


def test_without_redis_nobody_knows_who_is_left_alone(quick, told):
    asked(quick, 2)
    with override_settings(REDIS_URL="redis://127.0.0.1:1"):
        [provider] = told()["providers"]

    assert (provider["status"], provider["models"][0]["circuit"]) == ("healthy", "unknown")


def test_a_program_may_ask_and_a_stranger_may_not(quick):
    _, token = create_token(quick.workspace, "Monitor", Role.VIEWER, None)

    assert Client().get("/health/ai").status_code == 401
    assert Client().get("/health/ai", headers={"authorization": "Bearer no"}).status_code == 401
    answer = Client().get("/health/ai", headers={"authorization": f"Bearer {token}"})
    assert answer.json()["providers"][0]["name"] == "OpenAI"
    assert b"the-key" not in answer.content


def test_a_database_that_does_not_answer_in_time_is_said(quick, workspace, monkeypatch):
    monkeypatch.setattr(asking, "LONGEST_MS", 1)
    monkeypatch.setattr("observability.sql.MODELS", "SELECT pg_sleep(2)")

    assert sign_in(make_member(workspace, Role.OWNER)).get("/health/ai").status_code == 503


def test_the_page_shows_the_same(quick, workspace):
    asked(quick, error="rate_limited")
    opened(quick, seconds=30, why="rate_limited")

    page = sign_in(make_member(workspace, Role.ADMIN)).get("/observability/").content.decode()

    assert re.search(r"Down <span class=\"dim\">rate limited, left alone for \d+ s", page)
