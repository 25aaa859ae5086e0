"""What a client sends, read: the newest message counts, and nothing else is believed."""

import json
from uuid import UUID

import pytest

from live.chat.asked import LONGEST_TEXT, Invalid, Message, asked, is_id

AGENT = "019aa4a0-0000-7000-8000-000000000001"


def said(text: str = "Hello?", id: str = "u1", role: str = "user", **fields) -> dict:
    return {"id": id, "role": role, "parts": [{"type": "text", "text": text}]} | fields


def read(**fields):
    body = {"id": "chat-1", "messages": [said()], "trigger": "submit-message", "agentId": AGENT} | fields
    return asked(json.dumps({name: value for name, value in body.items() if value is not ...}).encode())


def test_it_takes_the_newest_message():
    found = read(messages=[said("One", "u1"), said("Sure.", "a1", "assistant"), said("Two", "u2")])

    assert (found.chat_id, found.message, found.agent_id) == ("chat-1", Message("u2", "Two"), UUID(AGENT))
    assert (found.regenerates, found.about, found.tier, found.provider) == (False, "", "", "")


def test_it_takes_a_message_alone():
    assert read(messages=..., message=said("Two", "u2")).message == Message("u2", "Two")


def test_texts_of_a_message_are_lines_and_what_only_the_page_needs_is_left_out():
    parts = [
        {"type": "text", "text": " One "},
        {"type": "data-place", "data": {}},
        {"type": "text", "text": "two\x00"},
    ]

    assert read(messages=[said(parts=parts)]).message.text == "One \ntwo\ufffd"


def test_it_knows_what_is_to_be_made_anew():
    found = read(trigger="regenerate-message", messageId="a1", messages=[said()])

    assert (found.regenerates, found.about, found.message.id) == (True, "a1", "u1")
    assert read(trigger="regenerate-message", messageId="a1", messages=...).message is None


def test_what_is_to_be_made_anew_may_still_be_there():
    found = read(trigger="regenerate-message", messages=[said(), said("Sure.", "a1", "assistant")])

    assert found.message == Message("u1", "Hello?")


@pytest.mark.parametrize(("complexity", "tier"), [("simple", "fast"), ("medium", "standard")])
def test_how_hard_it_is_says_which_tier(complexity, tier):
    assert read(complexity=complexity).tier == tier
    assert read(complexity=complexity, tier="premium").tier == "premium"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"id": ...}, "id"),
        ({"id": ""}, "id"),
        ({"id": ".."}, "id"),
        ({"id": "a/b"}, "id"),
        ({"id": "x" * 101}, "id"),
        ({"id": 7}, "id"),
        ({"id": None}, "id"),
        ({"messages": ...}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": {}}, "messages"),
        ({"messages": ["Hello?"]}, "messages.0"),
        ({"messages": [said(role="system")]}, "messages.0.role"),
        ({"messages": [said(), said("Sure.", "a1", "assistant")]}, "messages.1.role"),
        ({"messages": [said(id="a b")]}, "messages.0.id"),
        ({"messages": [said(id=None)]}, "messages.0.id"),
        ({"messages": [said(id="call")]}, "messages.0.id"),
        ({"messages": [said(parts=[])]}, "messages.0.parts"),
        ({"messages": [said(parts="Hello?")]}, "messages.0.parts"),
        ({"messages": [said(" \n ")]}, "messages.0.parts"),
        ({"messages": [said("x" * (LONGEST_TEXT + 1))]}, "messages.0.parts"),
        ({"messages": [said(parts=[{"type": "text", "text": 7}])]}, "messages.0.parts.0"),
        ({"messages": [said(parts=[{"type": "file", "url": "data:,x"}])]}, "messages.0.parts.0"),
        ({"messages": [said(parts=[None])]}, "messages.0.parts.0"),
        ({"messages": [said(parts=[{"type": "text", "text": "x"}] * 101)]}, "messages.0.parts"),
        ({"message": "Hello?"}, "message"),
        ({"trigger": "submit"}, "trigger"),
        ({"trigger": ["submit-message"]}, "trigger"),
        ({"messageId": 7}, "messageId"),
        ({"agentId": "Odell"}, "agentId"),
        ({"agentId": 7}, "agentId"),
        ({"tier": "best"}, "tier"),
        ({"complexity": "hard"}, "complexity"),
        ({"provider": "x" * 81}, "provider"),
        ({"provider": {}}, "provider"),
    ],
)
def test_what_makes_no_sense_is_named(fields, field):
    with pytest.raises(Invalid) as refused:
        read(**fields)

    assert list(refused.value.faults) == [field]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[]", b'"x"', b"null", b"[" * 10_000, b'{"id": 1e999, "messages": []}']
)
def test_any_body_is_read_or_refused(body):
    with pytest.raises(Invalid):
        asked(body)


def test_half_a_character_is_no_reason_to_break():
    parts = b"""[{"type": "text", "text": "\\ud83d"}]"""
    body = b"""{"id": "c", "message": {"id": "u1", "role": "user", "parts": %b}}""" % parts

    assert asked(body).message.text == "\ufffd"


@pytest.mark.parametrize("name", ["a\n", "é", "", "a" * 101, ".", None, 7])
def test_no_other_names(name):
    assert not is_id(name)
