"""What is wrong with what an agent is to be told."""

from uuid import uuid4

import pytest

from agents.drafting import content
from agents.models import AgentVersion, LanguageModel, Provider, Tool
from agents.variables import LONGEST_VALUE


@pytest.fixture
def told(agent) -> content.Content:
    return content.of(agent.live_version)


@pytest.fixture
def model(workspace) -> LanguageModel:
    provider = Provider.objects.create(workspace=workspace, name="Vendor", kind="openai")
    return LanguageModel.objects.create(workspace=workspace, provider=provider, name="m", tier="fast")


@pytest.fixture
def found(workspace, told):
    def found(**fields) -> list[tuple]:
        faults = content.faults(workspace.pk, told | fields)
        return [(fault.section, fault.field, fault.blocks) for fault in faults]

    return found


def test_every_field_of_a_version_has_its_section(told):
    assert set(content.SECTIONS) == set(AgentVersion.CONTENT) == set(told)
    assert set(content.of(None)) == set(told)


def test_nothing_is_wrong_with_what_can_be_said(found, told, model):
    assert found() == []
    assert found(chain=[str(model.pk)], language="es-419", speed=1.2, temperature=1, rules=[]) == []


@pytest.mark.parametrize(
    ("field", "value", "section"),
    [
        ("prompt", " \n", "prompt"),
        ("variables", {"": "a"}, "prompt"),
        ("variables", {"a b": "c"}, "prompt"),
        ("variables", {"memory": "of an elephant"}, "prompt"),
        ("variables", {"a": "x" * (LONGEST_VALUE + 1)}, "prompt"),
        ("language", "English", "voice"),
        ("speed", 0.1, "voice"),
        ("speed", 9, "voice"),
        ("temperature", -1, "model"),
        ("temperature", 1.5, "model"),
        ("chain", ["nobody"], "model"),
        ("chain", [str(uuid4())], "model"),
        ("tools", ["tea.make"], "tools"),
        ("tools", ["end_call", "end_call"], "tools"),
        ("rules", [{}], "escalation"),
        ("rules", [{"id": "r1", "when": 3}], "escalation"),
    ],
)
def test_what_is_wrong_is_said_where_it_can_be_mended(found, field, value, section):
    faults = found(**{field: value})

    assert faults
    assert {(where, blocks) for where, _, blocks in faults} == {(section, True)}
    assert {name.partition(".")[0] for _, name, _ in faults} == {field}


def test_tools_are_the_workspaces_own_and_everybodys(found, workspace):
    Tool.objects.create(workspace=workspace, name="tea.make", description="Tea", url="https://tea.example")

    assert found(tools=["tea.make", "end_call", "lookup_memory"]) == []


def test_another_workspaces_models_and_tools_are_not_there(found, model, workspace, agent):
    elsewhere = type(workspace).objects.create(name="Elsewhere")
    Tool.objects.create(workspace=elsewhere, name="tea.make", description="Tea", url="https://tea.example")
    model.workspace = elsewhere
    model.save()

    assert ("tools", "tools", True) in found(tools=["tea.make"])
    assert ("model", "chain", True) in found(chain=[str(model.pk)])


def test_a_chain_of_which_nobody_is_on_is_wrong_and_one_that_passes_somebody_over_is_not(found, model):
    off = LanguageModel.objects.create(
        workspace=model.workspace, provider=model.provider, name="off", tier="fast", enabled=False
    )

    assert found(chain=[str(model.pk), str(off.pk)]) == [("model", "chain", False)]
    assert found(chain=[str(off.pk)]) == [("model", "chain", True)]
    assert found(chain=[str(model.pk), str(model.pk)]) == [("model", "chain", True)]


def test_a_name_nobody_fills_is_worth_knowing(workspace, told):
    told |= {
        "prompt": "You are {{agent_name}} of {{company_name}}.\n{{memory}}\nAsk {{ desk }} or {{who}}.",
        "variables": {"desk": "Billing"},
    }

    (fault,) = content.faults(workspace.pk, told)

    assert (fault.field, fault.line, fault.blocks) == ("prompt", 3, False)
    assert "{{who}}" in fault.message


def test_a_value_that_wants_to_be_filled_is_worth_knowing(found):
    assert found(prompt="{{desk}}", variables={"desk": "{{who}}"}) == [("prompt", "variables", False)]
