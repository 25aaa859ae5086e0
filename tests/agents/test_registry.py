"""Tools that rooms bring along."""

import asyncio
from uuid import uuid4

import pytest

from accounts.models import Workspace
from agents import registry, services
from agents.llm import tools
from agents.llm.request import ToolSpec
from agents.models import Agent, Tool
from agents.registry import ToolContext, ToolFailed

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": False}


@pytest.fixture
def tool():
    """`tool(run, **options)`: a registered tool with a name of its own, which it gives."""

    def register(run, **options):
        name = f"test_{uuid4().hex}"
        registry.register(name, ToolSpec(name, "For tests.", SCHEMA), run, **options)
        return name

    return register


async def test_it_runs_for_whom_the_context_says(tool):
    seen = []

    async def run(call, arguments):
        seen.append((call, arguments))
        return "done"

    context = ToolContext(uuid4(), uuid4(), uuid4(), "+447700900142")
    result = await tools.run(context, tool(run), {"n": 1})

    assert (result.ok, result.text) == (True, "done")
    assert seen == [(context, {"n": 1})]


@pytest.mark.parametrize("arguments", [{"n": "1"}, {"workspace_id": "another"}, None])
async def test_it_is_not_run_with_what_does_not_fit(tool, arguments):
    async def run(call, given):
        raise AssertionError

    assert (await tools.run(ToolContext(uuid4()), tool(run), arguments)).text.startswith("The arguments ")


async def test_what_it_gives_is_capped(tool):
    async def run(call, arguments):
        return "x" * 100_000

    assert len((await tools.run(ToolContext(uuid4()), tool(run), {})).text) == tools.MAX_CHARS


async def refuses(call, arguments):
    raise ToolFailed("Nobody by that name.")


async def breaks(call, arguments):
    raise KeyError("a bug")


async def hangs(call, arguments):
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (refuses, "Nobody by that name."),
        (breaks, "The tool broke."),
        (hangs, "The tool did not answer within 0.05 s."),
    ],
)
async def test_its_faults_are_results_too(tool, run, told):
    result = await tools.run(ToolContext(uuid4()), tool(run, seconds=0.05), {})

    assert (result.ok, result.text) == (False, told)


def test_a_name_is_given_once(tool):
    name = tool(refuses)

    with pytest.raises(ValueError, match=name):
        registry.register(name, ToolSpec(name), refuses)


def test_an_agents_version_may_name_it(tool, db):
    name = tool(refuses)
    workspace = Workspace.objects.create(name="Larkfield Energy")
    Tool.objects.create(workspace=workspace, name=name, description="An impostor.", url="http://127.0.0.1:1/")
    agent = Agent.objects.create(workspace=workspace, name="Juno")

    services.publish(agent, prompt="Be brief.", tools=[name])

    assert services._load(agent.key).tools == (ToolSpec(name, "For tests.", SCHEMA),)
