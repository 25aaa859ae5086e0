"""One caller is forgotten: nothing of them is left in any table, key or file, and a late retry brings nothing
back."""

import json
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import redis
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection as database
from django.dispatch import receiver
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.erasing import Going, caller_erased
from agents.models import AgentTest, AgentTestResult, AgentTestRun, ModelCall
from base.fields import EncryptedTextField
from calls import board, embeddings, fold, recordings
from calls.models import (
    PLAYGROUND,
    Call,
    Digest,
    Erasure,
    Export,
    LegalHold,
    Note,
    PlaygroundChat,
    Reading,
    Recording,
    SavedView,
    Tombstone,
)
from calls.privacy import erasing, tasks
from calls.search import texts
from calls.services import Opening, record
from live import suggestions
from live.erasing import forget_calls
from observability.models import BrowserReport
from platforms.events import CallStarted, TurnSpoken
from tests.calls.made import make_call, said
from tests.people import make_member
from tests.platforms.retell.payloads import CALL, OF_A_CALL
from tests.webhooks.conftest import agent, connection, workspace  # noqa: F401  the agent of the payloads
from tests.webhooks.told import kept
from webhooks.models import Delivery
from webhooks.services import apply_next

NUMBER, DIGITS = "+44 7700 900731", "447700900731"
WORD = "quizzaciously"  # nobody else says it
# As somebody might look for them: as they are, in another case, with spaces or in JSON.
TRACES = [DIGITS, "900731", "7700 900 731", "7700+900731", WORD, WORD.upper(), WORD.capitalize()]

pytestmark = pytest.mark.django_db(transaction=True)


def told() -> list[bytes]:
    """What the platform posts about their call."""
    bodies = []
    for payload in OF_A_CALL:
        text = json.dumps(payload).replace(CALL["from_number"], f"+{DIGITS}")
        told = json.loads(text)
        for turn in told["call"].get("transcript_with_tool_calls", []):
            if turn.get("content"):
                turn["content"] += f" {WORD}, call me at {NUMBER}."
        if "call_analysis" in told["call"]:
            told["call"]["call_analysis"]["call_summary"] = f"They spoke {WORD}."
        bodies.append(json.dumps(told).encode())
    return bodies


def deliver(connection, bodies: list[bytes]) -> None:  # noqa: F811
    for body in bodies:
        kept(connection, body)
    while apply_next():
        pass


def chat(agent, name: str = "chat_1") -> Call:  # noqa: F811
    """Somebody types, and says who they are."""
    now = timezone.now()
    words = f"I am {WORD}. My number is {NUMBER}."
    turn = TurnSpoken(turn="c0", at=now, role="caller", text=words, start_ms=0, end_ms=900, n=1)
    opening = Opening(started_at=now, channel="chat", level="token", agent_id=agent.pk, title=words)
    events = [CallStarted(at=now), turn]
    return record(agent.workspace_id, "chat", name, events, source=fold.SOCKET, opening=opening)


def used(call: Call, admin) -> None:
    """What people and models make of a call in time."""
    texts.keep(call)
    embeddings.take_in(call, lambda: True)
    workspace_id, agent_id = call.workspace_id, call.agent_id
    Note.objects.create(workspace_id=workspace_id, call=call, author=admin, text=f"They said {WORD}.")
    Digest.objects.create(workspace_id=workspace_id, call=call, heard=1, text=WORD)
    row = Recording.objects.create(workspace_id=workspace_id, call=call, status=Recording.Status.KEPT)
    row.file = default_storage.save(recordings.place_of(row), ContentFile(WORD.encode()))
    row.source = f"https://platform.example/{DIGITS}.wav"
    row.save()
    test = AgentTest.objects.create(
        workspace_id=workspace_id,
        agent_id=agent_id,
        name=f"test {call.pk}",
        conversation=[{"role": "caller", "text": WORD}],
        source_call=call.pk,
    )
    run = AgentTestRun.objects.create(workspace_id=workspace_id, agent_id=agent_id, content={}, digest="1")
    for of in (test, None):
        AgentTestResult.objects.create(
            workspace_id=workspace_id, run=run, test=of, name="t", transcript=[{"text": WORD}]
        )
    tried = make_call(
        call.agent,
        [said("c0", f"{WORD} again", 0, 900)],
        platform=PLAYGROUND,
        platform_call_id=f"try-{call.pk}",
        from_number="",
    )
    PlaygroundChat.objects.create(workspace_id=workspace_id, call=tried, content={}, source=call, turn=1)
    ModelCall.objects.create(
        workspace_id=workspace_id,
        agent_id=agent_id,
        call_id=call.pk,
        feature="voice",
        provider="p",
        model="m",
    )


def beside(workspace, admin) -> None:  # noqa: F811
    """What may have a number in it and belongs to no call."""
    name = default_storage.save("exports/1", ContentFile(f"{DIGITS},{WORD}".encode()))
    Export.objects.create(
        workspace=workspace,
        format="csv",
        status="done",
        query=f"caller=%2B{DIGITS}",
        asked_by=admin,
        files=[name],
    )
    SavedView.objects.create(workspace=workspace, owner=admin, name="Theirs", query=f"caller=%2B{DIGITS}")
    SavedView.objects.create(workspace=workspace, owner=admin, name="Said", query="q=%2B44+7700+900731")
    SavedView.objects.create(workspace=workspace, owner=admin, name=f"Of {NUMBER}", query="status=failed")
    BrowserReport.objects.create(workspace=workspace, kind="error", page="/calls/", message=f"no +{DIGITS}")
    LegalHold.objects.create(workspace=workspace, caller=DIGITS, reason="court", lifted_at=timezone.now())
    cache.set("of:nobody", "something else")


def everything() -> str:
    """Every column of every table, also decrypted; every key of Redis with what it holds; every file."""
    found = []
    with database.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                for value in row:
                    text = (
                        bytes(value).decode(errors="replace")
                        if isinstance(value, memoryview | bytes)
                        else value
                    )
                    found.append(f"{table}: {text}")
    for model in apps.get_models():
        secret = [
            field.name for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)
        ]
        if secret:
            found += [f"{model.__name__}: {row}" for row in model._default_manager.values_list(*secret)]
    with redis.Redis.from_url(settings.REDIS_LOG_URL) as client:
        for key in client.scan_iter(count=1_000):
            held = {
                b"string": lambda key: client.get(key),
                b"hash": lambda key: client.hgetall(key),
                b"list": lambda key: client.lrange(key, 0, -1),
                b"set": lambda key: client.smembers(key),
                b"zset": lambda key: client.zrange(key, 0, -1),
                b"stream": lambda key: client.xrange(key),
            }.get(client.type(key), lambda key: b"")(key)
            found.append(f"{key!r}: {held!r}")
    for path in files(default_storage.location):
        with suppress(FileNotFoundError):  # tests beside this one come and go
            found.append(f"{path}: {path.read_bytes()!r}")
    return "\n".join(found)


def files(folder) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def traces() -> list[str]:
    return [line[:300] for line in everything().splitlines() if any(trace in line for trace in TRACES)]


def erase(*options: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("erase_caller", NUMBER, "--workspace", "Larkfield Energy", *options, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def admin(workspace):  # noqa: F811
    return make_member(workspace, "admin")


def test_nothing_is_left_and_nothing_comes_back(workspace, connection, agent, admin):  # noqa: F811
    bodies = told()
    deliver(connection, bodies)
    deliver(
        connection,
        [json.dumps({"event": "call_inbound", "call_inbound": {"from_number": f"+{DIGITS}"}}).encode()],
    )
    call = Call.objects.get(platform="retell")
    chatted = chat(agent)
    for each in (call, chatted):
        used(each, admin)
    board.announce(call)
    beside(workspace, admin)
    other = make_call(agent, [said("c0", "Nothing to do with it.", 0, 900)], from_number="+447700900142")
    before = traces()
    assert len(before) > 50

    receipt, _ = erase()

    assert traces() == []
    assert "calls: 4" in receipt  # and one of the playground for each
    assert DIGITS not in receipt
    assert list(Call.objects.values_list("pk", flat=True)) == [other.pk]
    assert ModelCall.objects.filter(call_id=None).count() == 2
    erasure = Erasure.objects.get()
    assert (erasure.status, erasure.caller, erasure.done, erasure.held) == ("done", "", 4, 0)

    # The platform tries again: what it sent, and what it had not sent yet.
    deliver(connection, bodies)
    deliver(connection, [bodies[-1].replace(b"They spoke", b"Anew, they spoke")])

    assert traces() == []
    assert Call.objects.count() == 1
    late = Delivery.objects.order_by("-id")[0]
    assert (late.status, late.body, late.error) == (
        "ignored",
        None,
        "The call it is about was erased before.",
    )
    assert Tombstone.objects.count() == 4

    # The caller may call again, and has a call like anybody's.
    again = [body.replace(CALL["call_id"].encode(), b"call_tomorrow") for body in bodies]
    deliver(connection, again)
    assert Call.objects.get(platform_call_id="call_tomorrow").from_number == f"+{DIGITS}"


def test_whoever_looks_through_much_for_a_number_holds_nobody_up(workspace):  # noqa: F811
    """Rooms hear of a caller outside of any transaction, and a room that failed is asked again."""
    heard = []

    @receiver(caller_erased)
    def look(caller, **_signal):
        heard.append(database.in_atomic_block)
        if len(heard) == 1:
            raise OSError
        return {"traces": 2}

    erasure = erasing.ask(workspace.pk, NUMBER, by=None)
    try:
        with pytest.raises(OSError):
            erasing.go_on(erasing.claim(erasure.pk))
        Erasure.objects.update(alive_at=None)
        erasing.go_on(erasing.claim(erasure.pk))
    finally:
        caller_erased.disconnect(look)

    assert heard == [False, False]
    erasure.refresh_from_db()
    assert (erasure.status, erasure.counts["traces"], erasure.caller) == ("done", 2, "")


def test_suggestions_go_with_their_chat(workspace, agent):  # noqa: F811
    chatted, other = chat(agent), chat(agent, "chat_2")
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for call in (chatted, other):
            client.sadd(suggestions.index_of(call.pk), f"suggestions:{call.pk}:a", f"suggestions:{call.pk}:b")
            for name in ("a", "b"):
                client.set(f"suggestions:{call.pk}:{name}", WORD)
        erased = forget_calls(Going(workspace.pk, (chatted.pk,), ()))
        left = [key.decode() for key in client.scan_iter("suggest*")]

    assert erased == {"suggestions": 2}
    assert not any(str(chatted.pk) in key for key in left)
    assert sum(str(other.pk) in key for key in left) == 3


def test_what_is_under_hold_is_left_and_said(workspace, agent):  # noqa: F811
    free, held = (make_call(agent, [said("c0", "Hello", 0, 9)], from_number=f"+{DIGITS}") for _ in range(2))
    LegalHold.objects.create(workspace=workspace, call=held, reason="court")

    receipt, _ = erase()

    assert list(Call.objects.all()) == [held]
    assert "1 calls are under legal hold and were left." in receipt
    assert Erasure.objects.get().held == 1
    assert free.pk != held.pk


def test_a_hold_on_the_caller_holds_all_of_them(workspace, agent):  # noqa: F811
    make_call(agent, from_number=f"+{DIGITS}")
    make_call(agent, from_number="+15550100", to_number=f"00{DIGITS}", direction="outbound")
    LegalHold.objects.create(workspace=workspace, caller=DIGITS, reason="court")

    erase()

    assert Call.objects.count() == 2


def test_a_hold_that_stands_outlives_a_caller_of_whom_there_is_nothing(workspace):  # noqa: F811
    LegalHold.objects.create(workspace=workspace, caller=DIGITS, reason="court")

    erase()

    assert LegalHold.objects.get().caller == DIGITS


def test_what_is_being_made_of_their_calls_is_not_made_of_everybodys(workspace, agent):  # noqa: F811
    make_call(agent, [said("c0", "Hello", 0, 9)], from_number="+447700900142")
    query = f"caller={DIGITS}"
    Reading.objects.create(workspace=workspace, what=["topics"], query=query, about=1)
    Export.objects.create(workspace=workspace, format="csv", query=query, columns=["id"])
    Reading.objects.create(workspace=workspace, what=["topics"], query="status=ended", about=1)
    SavedView.objects.create(
        workspace=workspace, owner=make_member(workspace, "admin"), name="v", query=f"agent={agent.pk}"
    )

    erase()

    stopped, other = Reading.objects.order_by("id")
    assert (stopped.status, stopped.query) == ("stopped", "")
    assert (other.status, other.query) == ("waiting", "status=ended")
    assert not Export.objects.exists()
    assert SavedView.objects.count() == 1


def test_a_call_that_goes_on_is_waited_for(workspace, agent):  # noqa: F811
    now = timezone.now()
    live = make_call(agent, ended=False, started_at=now, from_number=f"+{DIGITS}")

    receipt, _ = erase()

    assert "1 calls still go on" in receipt
    assert Erasure.objects.get().status == "waiting"
    Call.objects.filter(pk=live.pk).update(ended_at=now + timedelta(seconds=9), closed_at=now)
    tasks.erase()
    assert not Call.objects.exists()
    assert (Erasure.objects.get().status, Erasure.objects.get().caller) == ("done", "")


def test_calls_are_locked_before_the_marks_of_their_hours(agent):  # noqa: F811
    """As whoever keeps their figures does: else each may wait for the other."""
    make_call(agent, from_number=f"+{DIGITS}")

    with CaptureQueriesContext(database) as context:
        erase()

    asked = [query["sql"] for query in context.captured_queries]
    locked = next(n for n, sql in enumerate(asked) if '"calls_call"' in sql and "FOR UPDATE" in sql)
    marked = next(n for n, sql in enumerate(asked) if sql.startswith('INSERT INTO "calls_tallymark"'))
    assert locked < marked


def test_a_dry_run_changes_nothing(workspace, agent):  # noqa: F811
    make_call(agent, from_number=f"+{DIGITS}")

    said, _ = erase("--dry-run")

    assert said.startswith("1 calls: 0 are under legal hold")
    assert Call.objects.count() == 1
    assert not Erasure.objects.exists()


def test_the_number_that_was_called_is_not_the_callers(agent):  # noqa: F811
    make_call(agent, from_number="+447700900142", to_number=f"+{DIGITS}", direction="inbound")

    erase()

    assert Call.objects.count() == 1


@pytest.mark.parametrize("number", ["odell", "12", "+44 7700 900142 ext 5"])
def test_what_is_no_number_is_refused(workspace, number):  # noqa: F811
    with pytest.raises(CommandError, match="whole phone number"):
        call_command("erase_caller", number, "--workspace", "Larkfield Energy")
    assert not Erasure.objects.exists()
