"""Notes of calls: who writes, answers, changes and deletes them, and what happens when two do so at once."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry, Membership, User, Workspace
from base.ids import uuid7
from calls.models import Call, Note, Turn
from calls.notes import notes, people
from calls.services import record
from tests.calls.made import A_SHORT_CALL, make_call
from tests.calls.told import BY_THE_PLATFORM, ON_THE_SOCKET


@pytest.fixture
def path(call) -> str:
    return f"calls/{call.pk}/notes"


def test_a_thread_at_a_turn(priya, maya, call, path):
    first = priya.ask("POST", path, {"text": " Why twice? ", "turn": 2}, 201)
    answer = maya.ask("POST", path, {"text": "A test charge.", "answers": first["id"]}, 201)
    onto = priya.ask("POST", path, {"text": "Thanks!", "answers": answer["id"]}, 201)

    assert (first["text"], first["turn"], first["answers"]) == ("Why twice?", 2, None)
    assert first["author"] == {"id": priya.id, "name": "Priya Nair", "initials": "PN"}
    # A thread is flat, and stands where its first note does.
    assert [(one["turn"], one["answers"]) for one in (answer, onto)] == [(2, first["id"])] * 2
    assert priya.ask("GET", path) == {"items": [first, answer, onto], "next": None}
    assert notes.counts([call.pk, uuid7()]) == {call.pk: 3}


def test_a_thread_is_resolved_and_opened_again_by_an_answer(priya, maya, path):
    first = priya.ask("POST", path, {"text": "Look at this."}, 201)
    answer = maya.ask("POST", path, {"text": "Done.", "answers": first["id"]}, 201)

    resolved = maya.ask("POST", f"notes/{answer['id']}/resolve")
    again = priya.ask("POST", f"notes/{first['id']}/resolve")

    assert resolved["id"] == first["id"]
    assert resolved["resolved_by"]["name"] == "Maya Kessler"
    assert again == resolved  # whoever was first
    priya.ask("POST", path, {"text": "Not quite.", "answers": first["id"]}, 201)
    assert priya.ask("GET", path)["items"][0]["resolved_at"] is None
    maya.ask("POST", f"notes/{first['id']}/resolve")
    assert priya.ask("POST", f"notes/{answer['id']}/reopen")["resolved_by"] is None


def test_only_its_author_changes_a_note(priya, maya, joins, path):
    note = priya.ask("POST", path, {"text": "Wrnog."}, 201)

    for other in (maya, joins("Ada Min", "admin")):
        refused = other.ask("PATCH", f"notes/{note['id']}", {"text": "Mine"}, 403)
        assert refused["error"]["message"].endswith("Only its author can change a note.")
    changed = priya.ask("PATCH", f"notes/{note['id']}", {"text": "Wrong."})

    assert (changed["text"], bool(changed["edited_at"])) == ("Wrong.", True)
    same = priya.ask("PATCH", f"notes/{note['id']}", {"text": "Wrong."})
    assert same["edited_at"] == changed["edited_at"]


def test_what_is_deleted_is_gone_and_is_audited_without_words(priya, maya, joins, call, path):
    mine, other = (priya.ask("POST", path, {"text": text}, 201) for text in ("One", "Two"))

    maya.ask("DELETE", f"notes/{mine['id']}", status=403)
    assert priya.ask("DELETE", f"notes/{mine['id']}") == mine
    admin = joins("Ada Min", "admin")
    admin.ask("DELETE", f"notes/{other['id']}")

    assert not Note.objects.exists()
    entry = AuditEntry.objects.filter(action="note.delete").latest("id")
    assert (entry.target, str(entry.actor_id)) == (f"call:{call.pk}", admin.id)
    assert entry.detail == {"note": other["id"], "author": priya.id}


def test_a_deleted_note_that_others_answer_says_so_until_they_are_gone(priya, maya, call, path):
    first = priya.ask("POST", path, {"text": "Secret"}, 201)
    answer = maya.ask("POST", path, {"text": "What?", "answers": first["id"]}, 201)

    priya.ask("DELETE", f"notes/{first['id']}")

    stands, its_answer = priya.ask("GET", path)["items"]
    assert (stands["id"], stands["text"], bool(stands["deleted_at"])) == (first["id"], "", True)
    assert its_answer == answer
    assert notes.counts([call.pk]) == {call.pk: 1}
    priya.ask("PATCH", f"notes/{first['id']}", {"text": "Back"}, 409)
    priya.ask("DELETE", f"notes/{first['id']}", status=409)
    refused = maya.ask("POST", path, {"text": "Hm", "answers": first["id"]}, 409)
    assert refused["error"]["code"] == "note_deleted"
    maya.ask("DELETE", f"notes/{answer['id']}")
    assert not Note.objects.exists()


def test_a_note_sent_twice_is_one(priya, maya, path):
    body = {"id": str(uuid7()), "text": "Once", "turn": 1}

    sent = [priya.ask("POST", path, body, 201) for _ in range(2)]

    assert sent[0] == sent[1]
    assert Note.objects.count() == 1
    maya.ask("POST", path, body, 400)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "  "}, "text"),
        ({"text": "x" * 4_001}, "text"),
        ({"text": "x", "turn": 0}, "turn"),
        ({"text": "x", "turn": 9}, "turn"),
        ({"text": "x", "colour": "red"}, "colour"),
        ({"text": f"@[{uuid7()}], look"}, "text"),
    ],
)
def test_what_cannot_be_kept_says_why(priya, path, body, field):
    refused = priya.ask("POST", path, body, 400)

    assert [fault["field"] for fault in refused["error"]["details"]] == [field]


def test_a_turn_that_is_still_being_said_is_told_apart(priya, agent):
    call = make_call(agent, A_SHORT_CALL[:1], ended=False)

    refused = priya.ask("POST", f"calls/{call.pk}/notes", {"text": "x", "turn": 2}, 400)

    assert refused["error"]["details"][0]["problem"] == "It is still being said."


def test_colleagues_are_mentioned_by_id_and_shown_by_name(priya, maya, joins, workspace, path):
    joins("Vera", "viewer")
    text = f"{people.mark(maya.user.pk)}, hear this, {people.mark(maya.user.pk)}"

    note = priya.ask("POST", path, {"text": text}, 201)
    Membership.objects.filter(user=maya.user).delete()

    assert [one["name"] for one in note["mentions"]] == ["Maya Kessler"]
    assert list(notes.mentioning(workspace.pk, maya.user.pk).values_list("pk", flat=True)) == [
        Note.objects.get().pk
    ]
    assert not notes.mentioning(workspace.pk, priya.user.pk).exists()
    # Whoever has left stays mentioned, and is not mentioned anew.
    priya.ask("PATCH", f"notes/{note['id']}", {"text": f"{text}!"})
    priya.ask("POST", path, {"text": text}, 400)
    assert [one["name"] for one in priya.ask("GET", "reviewers")["items"]] == ["Priya Nair"]


def test_two_of_one_name_are_told_apart(joins, workspace):
    for name in ("Sam", "Sam Lee", "Ann"):
        joins(name)
    User.objects.filter(name="Ann").update(name="Sam Lee", email="ann@example.com")

    names = [one.name for one in people.colleagues(workspace.pk)]

    assert names == ["Sam", "Sam Lee (ann@example.com)", f"Sam Lee (sam.lee@{workspace.pk}.example)"]


def test_another_workspaces_notes_are_not_there(priya, joins, path):
    note = priya.ask("POST", path, {"text": "Ours"}, 201)
    stranger = joins("Stran Ger", "owner", Workspace.objects.create(name="Elsewhere"))

    for method, address in [
        ("GET", path), ("POST", path), ("PATCH", f"notes/{note['id']}"), ("DELETE", f"notes/{note['id']}"),
        ("POST", f"notes/{note['id']}/resolve"),
    ]:  # fmt: skip
        stranger.ask(method, address, {"text": "x"} if method in ("POST", "PATCH") else None, 404)


def test_a_note_stays_when_its_turn_turns_out_to_be_part_of_another(priya, agent, workspace, opening):
    """The final transcript tells fewer turns than were heard."""
    record(workspace.pk, "retell", "c", ON_THE_SOCKET[:-1], source="socket", opening=opening)
    call = Call.objects.get()
    priya.ask("POST", f"calls/{call.pk}/notes", {"text": "Here", "turn": 6}, 201)

    Turn.objects.filter(call=call, n=6).delete()
    record(workspace.pk, "retell", "c", BY_THE_PLATFORM, source="platform", opening=opening)

    assert Note.objects.get().text == "Here"
    assert Note.objects.get().turn is None


# --- At once --------------------------------------------------------------------------------------------


def together(*acts) -> list:
    """What each of them answers or raises, begun in the same moment on connections of their own."""
    gate, told = threading.Barrier(len(acts)), [None] * len(acts)

    def run(n: int, act) -> None:
        try:
            gate.wait(30)
            told[n] = act()
        except Exception as error:
            told[n] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, act)) for n, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return told


@pytest.mark.django_db(transaction=True)
def test_an_answer_and_the_deletion_of_what_it_answers(agent):
    """Whoever is first: either the answer stands under what says it was deleted, or nobody can answer."""
    call = make_call(agent, A_SHORT_CALL)
    for _ in range(6):
        first = notes.add(call, "First", by=None)
        answered, deleted = together(
            lambda first=first: notes.add(call, "Answer", by=None, answers=first.pk),
            lambda first=first: notes.delete(first, by=None),
        )
        assert deleted is None
        if isinstance(answered, notes.Gone):
            assert not Note.objects.filter(pk=first.pk).exists()
        else:
            assert Note.objects.get(pk=answered.answers_id).deleted_at
            Note.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_a_note_sent_twice_in_one_moment_is_one(agent):
    call, note_id = make_call(agent, A_SHORT_CALL), uuid7()

    told = together(*[lambda: notes.add(call, "Once", by=None, note_id=note_id, turn=2)] * 3)

    assert [one.pk for one in told] == [note_id] * 3
    assert Note.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_delete_one_note(agent):
    note = notes.add(make_call(agent, A_SHORT_CALL), "Once", by=None)

    told = together(*[lambda: notes.delete(note, by=None)] * 2)

    assert sorted(type(one).__name__ for one in told) == ["Gone", "NoneType"]


def test_no_call_has_more_notes_than_can_be_read(priya, call, path, workspace):
    now = timezone.now()
    Note.objects.bulk_create(
        Note(workspace=workspace, call=call, text="x", created_at=now) for _ in range(notes.MOST)
    )

    assert "1,000" in priya.ask("POST", path, {"text": "x"}, 400)["error"]["details"][0]["problem"]
