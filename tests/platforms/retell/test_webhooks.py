"""Retell's proof, and what each kind of its deliveries says."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platforms.errors import BadSignature, Unreadable
from platforms.events import CallAnalyzed, CallEnded, CallStarted, CallTransferred, TurnEvent
from platforms.retell import webhooks
from tests.platforms.retell.mutated import JSON, mutated
from tests.platforms.retell.payloads import CALL, CHAT, EVERYTHING, ONGOING, TO, without
from tests.sdks import retell_proof, retell_takes

KEY = "key_demo_0123456789abcdef"
BODY = '{"event":"call_started","call":{"call_id":"call_demo01","note":"héllo ✓"}}'.encode()
SIGNED_MS = 1795000000000
NOW = datetime(2026, 11, 21, tzinfo=UTC)
HEADER = "v=1795000000000,d=b0d5c7352c35d049adb508287433626effdddb620953952afe3bf55841e3edec"


def at(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def verified(header: str, *, body: bytes = BODY, secrets=(KEY,), now_ms: int = SIGNED_MS) -> datetime:
    return webhooks.verify(body, {"x-retell-signature": header}, secrets, at(now_ms))


@pytest.mark.parametrize(
    ("body", "digest"),
    [
        (BODY, "b0d5c7352c35d049adb508287433626effdddb620953952afe3bf55841e3edec"),
        (b"", "f91e57128f556735562c3cddd7f4378a0115e7072ad6c9236a8d2e0acb4cfc03"),
    ],
)
def test_it_signs_and_verifies_what_the_platform_would(body, digest):
    header = f"v={SIGNED_MS},d={digest}"

    assert webhooks.sign(body, KEY, at(SIGNED_MS)) == {"x-retell-signature": header}
    assert verified(header, body=body) == at(SIGNED_MS)


def test_the_official_client_verifies_what_we_sign_and_we_what_it_signs():
    now = datetime.now(UTC)
    ours = webhooks.sign(BODY, KEY, now)["x-retell-signature"]
    theirs = retell_proof.symmetric["sign"](BODY.decode(), KEY)

    assert retell_takes(BODY.decode(), api_key=KEY, signature=ours)
    assert webhooks.verify(BODY, {"x-retell-signature": theirs}, [KEY], now)


@pytest.mark.parametrize("late_ms", [-300_000, 300_000])
def test_five_minutes_either_way_are_enough(late_ms):
    assert verified(HEADER, now_ms=SIGNED_MS + late_ms)


@pytest.mark.parametrize("late_ms", [-300_001, 300_001])
def test_more_than_five_minutes_are_too_many(late_ms):
    with pytest.raises(BadSignature):
        verified(HEADER, now_ms=SIGNED_MS + late_ms)


def test_either_of_two_secrets_will_do():
    assert verified(HEADER, secrets=("key_new", KEY))
    assert verified(HEADER, secrets=(KEY, "key_new"))


def test_an_empty_secret_proves_nothing():
    forged = webhooks.sign(BODY, "", at(SIGNED_MS))["x-retell-signature"]

    with pytest.raises(BadSignature):
        verified(forged, secrets=("", ""))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "v=1795000000000",
        HEADER.upper(),
        HEADER.replace("d=b0d5", "d=B0D5"),
        HEADER + "\n",
        " " + HEADER,
        HEADER.replace("v=", "v=-"),
        HEADER.replace("1795000000000", "9" * 5_000),
        HEADER.replace("1795000000000", "9" * 30),
        HEADER.replace("1795000000000", "١٧٩٥٠٠٠٠٠٠٠٠٠"),
        HEADER.replace("b0d5", "0000"),
        "é" * 100,
    ],
)
def test_a_header_that_is_not_quite_right_is_refused(header):
    with pytest.raises(BadSignature):
        verified(header)


def test_a_missing_header_is_refused():
    with pytest.raises(BadSignature):
        webhooks.verify(BODY, {}, [KEY], at(SIGNED_MS))


def test_a_changed_body_is_refused():
    with pytest.raises(BadSignature):
        verified(HEADER, body=BODY + b" ")


def test_what_is_no_text_can_be_proven_all_the_same():
    body = b"\xff\xfe\x00"

    assert verified(webhooks.sign(body, KEY, at(SIGNED_MS))["x-retell-signature"], body=body)


def test_leading_zeros_of_the_time_are_not_part_of_what_was_signed():
    assert verified(HEADER.replace("v=", "v=000"))


def body_of(kind: str, **told) -> bytes:
    return json.dumps({"event": kind, **told}).encode()


def test_an_envelope_names_the_kind_and_the_call():
    assert webhooks.envelope(body_of("call_ended", call=CALL)) == webhooks.Envelope(
        "call_ended", "call_7c1e9a40b2d84f5e93a61b0c", known=True
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (body_of("call_started", data=CALL), ("call_started", CALL["call_id"], True)),
        (body_of("call_started", call=CALL, data={"call_id": "no"}), ("call_started", CALL["call_id"], True)),
        (body_of("chat_ended", chat=CHAT), ("chat_ended", CHAT["chat_id"], True)),
        (body_of("chat_ended", data=CHAT), ("chat_ended", CHAT["chat_id"], True)),
        (body_of("transcript_updated", chat=CHAT), ("transcript_updated", CHAT["chat_id"], True)),
        (body_of("transcript_updated", call=CALL), ("transcript_updated", CALL["call_id"], True)),
        (body_of("call_inbound", call_inbound={"call_id": "x"}), ("call_inbound", "", True)),
        (body_of("something_new", call=CALL), ("something_new", "", False)),
        (body_of("n" * 500), ("n" * 60, "", False)),
        (body_of("call_ended\x00", call=CALL), ("call_ended\ufffd", "", False)),
    ],
)
def test_an_envelope_names_what_it_is_about(body, expected):
    envelope = webhooks.envelope(body)

    assert (envelope.kind, envelope.call_id, envelope.known) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"null",
        b"[]",
        b"{}",
        b'{"event": 7}',
        b'{"event": ""}',
        b"[" * 1_000_000,
        b'{"n": ' + b"9" * 5_000 + b"}",
        json.dumps({"event": "call_ended"}).encode("utf-16"),
        body_of("call_ended"),
        body_of("call_ended", call=[]),
        body_of("call_ended", call={"call_id": 7}),
        body_of("call_ended", call={"call_id": ""}),
        body_of("call_ended", call={"call_id": "c" * 101}),
    ],
)
def test_what_is_no_delivery_is_unreadable(body):
    with pytest.raises(Unreadable):
        webhooks.envelope(body)
    with pytest.raises(Unreadable):
        webhooks.told(body, NOW)


def test_what_is_about_no_call_says_nothing():
    with pytest.raises(Unreadable):
        webhooks.told(body_of("call_inbound", call_inbound={}), NOW)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("call_inbound", {"call_inbound": {}}), ("chat_inbound", {"chat_inbound": {}}), ("call_ended", {})],
)
def test_only_a_numbers_own_hook_waits_for_an_answer(kind, expected):
    assert webhooks.answer(webhooks.Envelope(kind, "", known=True)) == expected


def told(kind: str, **about) -> webhooks.Told:
    return webhooks.told(body_of(kind, **about), NOW)


def kinds(told: webhooks.Told) -> list[type]:
    return [type(event) for event in told.events if not isinstance(event, TurnEvent)]


def test_a_call_that_started():
    started = told("call_started", call=ONGOING)

    assert kinds(started) == [CallStarted]
    assert (started.channel, started.level, started.started_at) == ("phone", "event", at(SIGNED_MS))
    assert started.platform_agent_id == CALL["agent_id"]


def test_the_events_name_says_that_a_call_has_ended_not_its_status():
    # Retell's own example of a call_ended says that it is only registered.
    bare = {"call_id": "x", "call_status": "registered", "start_timestamp": SIGNED_MS}
    ended = told("call_ended", call=bare)
    assert ended.events[-1] == CallEnded(NOW)

    late = told("call_started", call=CALL | {"call_status": "ended"})
    assert CallEnded not in kinds(late)


@pytest.mark.parametrize("kind", ["transcript_updated", "transfer_bridged"])
def test_of_other_events_it_depends_on_whether_there_is_an_end(kind):
    assert CallEnded not in kinds(told(kind, call=ONGOING | {"call_status": "ended"}))
    assert CallEnded in kinds(told(kind, call=ONGOING | {"end_timestamp": SIGNED_MS + 1}))
    assert CallEnded in kinds(told(kind, call=ONGOING | {"disconnection_reason": "inactivity"}))


def test_words_told_while_a_call_goes_on_are_not_final():
    def final(update: webhooks.Told) -> set[bool]:
        turns = [event for event in update.events if isinstance(event, TurnEvent)]
        assert len(turns) == 6
        return {event.final for event in turns}

    going_on = told("transcript_updated", call=without(CALL, "end_timestamp", "disconnection_reason"))
    assert (going_on.level, final(going_on)) == ("turn", {False})
    assert final(told("transcript_updated", call=CALL)) == {True}
    assert final(told("call_ended", call=CALL)) == {True}


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("transfer_started", "started"),
        ("transfer_bridged", "bridged"),
        ("transfer_cancelled", "cancelled"),
        ("transfer_ended", "ended"),
    ],
)
def test_every_step_of_a_transfer(kind, step):
    steps = told(kind, call=ONGOING, **TO).events

    assert steps[-1] == CallTransferred(at(SIGNED_MS), step, "+14155550166")


@pytest.mark.parametrize(
    ("beside", "inside", "to"),
    [
        ({"number": "+1415"}, "sip:desk@example.com", "+1415"),
        ("+1415", None, "+1415"),
        (None, "sip:desk@example.com", "sip:desk@example.com"),
        ({"number": 7}, None, ""),
        ([], {}, ""),
    ],
)
def test_a_transfers_destination_is_beside_the_call_or_inside_it(beside, inside, to):
    call = ONGOING | {"transfer_destination": inside}

    assert told("transfer_started", call=call, transfer_destination=beside).events[-1].to == to


def test_an_end_by_transfer_says_to_whom():
    """The events of a transfer itself are off by default."""
    end = {"disconnection_reason": "call_transfer", "transfer_destination": "+14155550166"}
    ended = told("call_ended", call=CALL | end)

    assert kinds(ended) == [CallStarted, CallTransferred, CallEnded, CallAnalyzed]
    assert [event.step for event in ended.events if isinstance(event, CallTransferred)] == ["bridged"]


def test_a_call_in_a_browser():
    assert told("call_started", call={"call_id": "x", "call_type": "web_call"}).channel == "web"


def test_a_chat_is_a_call_whose_turns_were_typed():
    chat = told("chat_analyzed", chat=CHAT)

    assert (chat.channel, chat.platform_agent_id) == ("chat", CHAT["agent_id"])
    assert kinds(chat) == [CallStarted, CallEnded, CallAnalyzed]


def test_its_facts_hold_no_access_token():
    spilled = told("call_started", call=ONGOING | {"call_type": "web_call", "access_token": "eyJhbGciOi"})

    assert "eyJhbGciOi" not in repr(spilled)


# Whatever comes, only their own errors come of it.


@given(st.binary(max_size=200), st.text(max_size=120), st.lists(st.text(max_size=20), max_size=2))
def test_whatever_comes_is_proven_or_not(body, header, secrets):
    for value in (header, f"v={header},d={'0' * 64}", f"v={SIGNED_MS},d={header}"):
        with pytest.raises(BadSignature):
            webhooks.verify(body, {"x-retell-signature": value}, secrets, at(SIGNED_MS))


@given(st.binary(max_size=60) | JSON.map(json.dumps).map(str.encode) | mutated(EVERYTHING))
def test_whatever_comes_is_read_or_unreadable(body):
    try:
        envelope = webhooks.envelope(body)
        if envelope.known and envelope.call_id:
            webhooks.told(body, NOW)
    except Unreadable:
        return
    assert len(envelope.kind) <= 60
    assert len(envelope.call_id) <= 100
