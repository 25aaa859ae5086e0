from decimal import Decimal

import pytest

from accounts.models import Workspace
from agents import catalog
from agents.llm import chain
from agents.models import LanguageModel, Provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return Workspace.objects.create(name="Larkfield Energy")


def asked_first(workspace, tier: str) -> str:
    return chain.ordered(chain.load(workspace.pk), tier)[0].model.name


def test_it_gives_every_tier_a_model(workspace):
    catalog.ensure_simulated(workspace, "http://127.0.0.1:9000/")

    assert [asked_first(workspace, tier) for tier in ("fast", "standard", "premium")] == [
        "sim-fast",
        "sim-standard",
        "sim-claude",
    ]


def test_it_prefers_real_vendors_to_the_simulator(workspace):
    catalog.ensure_simulated(workspace, "http://127.0.0.1:9000")
    catalog.ensure_anthropic(workspace, "sk-ant")

    assert asked_first(workspace, "fast") == "claude-haiku-5-5"
    catalog.ensure_openai(workspace, "sk")
    assert asked_first(workspace, "fast") == "gpt-6-luna"


def test_it_takes_a_new_key_and_address_and_leaves_what_somebody_changed(workspace):
    catalog.ensure_openai(workspace, "old", "http://gateway/v1")
    LanguageModel.objects.filter(name="gpt-6-luna").update(price_in=Decimal("0.07"), enabled=False)
    rows = LanguageModel.objects.count()

    catalog.ensure_openai(workspace, "new")

    provider = Provider.objects.get()
    assert (provider.api_key, provider.base_url) == ("new", "")
    luna = LanguageModel.objects.get(name="gpt-6-luna")
    assert (luna.price_in, luna.enabled) == (Decimal("0.07"), False)
    assert LanguageModel.objects.count() == rows


def test_two_workspaces_have_models_of_their_own(workspace):
    other = Workspace.objects.create(name="Other")
    catalog.ensure_openai(workspace, "ours")
    catalog.ensure_openai(other, "theirs")

    assert {one.model.endpoint.api_key for one in chain.load(workspace.pk)} == {"ours"}


@pytest.mark.parametrize("entry", catalog.OPENAI + catalog.ANTHROPIC, ids=lambda entry: entry.name)
def test_what_was_cached_is_cheaper(entry):
    assert 0 < entry.prices.cached < entry.prices.tokens_in < entry.prices.tokens_out
