"""Models and budgets in the admin: by the rules of the settings' pages, and nothing unrecorded."""

import pytest
from django.test import Client

from accounts.models import AuditEntry, Workspace
from agents.models import Agent, Budget, LanguageModel, Provider, Tool
from agents.services import publish
from tests.administered import act, address, form_of, one_of_everything, superuser

PROVIDER = {"name": "Another", "kind": "openai", "base_url": "https://8.8.8.8/v1", "api_key": "k"}


@pytest.fixture(scope="module")
def world(for_a_module) -> Workspace:
    return one_of_everything()


@pytest.fixture
def workspace(world, db) -> Workspace:
    return world


@pytest.fixture
def root(workspace) -> Client:
    return superuser()


def audited() -> list[str]:
    found = AuditEntry.objects.exclude(action__startswith="session").exclude(actor_id=None)
    return list(found.order_by("id").values_list("action", flat=True))


def add(client: Client, model, typed: dict):
    return client.post(address(model, "add"), form_of(client, address(model, "add")) | typed)


def change(client: Client, row, typed: dict):
    path = address(type(row), "change", row.pk)
    return client.post(path, form_of(client, path) | typed)


def test_every_act_is_in_the_audit_log(root, workspace):
    before = audited()
    own = {"workspace": workspace.pk}
    assert add(root, Provider, PROVIDER | own | {"enabled": "on"}).status_code == 302
    provider = Provider.objects.get(name="Another")
    typed = own | {"provider": provider.pk, "name": "m", "tier": "fast", "options": "{}"}
    assert add(root, LanguageModel, typed).status_code == 302
    model = LanguageModel.objects.get(name="m")
    assert change(root, model, {"rank": 3}).status_code == 302
    act(root, Provider, "disable", provider)
    act(root, Provider, "disable", provider)
    root.post(address(Provider, "delete", provider.pk), {"post": "yes"})
    assert audited()[len(before) :] == [
        "provider.create", "model.create", "model.edit", "provider.edit", "provider.delete",
    ]  # fmt: skip
    assert not LanguageModel.objects.filter(pk=model.pk)


def test_a_tool_is_held_to_the_rules_of_its_form_and_stays_while_it_is_used(root, workspace):
    before = audited()
    typed = {"workspace": workspace.pk, "name": "order.find", "description": "Finds.", "parameters": "{}"}
    typed |= {"url": "https://8.8.8.8/orders", "headers": '{"X-Key": "of the shop"}'}
    for wrong in ({"name": "end_call"}, {"url": "https://10.0.0.1/"}, {"parameters": '{"type": 7}'}):
        assert add(root, Tool, typed | wrong).status_code == 200
    assert add(root, Tool, typed).status_code == 302
    tool = Tool.objects.get(name="order.find")

    assert "Type it again" in change(root, tool, {"url": "https://1.1.1.1/"}).content.decode()
    assert change(root, tool, {"url": "https://8.8.8.8/o/{id}"}).status_code == 200
    assert change(root, tool, {"retries": 2}).status_code == 302
    tool.refresh_from_db()
    assert (tool.retries, tool.headers) == (2, '{"X-Key": "of the shop"}')

    agent = Agent.objects.create(workspace=workspace, name="Nora")
    publish(agent, prompt="You help.", tools=["order.find"])
    root.post(address(Tool, "delete", tool.pk), {"post": "yes"})
    assert Tool.objects.filter(pk=tool.pk).exists()
    publish(agent, prompt="You help.", tools=[])
    root.post(address(Tool, "delete", tool.pk), {"post": "yes"})
    assert not Tool.objects.filter(pk=tool.pk).exists()
    assert audited()[len(before) :] == ["tool.create", "tool.edit", "tool.delete"]


def test_an_agent_is_made_changed_and_removed_on_record(root, workspace):
    before = audited()
    assert add(root, Agent, {"workspace": workspace.pk, "name": "Nora", "hosting": "ours"}).status_code == 302
    agent = Agent.objects.get(name="Nora")
    assert change(root, agent, {"topic": "Meters"}).status_code == 302
    root.post(address(Agent, "delete", agent.pk), {"post": "yes"})

    assert audited()[len(before) :] == ["agent.create", "agent.edit", "agent.delete"]
    assert not Agent.objects.filter(pk=agent.pk)


def test_a_budget_is_set_changed_and_removed_on_record(root, workspace):
    before = audited()
    typed = {"workspace": workspace.pk, "agent": "", "period": "day", "soft_usd": "", "hard_usd": "5"}
    assert add(root, Budget, typed).status_code == 302
    assert add(root, Budget, typed).status_code == 200  # there is one
    budget = Budget.objects.get(period="day")
    typed = {"soft_usd": "2", "hard_usd": "4", "period": "month", "agent": Agent.objects.get().pk}
    assert change(root, budget, typed).status_code == 302
    budget.refresh_from_db()
    assert (budget.soft_usd, budget.hard_usd, budget.period, budget.agent) == (2, 4, "day", None)
    root.post(
        address(Budget, "changelist"),
        {"action": "delete_selected", "_selected_action": str(budget.pk), "post": "yes"},
    )
    assert audited()[len(before) :] == ["budget.create", "budget.edit", "budget.delete"]


@pytest.mark.parametrize(
    ("model", "typed", "said"),
    [
        (Provider, {"base_url": "https://10.0.0.1/v1"}, "10.0.0.1 is on a private network."),
        (Provider, {"base_url": "http://8.8.8.8/v1", "api_key": "k"}, "Give an https address"),
        (LanguageModel, {"options": '{"stream": false}'}, "Earshot says stream itself."),
        (LanguageModel, {"price_out": "-1"}, "greater than or equal to 0"),
        (LanguageModel, {"name": "two words"}, "has no spaces"),
        (LanguageModel, {"hedge_ms": "8000"}, "no sooner than the time-out"),
    ],
)
def test_what_the_settings_refuse_is_refused(root, model, typed, said):
    before = model.objects.values().get()

    assert said in change(root, model.objects.get(), typed).content.decode()
    assert model.objects.values().get() == before


def test_an_address_that_was_allowed_once_stays(root):
    Provider.objects.update(base_url="http://127.0.0.1:9/v1")

    assert change(root, Provider.objects.get(), {"name": "Renamed"}).status_code == 302
    assert Provider.objects.get().base_url == "http://127.0.0.1:9/v1"
