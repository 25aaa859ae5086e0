"""Settings → Models: providers and models as an admin sets them up."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from agents.models import LanguageModel, Provider
from agents.provision import create_model
from agents.setup import changes
from agents.setup.forms import ModelForm
from tests.people import make_member, sign_in

KEY = "sk-0123456789-secret"
PROVIDER = {"name": "Ollama", "kind": "openai", "base_url": "http://localhost:11434/v1", "api_key": ""}
MODEL = {
    "name": "qwen3:8b",
    "tier": "fast",
    "rank": "1",
    "context_tokens": "32000",
    "price_in": "0.10",
    "price_out": "0",
    "timeout_ms": "8000",
    "retries": "1",
    "options": '{"reasoning_effort": "none"}',
}


@pytest.fixture
def browser(workspace) -> Client:
    return sign_in(make_member(workspace, "admin"))


@pytest.fixture(autouse=True)
def at_home(settings) -> None:
    settings.PRIVATE_HOSTS = ["localhost"]


@pytest.fixture
def provider(workspace) -> Provider:
    return Provider.objects.create(
        workspace=workspace, name="Vendor", kind="openai", base_url="https://8.8.8.8/v1", api_key=KEY
    )


@pytest.fixture
def model(workspace, provider) -> LanguageModel:
    return LanguageModel.objects.create(
        workspace=workspace, provider=provider, name="gpt-x", tier="fast", options={"top_p": 1}
    )


def text(response) -> str:
    """What a person reads, in one line."""
    return " ".join(re.sub("<[^>]+>", " ", response.content.decode()).split())


def audited(workspace) -> list[tuple[str, str, dict]]:
    rows = AuditEntry.objects.for_workspace(workspace).exclude(action__startswith="session")
    return list(rows.order_by("id").values_list("action", "target", "detail"))


def test_a_provider_and_a_model_are_set_up(browser, workspace):
    assert "No providers yet" in text(browser.get("/settings/models/"))
    offered = browser.get("/settings/models/providers/new?preset=ollama")
    assert "http://localhost:11434/v1" in offered.content.decode()

    added = browser.post("/settings/models/providers/add", PROVIDER)
    provider = Provider.objects.get()
    assert added["Location"] == reverse("models:provider", args=[provider.pk])
    browser.post(reverse("models:add_model", args=[provider.pk]), MODEL | {"takes_temperature": "on"})

    model = LanguageModel.objects.get()
    assert (model.workspace_id, model.options, model.price_cached) == (
        workspace.pk,
        {"reasoning_effort": "none"},
        None,
    )
    assert "qwen3:8b" in text(browser.get("/settings/models/"))
    assert audited(workspace) == [
        ("provider.create", f"provider:{provider.pk}", {"kind": "openai"}),
        ("model.create", f"model:{model.pk}", {"provider": str(provider.pk), "tier": "fast"}),
    ]


def test_a_key_is_never_shown_and_stays_where_it_is(browser, workspace, provider, model):
    pages = [
        browser.get(address)
        for address in (
            "/settings/models/",
            reverse("models:provider", args=[provider.pk]),
            reverse("models:model", args=[model.pk]),
        )
    ]
    assert not any(KEY in page.content.decode() for page in pages)

    edit = reverse("models:edit_provider", args=[provider.pk])
    same = {"name": "Vendor", "kind": "openai", "base_url": "https://8.8.8.8/v1"}
    assert browser.post(edit, same | {"name": "Renamed", "api_key": ""}).status_code == 302
    moved = browser.post(edit, same | {"base_url": "https://9.9.9.9/v1"})
    assert moved.status_code == 400
    assert "it would go to another address" in text(moved)
    provider.refresh_from_db()
    assert (provider.name, provider.api_key) == ("Renamed", KEY)

    browser.post(edit, same | {"base_url": "https://9.9.9.9/v1", "api_key": "sk-another"})
    browser.post(edit, same | {"base_url": "https://9.9.9.9/v1", "forget_api_key": "on"})
    provider.refresh_from_db()
    assert (provider.base_url, provider.api_key) == ("https://9.9.9.9/v1", "")
    details = [detail["changed"] for _, _, detail in audited(workspace)]
    assert details == [["name"], ["api_key", "base_url", "name"], ["api_key"]]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Give it a name."),
        ({"name": "vendor"}, "Another provider has that name."),
        ({"kind": "bard"}, "Choose what it speaks."),
        ({"base_url": "nonsense"}, "This is not an address."),
        ({"base_url": "http://8.8.8.8/v1"}, "Give an https address"),
        ({"base_url": "https://10.0.0.1/v1"}, "10.0.0.1 is on a private network."),
        ({"base_url": "http://127.0.0.1:6379/"}, "PRIVATE_HOSTS"),
        ({"base_url": "https://169.254.169.254/latest"}, "is on a private network."),
        ({"base_url": "https://user:pass@8.8.8.8/"}, "Leave out user names"),
        ({"api_key": "two words"}, "A key has no spaces"),
    ],
)
def test_what_is_wrong_with_a_provider_is_said(browser, provider, typed, said):
    response = browser.post("/settings/models/providers/add", PROVIDER | typed)

    assert response.status_code == 400
    assert said in text(response)
    assert Provider.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": "two words"}, "has no spaces"),
        ({"name": "gpt-x"}, "This provider has a model of that name."),
        ({"price_in": "-1"}, "greater than or equal to 0"),
        ({"retries": "9"}, "less than or equal to 5"),
        ({"hedge_ms": "9000"}, "no sooner than the time-out"),
        ({"options": "{nope}"}, "This is not JSON: "),
        ({"options": '{\n"a": 1,\n}'}, "line 3, column 1"),
        ({"options": "[1]"}, "Give an object"),
        ({"options": '{"a": NaN}'}, "This is not JSON that can be sent."),
        ({"options": "[" * 3_000}, "This is not JSON"),
        ({"options": '{"stream": false, "model": "x"}'}, "Earshot says model, stream itself."),
    ],
)
def test_what_is_wrong_with_a_model_is_said(browser, model, typed, said):
    response = browser.post(reverse("models:add_model", args=[model.provider_id]), MODEL | typed)

    assert response.status_code == 400
    assert said in text(response)
    assert LanguageModel.objects.count() == 1


def test_a_name_that_is_taken_in_the_same_moment_is_said_like_any_other(provider, model):
    """Pressed twice: the second has looked before the first has written."""
    form = ModelForm(MODEL | {"name": "gpt-x"}, others=LanguageModel.objects.none())

    assert changes._done(form, lambda: create_model(provider, form.cleaned_data, by=None)) is None
    assert "did you press twice?" in form.errors["name"][0]


def test_it_is_turned_off_and_on_and_no_further_by_a_second_press(browser, workspace, provider, model):
    for name, row in (("switch_provider", provider), ("switch_model", model)):
        off = reverse(f"models:{name}", args=[row.pk])
        browser.post(off, {"enabled": "0"})
        browser.post(off, {"enabled": "0"})
        row.refresh_from_db()
        assert not row.enabled
        browser.post(off, {"enabled": "1"})
        row.refresh_from_db()
        assert row.enabled
    assert len(audited(workspace)) == 4


def test_an_edit_of_a_model_changes_what_it_says(browser, workspace, model):
    page = browser.get(reverse("models:model", args=[model.pk])).content.decode()
    assert "&quot;top_p&quot;: 1" in page
    response = browser.post(reverse("models:edit_model", args=[model.pk]), MODEL | {"hedge_ms": "1200"})

    assert response.status_code == 302
    model.refresh_from_db()
    assert (model.name, model.hedge_ms, model.takes_temperature) == ("qwen3:8b", 1200, False)
    assert audited(workspace)[0][2]["changed"][:3] == ["context_tokens", "hedge_ms", "name"]


def test_deleting_asks_for_the_name(browser, workspace, provider, model):
    one, all_of_it = (
        reverse("models:delete_model", args=[model.pk]),
        reverse("models:delete_provider", args=[provider.pk]),
    )
    assert "That is not its name." in text(browser.post(one, {"name": "GPT-X"}))
    browser.post(one, {"name": "gpt-x"})
    assert not LanguageModel.objects.exists()
    assert browser.post(all_of_it, {"name": "vendor"}).status_code == 400
    browser.post(all_of_it, {"name": "Vendor"})

    assert not Provider.objects.exists()
    assert [action for action, *_ in audited(workspace)] == ["model.delete", "provider.delete"]


def test_a_programs_changes_keep_to_the_same_rules(workspace):
    asked = make_member(workspace, "admin")
    client = sign_in(asked)
    ask = {"content_type": "application/json"}
    made = client.post("/api/v1/providers", PROVIDER | {"api_key": KEY}, **ask)
    assert made.status_code == 201
    assert (made.json()["has_api_key"], KEY in made.content.decode()) == (True, False)
    address = f"/api/v1/providers/{made.json()['id']}"

    moved = client.patch(address, {"base_url": None}, **ask)
    assert moved.status_code == 400
    assert moved.json()["error"]["details"][0]["field"] == "api_key"
    assert client.patch(address, {"enabled": False}, **ask).json()["enabled"] is False
    assert client.patch(address, {"api_key": None}, **ask).json()["has_api_key"] is False
    assert client.patch(address, {"base_url": "https://10.0.0.1"}, **ask).status_code == 400

    model = {"provider": made.json()["id"], "name": "m", "tier": "fast", "options": {"stream": True}}
    assert client.post("/api/v1/models", model, **ask).status_code == 400
    added = client.post("/api/v1/models", model | {"options": {"top_k": 5}, "price_in": "0.1"}, **ask).json()
    assert (added["options"], added["price_in"], added["timeout_ms"]) == ({"top_k": 5}, "0.1", 8_000)
    changed = client.patch(f"/api/v1/models/{added['id']}", {"rank": 7, "hedge_ms": 900}, **ask).json()
    assert (changed["rank"], changed["hedge_ms"], changed["options"]) == (7, 900, {"top_k": 5})
    assert client.get("/api/v1/models").json()["items"] == [changed]
    assert client.delete(address).status_code == 200
    assert client.get("/api/v1/models").json()["items"] == []
