"""Rules on live calls while something is wrong: nothing that happened is forgotten, one call's trouble is its
own, and nobody is kept from a call."""

import pytest
from asgiref.sync import sync_to_async
from django.db import Error, connection

from agents.models import ModelCall
from calls import parts
from calls.models import Call, Event
from live import leases
from live.escalations import Escalations
from platforms.events import CallAnalyzed, TurnSpoken
from streaming.log import Entry, Log, Page
from tests.agents.rules.made import rule
from tests.live.ruled import fired, one_call, speak, tell, with_rules
from tests.live.scenes import Scene, at

ASKED = "I want to talk to a person"
AWAY = "ALTER TABLE {0} RENAME TO away"
BACK = "ALTER TABLE away RENAME TO {0}"
# Whoever is told that a rule fired without a limit on how long they may hold the call's row refuses.
LIMITED = """
CREATE FUNCTION limited() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.kind = 'RuleFired' AND current_setting('idle_in_transaction_session_timeout') = '0' THEN
    RAISE EXCEPTION 'for ever';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER limited BEFORE INSERT ON {0} FOR EACH ROW EXECUTE FUNCTION limited();
"""


@sync_to_async
def run(sql: str, table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.format(table))


async def cannot_look(escalations: Escalations, ms: int) -> None:
    """Costs cannot be read this time."""
    table = ModelCall._meta.db_table
    await run(AWAY, table)
    try:
        with pytest.raises(Error):
            await escalations.look(at(ms))
    finally:
        await run(BACK, table)


async def test_what_could_not_be_read_is_read_again(agent, watching):
    await with_rules(agent, rule("asks_for_person", "asks", cooldown_s=0), rule("cost", usd="5.00"))
    escalations = watching()
    await tell(agent, one_call((2_000, "c0", ASKED)), 0, 2_000)
    await cannot_look(escalations, 2_100)
    await escalations.look(at(2_600))
    assert await fired() == {("call_1", "asks", 2_000)}

    await tell(agent, one_call((2_000, "c0", ASKED), (6_000, "c1", ASKED)), 2_000, 6_000)
    await cannot_look(escalations, 6_100)
    await escalations.look(at(6_600))
    assert await fired() == {("call_1", "asks", 2_000), ("call_1", "asks", 6_000)}


async def test_a_call_whose_record_cannot_be_understood_is_no_other_calls_trouble(agent, watching, caplog):
    await with_rules(agent, rule("asks_for_person", "asks"), rule("cost", usd="5.00"))
    for name in ("odd_call", "odd_fact", "whole"):
        scene = one_call((2_000, "c0", ASKED))
        price = (2_000, CallAnalyzed(at(2_000), cost_usd="0.12"))
        await tell(agent, Scene(name, scene.source, [*scene.events, price], [], 60_000), 0, 2_000)
    await Call.objects.filter(platform_call_id="odd_call").aupdate(alerts=[{"odd": 1}])
    odd = await Event.objects.aget(call__platform_call_id="odd_fact", kind="CallAnalyzed")
    await Event.objects.filter(pk=odd.pk).aupdate(data=odd.data | {"cost_usd": "a lot"})

    await watching().look(at(2_100))

    assert await fired() == {("whole", "asks", 2_000)}
    wrong = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert sorted(message.rpartition(": ")[2] for message in wrong) == ["InvalidOperation", "KeyError"]


async def test_who_writes_down_a_firing_holds_the_call_briefly(agent, watching):
    await with_rules(agent, rule("asks_for_person", "asks"))
    await tell(agent, one_call((2_000, "c0", ASKED)), 0, 2_000)
    await run(LIMITED, Event._meta.db_table)
    try:
        await watching().look(at(2_100))
    finally:
        await run("DROP FUNCTION limited CASCADE", "")

    assert await fired() == {("call_1", "asks", 2_000)}


async def test_a_turn_that_grew_holds_no_silence_back_however_it_was_told(agent, watching, log):
    await with_rules(agent, rule("silence", seconds=8))
    said = [TurnSpoken("c0", at(end), "caller", "A long story.", 0, end, n=1) for end in (9_000, 5_000)]
    scene = Scene("call_1", "socket", [(n, one) for n, one in enumerate(said)], [], 60_000)
    call = await tell(agent, scene, -1, 0)
    await tell(agent, scene, 0, 1)  # what it was before it grew comes last
    turn = {"n": 1, "key": "c0", "role": "caller", "state": "final", "start_ms": 0, "end_ms": 9_000}
    picture = {"type": "data-turn", "id": "c0", "data": turn}
    await log.append(parts.topic(call), [Entry(picture, group="c0", whole=True)])

    await watching().look(at(17_100))

    assert await fired() == {("call_1", "r1", 17_000)}


class Counted(Log):
    """A log that counts how often somebody looks at all of a topic."""

    looks = 0

    async def snapshot(self, topic: str) -> Page:
        self.looks += 1
        return await super().snapshot(topic)


async def test_who_speaks_is_asked_once_a_second_at_most_while_a_silence_is_held_back(agent, watching):
    await with_rules(agent, rule("silence", seconds=8))
    spoken = TurnSpoken("c1", at(30_000), "caller", "A long story.", 3_000, 30_000, n=2)
    scene = one_call((2_000, "c0", "Hello?"))
    scene.events.append((30_000, spoken))
    call = await tell(agent, scene, 0, 2_000)
    with_log = Counted()
    client = leases.connect()
    try:
        await speak(with_log, call, scene, 4_000)
        escalations = Escalations(client, with_log)
        for ms in range(10_500, 13_500, 500):
            await escalations.look(at(ms))
    finally:
        await client.aclose()
        await with_log.close()

    assert await fired() == set()
    assert with_log.looks == 3
