"""From a kept delivery to the record, whatever happens on the way."""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from accounts.models import AuditEntry, Workspace
from agents.models import Agent
from base.trace import new_trace
from calls.fold import SOCKET
from calls.models import Call, Event
from calls.services import Opening, link_agent, record
from platforms.models import Connection
from tests.calls.told import BEGAN, ON_THE_SOCKET
from tests.platforms.retell.payloads import CALL
from tests.webhooks.applying import ENDED, STARTED, apply_all, due_now
from tests.webhooks.told import body_of, kept
from webhooks import services
from webhooks.models import Delivery
from webhooks.services import MOST_ATTEMPTS, apply_call, apply_next, replay


def test_a_calls_deliveries_become_the_call(connection, agent):
    started = kept(connection, body_of("call_started", call=STARTED))
    kept(connection, body_of("call_ended", call=ENDED))
    kept(connection, body_of("call_analyzed", call=CALL))

    assert apply_all() == 1

    call = Call.objects.get()
    assert (call.status, call.outcome, call.end_reason) == ("ended", "caller_hung_up", "user_hangup")
    assert (call.agent, call.version, call.connection) == (agent, None, connection)
    assert (call.channel, call.level, call.summary) == ("phone", "event", "The caller moved a visit.")
    assert [turn.key for turn in call.turns.all()] == ["r0", "c0", "tool_call_51f0c2", "r3", "c1"]
    started.refresh_from_db()
    assert (started.status, started.call, started.attempts) == ("applied", call, 1)
    assert started.processing_ms >= 1
    assert started.claimed_until is None
    assert started.applied_at


def test_it_says_what_came_of_a_call(connection):
    kept(connection, body_of("call_started", call=STARTED))
    kept(connection, body_of("call_ended", call={"call_id": CALL["call_id"], "start_timestamp": "soon"}))

    applied = apply_call()

    assert (applied.platform_call_id, applied.call_id) == (CALL["call_id"], Call.objects.get().pk)
    assert applied.came == {"applied": 2}
    assert apply_call() is None


def test_a_call_that_never_connected_is_still_a_call(connection):
    told = {
        "call_id": "call_90b4d7f3",
        "call_type": "phone_call",
        "direction": "outbound",
        "to_number": "+14155550155",
        "call_status": "not_connected",
        "disconnection_reason": "dial_no_answer",
        "end_timestamp": 1795000120000,
        "duration_ms": 0,
        "transcript_with_tool_calls": [],
    }
    kept(connection, body_of("call_ended", call=told))
    apply_all()

    call = Call.objects.get()
    assert (call.outcome, call.status, call.direction) == ("not_connected", "failed", "outbound")
    assert call.turn_count == 0


def test_calls_followed_by_webhooks_are_live_at_turn_level(connection):
    talking = {key: CALL[key] for key in ("call_id", "start_timestamp", "transcript_with_tool_calls")}
    kept(connection, body_of("transcript_updated", call=talking | {"call_status": "ongoing"}))
    apply_all()

    call = Call.objects.get()
    assert (call.status, call.level, call.turn_count) == ("live", "turn", 5)


def test_an_unknown_agent_of_the_platform_is_remembered_and_linked_later(connection):
    kept(connection, body_of("call_started", call=STARTED))
    apply_all()
    call = Call.objects.get()
    assert (call.agent, call.platform_agent_id) == (None, CALL["agent_id"])
    agent = Agent.objects.create(workspace=connection.workspace, name="Odell")
    agent.connection, agent.platform_agent_id = connection, CALL["agent_id"]
    agent.save()

    assert link_agent(connection.workspace_id, connection.pk, CALL["agent_id"], agent) == 1

    call.refresh_from_db()
    assert call.agent == agent
    kept(connection, body_of("call_started", call=STARTED | {"call_id": "another"}))
    apply_all()
    assert Call.objects.get(platform_call_id="another").agent == agent


def test_a_call_whose_socket_we_hold_keeps_its_agent_and_version(connection, agent):
    holder = Agent.objects.create(workspace=connection.workspace, name="Winfield")
    opening = Opening(BEGAN, level="token", connection_id=connection.pk, agent_id=holder.pk, trace_id="a")
    kept(connection, body_of("call_started", call=STARTED))
    apply_all()
    assert Call.objects.get().agent == agent

    identity = (connection.workspace_id, "retell", CALL["call_id"])
    record(*identity, ON_THE_SOCKET[:3], source=SOCKET, opening=opening)
    kept(connection, body_of("call_analyzed", call=CALL))
    apply_all()

    call = Call.objects.get()
    assert (call.agent, call.level, call.started_at, call.trace_id) == (holder, "token", BEGAN, "a")


def test_the_same_call_of_another_workspace_is_another_call(connection):
    elsewhere = Workspace.objects.create(name="Elsewhere")
    other = Connection.objects.create(workspace=elsewhere, platform="retell", name="Elsewhere at Retell")
    kept(connection, body_of("call_started", call=STARTED))
    kept(other, body_of("call_started", call=STARTED))
    apply_all()

    assert Call.objects.for_workspace(elsewhere).count() == 1
    assert Call.objects.for_workspace(connection.workspace).count() == 1


@pytest.mark.parametrize(
    "body",
    [
        body_of("call_inbound", call_inbound={"from_number": "+1"}),
        body_of("agent_published", agent={}),
        body_of("test", call={"call_id": "x"}),
    ],
)
def test_what_says_nothing_about_a_call_is_settled(connection, body):
    delivery = kept(connection, body)
    apply_all()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.call, delivery.error) == ("ignored", None, "")
    assert Call.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff", "Unreadable: not UTF-8."),
        (b"{", "Unreadable: not JSON."),
        (b"[" * 100_000, "Unreadable: nested too deep."),
        (b"[]", "Unreadable: not an object."),
        (body_of("call_ended"), "Unreadable: it has no call."),
        (body_of("call_ended", call={}), "Unreadable: the call's id is missing or too long."),
    ],
)
def test_what_cannot_be_read_is_a_dead_letter_at_once(connection, body, reason):
    delivery = kept(connection, body)
    apply_all()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.error, delivery.attempts) == ("dead", reason, 1)


def refuse(word: str) -> None:
    """Have the database refuse every fact that holds this word, as it would a value it cannot keep."""
    with database.cursor() as cursor:
        cursor.execute(
            "create or replace function refuse_fact() returns trigger language plpgsql as $$ begin"
            f" if new.data::text like '%{word}%' then raise check_violation using"
            " message = 'no ' || new.data::text, constraint = 'poison'; end if; return new; end $$"
        )
        cursor.execute(
            "create or replace trigger refuse_fact before insert on calls_event"
            " for each row execute function refuse_fact()"
        )


def with_words(words: str) -> dict:
    return ENDED | {"transcript_with_tool_calls": [{"role": "user", "content": words}]}


def test_a_poisonous_delivery_blocks_neither_its_call_nor_others(connection, caplog):
    refuse("arsenic")
    poison = kept(connection, body_of("call_ended", call=with_words("arsenic and old lace")))
    kept(connection, body_of("call_started", call=STARTED))
    kept(connection, body_of("call_analyzed", call=CALL))
    kept(connection, body_of("call_started", call=STARTED | {"call_id": "another"}))

    apply_all()

    poison.refresh_from_db()
    assert (poison.status, poison.error) == ("pending", "IntegrityError 23514 poison")
    assert poison.due_at
    assert Delivery.objects.filter(status="applied").count() == 3
    assert Call.objects.get(platform_call_id=CALL["call_id"]).summary
    assert "arsenic" not in caplog.text
    assert str(poison.pk) in caplog.text


def test_it_gives_up_in_the_end_and_a_replay_tries_again(connection):
    refuse("arsenic")
    poison = kept(connection, body_of("call_ended", call=with_words("arsenic and old lace")))
    seconds = 1
    while Delivery.objects.filter(status="pending").exists():
        due_now()
        before = timezone.now()
        assert apply_next()
        after = timezone.now()
        poison.refresh_from_db()
        if poison.status == "pending":
            assert before + timedelta(seconds=seconds / 2) <= poison.due_at
            assert poison.due_at <= after + timedelta(seconds=seconds * 1.5)
            seconds = min(2 * seconds, 60)

    assert (poison.status, poison.attempts) == ("dead", MOST_ATTEMPTS)
    assert poison.error == "IntegrityError 23514 poison"

    with database.cursor() as cursor:
        cursor.execute("drop trigger refuse_fact on calls_event")
    assert [each.id for each in replay(Delivery.objects.all())] == [poison.pk]
    apply_all()
    poison.refresh_from_db()
    assert (poison.status, poison.attempts, poison.replays, poison.error) == ("applied", 1, 1, "")


def test_a_dead_workers_deliveries_are_taken_up_again(connection):
    kept(connection, body_of("call_started", call=STARTED))
    claimed = services._claim()
    assert len(claimed) == 1

    # It is somebody's, until its claim has run out.
    assert apply_next() is False
    due_now()
    assert apply_next() is True
    assert Delivery.objects.get().status == "applied"


def test_what_ends_every_worker_is_given_up_and_takes_nothing_else_with_it(connection):
    killer = kept(connection, body_of("call_ended", call=ENDED))
    other = kept(connection, body_of("call_started", call=STARTED))
    for _ in range(2):
        assert len(services._claim()) == 2
        due_now()

    # From now on each is taken alone.
    while claimed := services._claim():
        if claimed == [other]:
            services._apply(claimed)
        due_now()
        killer.refresh_from_db()
        if killer.attempts == MOST_ATTEMPTS:
            break
    apply_all()

    killer.refresh_from_db()
    other.refresh_from_db()
    assert (killer.status, killer.attempts) == ("dead", MOST_ATTEMPTS + 1)
    assert other.status == "applied"


def test_whoever_comes_late_settles_nothing(connection):
    delivery = kept(connection, body_of("call_started", call=STARTED))
    late = services._claim()
    due_now()
    assert len(list(replay(Delivery.objects.all()))) == 1
    services._apply(late)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("pending", 0)
    assert apply_all() == 1
    assert Event.objects.filter(kind="CallStarted").count() == 1


def test_neither_new_nor_failed_ones_keep_the_others_waiting(connection):
    past = timezone.now() - timedelta(seconds=1)
    for number in range(60):
        again = {"attempts": 3, "due_at": past} if number % 2 else {}
        kept(connection, body_of("call_started", call=STARTED | {"call_id": f"call_{number}"}), **again)

    claimed = [services._claim()[0] for _ in range(30)]

    assert {each.attempts for each in claimed} == {1, 4}
    assert len({each.pk for each in claimed}) == 30
    while services._claim():
        pass
    assert not Delivery.objects.filter(claimed_until=None).exists()


def test_an_erased_body_is_said_to_be_gone(connection):
    delivery = kept(connection, body_of("call_started", call=STARTED))
    Delivery.objects.filter(pk=delivery.pk).update(body=None)
    apply_all()

    assert Delivery.objects.get().error == "Its body has been erased."
    assert list(replay(Delivery.objects.all())) == []


def test_applying_belongs_to_the_trace_of_the_delivery(connection):
    trace_id = new_trace()
    kept(connection, body_of("call_started", call=STARTED), trace_id=trace_id)
    apply_all()

    assert Call.objects.get().trace_id == trace_id


def test_a_replay_is_written_down_and_changes_nothing(connection):
    kept(connection, body_of("call_analyzed", call=CALL))
    kept(connection, body_of("call_started", call=STARTED))
    apply_all()
    before = Call.objects.values().get()

    replayed = list(replay(Delivery.objects.all()))
    assert [(each.kind, each.status) for each in replayed] == [
        ("call_analyzed", "applied"),
        ("call_started", "applied"),
    ]
    apply_all()

    assert Call.objects.values().get() == before
    note = AuditEntry.objects.get(action="delivery.replay")
    assert (note.target, note.detail) == (f"connection:{connection.pk}", {"deliveries": 2})


def test_a_rehearsed_replay_changes_nothing_at_all(connection):
    kept(connection, body_of("call_started", call=STARTED))
    apply_all()
    before = list(Delivery.objects.values())

    assert len(list(replay(Delivery.objects.all(), dry_run=True))) == 1

    assert list(Delivery.objects.values()) == before
    assert not AuditEntry.objects.filter(action="delivery.replay").exists()
