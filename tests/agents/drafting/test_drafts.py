"""A draft: written by several, published, gone back from."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async

from accounts.models import AuditEntry
from agents import services
from agents.drafting import drafts
from agents.models import Agent, AgentDraft, AgentVersion, DraftStep
from tests.agents.drafting.conftest import PROMPT


def fields(agent) -> list[str]:
    return drafts.changed(agent, AgentDraft.objects.filter(agent=agent).first())


def acts() -> list[tuple[str, dict]]:
    return list(AuditEntry.objects.order_by("id").values_list("action", "detail"))


# --- Writing --------------------------------------------------------------------------------------------


def test_looking_writes_nothing(agent):
    draft = drafts.look(agent)

    assert (draft.revision, draft.content["prompt"], draft.base) == (0, PROMPT, agent.live_version)
    assert not DraftStep.objects.exists()


def test_what_is_saved_is_there_and_answers_nobody(agent, maya):
    saved = drafts.save(agent, {"voice": "ada"}, 0, maya)

    assert (saved.merged, saved.conflicts) == (False, [])
    assert drafts.look(agent).content["voice"] == "ada"
    assert drafts.look(agent).edited_by == maya
    assert fields(agent) == ["voice"]
    agent.refresh_from_db()
    assert agent.live_version.voice == "wren"


def test_an_agent_without_a_version_begins_with_nothing(workspace, maya):
    agent = Agent.objects.create(workspace=workspace, name="Juno")

    drafts.save(agent, {"prompt": "Be kind."}, 0, maya)

    assert fields(agent) == ["prompt"]
    assert drafts.publish(agent, maya, "").number == 1


def test_saving_what_is_there_makes_no_revision(agent, maya):
    before = drafts.save(agent, {"voice": "ada"}, 0, maya).draft.revision

    again = drafts.save(agent, {"voice": "ada"}, before, maya)

    assert again.draft.revision == before


def test_two_who_write_at_once_are_merged(agent, maya, jon):
    seen = drafts.open(agent, maya).revision
    drafts.save(agent, {"prompt": PROMPT.replace("brief", "kind"), "speed": 1.1}, seen, maya)

    saved = drafts.save(agent, {"prompt": PROMPT.replace("guess", "promise"), "voice": "ada"}, seen, jon)

    assert saved.merged
    assert saved.conflicts == []
    assert saved.draft.content["prompt"] == PROMPT.replace("brief", "kind").replace("guess", "promise")
    assert (saved.draft.content["voice"], saved.draft.content["speed"]) == ("ada", 1.1)


def test_where_both_wrote_in_one_place_the_later_is_kept_and_told_of_the_other(agent, maya, jon):
    seen = drafts.open(agent, maya).revision
    drafts.save(agent, {"prompt": PROMPT.replace("brief", "kind")}, seen, maya)

    saved = drafts.save(agent, {"prompt": PROMPT.replace("brief", "funny")}, seen, jon)

    assert saved.draft.content["prompt"] == PROMPT.replace("brief", "funny")
    assert (saved.conflicts, saved.theirs) == (["prompt"], {"prompt": PROMPT.replace("brief", "kind")})


def test_who_is_told_of_others_changes_need_not_have_changed_the_same(agent, maya, jon):
    seen = drafts.open(agent, maya).revision
    drafts.save(agent, {"speed": 1.1}, seen, maya)

    assert drafts.save(agent, {"voice": "ada"}, seen, jon).merged


async def test_two_who_begin_a_draft_in_the_same_moment_are_both_in_it(
    transactional_db, dropped_connections, agent
):
    save = database_sync_to_async(drafts.save, thread_sensitive=False)

    await asyncio.gather(*[save(agent, {name: "x"}, 0, None) for name in ("voice", "first_message")])

    draft = await sync_to_async(drafts.look)(agent)
    assert (draft.content["voice"], draft.content["first_message"]) == ("x", "x")


def test_what_a_draft_was_written_without_is_as_the_version_has_it(agent, maya):
    draft = drafts.save(agent, {"voice": "ada"}, 0, maya).draft
    del draft.content["speed"]
    draft.content["colour"] = "red"
    draft.save()

    assert fields(agent) == ["voice"]
    assert drafts.publish(agent, maya, "").speed == 1.0


def test_only_the_last_revisions_are_remembered(agent, maya):
    draft = drafts.open(agent, maya)
    draft.revision += drafts.STEPS
    draft.save()
    DraftStep.objects.bulk_create(
        DraftStep(workspace=agent.workspace, draft=draft, revision=number, content={})
        for number in range(2, draft.revision + 1)
    )

    drafts.save(agent, {"voice": "ada"}, draft.revision, maya)

    kept = DraftStep.objects.order_by("revision").values_list("revision", flat=True)
    assert (len(kept), kept[0]) == (drafts.STEPS, 3)


def test_an_editor_that_slept_for_long_is_merged_with_what_the_draft_began_from(agent, maya, jon):
    slept = drafts.open(agent, jon).revision
    drafts.save(agent, {"speed": 1.5}, slept, maya)
    DraftStep.objects.filter(revision=slept).delete()

    saved = drafts.save(agent, {"voice": "ada", "speed": 1.0}, slept, jon)

    assert (saved.draft.content["voice"], saved.draft.content["speed"]) == ("ada", 1.5)


def test_it_is_on_record_who_began_to_write_and_not_every_word(agent, maya, jon):
    for number, by in enumerate([maya, maya, jon, jon, maya]):
        drafts.save(agent, {"voice": f"voice {number}"}, number + 1, by)

    assert [action for action, _ in acts()] == ["draft.edit"] * 3


# --- Publishing -----------------------------------------------------------------------------------------


def test_it_becomes_the_next_version(agent, maya):
    drafts.save(agent, {"voice": "ada", "variables": {"desk": "Billing"}}, 0, maya)

    version = drafts.publish(agent, maya, "A new voice", "Autumn")

    assert (version.number, version.voice, version.variables) == (2, "ada", {"desk": "Billing"})
    assert (version.note, version.name, version.created_by) == ("A new voice", "Autumn", maya)
    assert (version.prompt, version.tools) == (PROMPT, ["end_call"])
    agent.refresh_from_db()
    assert agent.live_version == version
    assert fields(agent) == []
    assert acts()[-1] == ("agent.publish", {"number": 2})


def test_what_is_wrong_is_not_published(agent, maya):
    drafts.save(agent, {"prompt": " ", "tools": ["tea.make"]}, 0, maya)

    with pytest.raises(drafts.NotPublishable) as refused:
        drafts.publish(agent, maya, "")

    assert [fault.field for fault in refused.value.faults] == ["prompt", "tools"]
    assert agent.versions.count() == 1


def test_what_is_only_worth_knowing_is(agent, maya):
    drafts.save(agent, {"first_message": "Hello {{caller_name}}"}, 0, maya)

    assert drafts.publish(agent, maya, "").first_message == "Hello {{caller_name}}"


def test_what_is_live_is_not_published_again(agent, maya):
    with pytest.raises(drafts.NotPublishable, match="live"):
        drafts.publish(agent, maya, "")


def test_who_looked_at_something_else_is_told(agent, maya, jon):
    looked_at = drafts.save(agent, {"voice": "ada"}, 0, maya).draft.revision
    drafts.save(agent, {"speed": 1.2}, looked_at, jon)

    with pytest.raises(drafts.Moved):
        drafts.publish(agent, maya, "", revision=looked_at)

    assert agent.versions.count() == 1


def test_an_editor_that_slept_through_a_publication_is_still_merged(agent, maya, jon):
    seen = drafts.save(agent, {"prompt": PROMPT.replace("brief", "kind")}, 0, maya).draft.revision
    drafts.publish(agent, maya, "")
    drafts.discard(agent, maya)

    drafts.save(agent, {"prompt": PROMPT.replace("brief", "kind").replace("guess", "promise")}, seen, jon)

    assert fields(agent) == ["prompt"]
    assert drafts.look(agent).content["prompt"] == PROMPT.replace("brief", "kind").replace("guess", "promise")


def test_what_is_published_past_it_is_taken_up(agent, maya):
    drafts.save(agent, {"voice": "ada"}, 0, maya)
    services.publish(agent, speed=1.3, voice="juno")

    assert fields(agent) == ["voice"]
    version = drafts.publish(agent, maya, "")
    assert (version.voice, version.speed) == ("ada", 1.3)


# --- Going back -----------------------------------------------------------------------------------------


def test_an_earlier_version_is_published_once_more(agent, maya):
    services.publish(agent, prompt="Be terrible.")

    version = drafts.restore(agent, 1, maya)

    assert (version.number, version.prompt, version.note) == (3, PROMPT, "v1 again")
    agent.refresh_from_db()
    assert agent.live_version == version
    assert acts()[-1] == ("agent.restore", {"number": 3, "from": 1})


def test_what_the_draft_has_changed_stays_in_it(agent, maya):
    services.publish(agent, prompt="Be terrible.", speed=1.2)
    drafts.save(agent, {"voice": "ada"}, 0, maya)

    drafts.restore(agent, 1, maya)

    assert fields(agent) == ["voice"]
    assert drafts.look(agent).content["prompt"] == PROMPT


def test_what_cannot_be_said_any_more_is_not_gone_back_to(agent, maya):
    services.publish(agent, tools=["tea.make"])
    services.publish(agent, tools=[])

    with pytest.raises(drafts.NotPublishable, match=r"tea\.make"):
        drafts.restore(agent, 2, maya)
    with pytest.raises(AgentVersion.DoesNotExist):
        drafts.restore(agent, 9, maya)


def test_a_draft_is_discarded(agent, maya):
    drafts.save(agent, {"voice": "ada"}, 0, maya)

    drafts.discard(agent, maya)
    drafts.discard(agent, maya)

    assert fields(agent) == []
    assert [action for action, _ in acts()] == ["draft.edit", "draft.discard"]
