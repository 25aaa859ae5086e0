"""Retell's proof, and what each kind of its deliveries says."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from retell import Retell
from retell.lib import webhook_auth

from platforms.errors import BadSignature
from platforms.retell import webhooks
from tests.platforms.retell.payloads import CALL

KEY = "key_demo_0123456789abcdef"
BODY = '{"event":"call_started","call":{"call_id":"call_demo01","note":"héllo ✓"}}'.encode()
SIGNED_MS = 1795000000000
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
    theirs = webhook_auth.symmetric["sign"](BODY.decode(), KEY)

    assert Retell(api_key=KEY).verify(BODY.decode(), api_key=KEY, signature=ours)
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
