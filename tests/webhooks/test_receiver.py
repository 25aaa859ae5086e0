"""What whoever posts is answered, and what is kept of it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import connection as database

from config import asgi
from platforms.models import Connection
from tests.webhooks.posting import address_of, ask, close, post, posted, running, signed
from tests.webhooks.told import body_of
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)
STARTED = body_of("call_started", call={"call_id": "call_1", "start_timestamp": 1_795_000_000_000})
MIB = 1024 * 1024


def asked(*requests):
    """What `ask` answers to each, one after the other."""
    return running(lambda: [ask(**request) for request in requests])


# --- What is proven ------------------------------------------------------------------------------------


def test_it_keeps_what_is_proven_and_says_so(connection):
    [answer] = posted(connection, STARTED)

    assert answer.told == (200, "accepted")
    row = Delivery.objects.get()
    assert (row.kind, row.platform_call_id, row.status) == ("call_started", "call_1", "pending")
    assert (bytes(row.body), row.size, row.attempts) == (STARTED, len(STARTED), 0)
    assert row.trace_id == answer.headers[b"x-trace-id"].decode()
    assert abs(row.signed_at - row.created_at) < timedelta(minutes=1)
    assert row.workspace_id == connection.workspace_id


def test_it_keeps_a_repeated_delivery_once(connection):
    first, second, third = posted(connection, STARTED, STARTED, STARTED)

    assert [first.told, second.told, third.told] == [
        (200, "accepted"),
        (200, "duplicate"),
        (200, "duplicate"),
    ]
    row = Delivery.objects.get()
    assert (row.repeats, row.repeated_at > row.created_at) == (2, True)


def test_fifty_at_once_of_the_same_are_one(connection):
    answers = running(lambda: [post(connection, STARTED) for _ in range(50)], together=True)

    assert sorted(answer.told for answer in answers) == [(200, "accepted"), *[(200, "duplicate")] * 49]
    assert Delivery.objects.get().repeats == 49


def test_a_trailing_slash_and_capitals_in_the_id_are_the_same_address(connection):
    headers = signed(connection, STARTED)
    paths = [address_of(connection) + "/", f"/webhooks/retell/{str(connection.pk).upper()}"]
    answers = asked(*({"path": path, "headers": headers, "parts": [STARTED]} for path in paths))

    assert [answer.told for answer in answers] == [(200, "accepted"), (200, "duplicate")]


def test_a_body_in_pieces_is_one_body(connection):
    pieces = [STARTED[:10], b"", STARTED[10:]]
    [answer] = asked(
        {"path": address_of(connection), "headers": signed(connection, STARTED), "parts": pieces}
    )

    assert answer.told == (200, "accepted")
    assert bytes(Delivery.objects.get().body) == STARTED


def test_both_secrets_prove_it_while_they_are_rotated(connection):
    Connection.objects.update(webhook_secret="the new one", previous_webhook_secret="key_larkfield")
    bodies = [body_of("call_started", call={"call_id": f"call_{number}"}) for number in range(3)]
    secrets = ["the new one", "key_larkfield", "one of last year"]
    answers = running(
        lambda: [post(connection, body, secret=secret) for body, secret in zip(bodies, secrets, strict=True)]
    )

    assert [answer.status for answer in answers] == [200, 200, 401]


def test_what_says_nothing_to_us_is_kept_and_settled(connection):
    unknown = body_of("call_teleported", call={"call_id": "call_1"})
    test, inbound = body_of("earshot_test"), body_of("call_inbound", call_inbound={"from_number": "+44"})
    answers = posted(connection, unknown, test, inbound)

    assert [answer.json() for answer in answers] == [
        {"status": "accepted"},
        {"status": "accepted"},
        {"status": "accepted", "call_inbound": {}},
    ]
    rows = Delivery.objects.order_by("id")
    assert [row.kind for row in rows] == ["call_teleported", "earshot_test", "call_inbound"]
    assert {row.status for row in rows} == {"ignored"}
    assert all(row.applied_at for row in rows)


# --- What is not ---------------------------------------------------------------------------------------


def test_it_keeps_nothing_it_cannot_prove(connection):
    long_ago = datetime.now(UTC) - timedelta(minutes=6)
    right = signed(connection, STARTED)
    wrong = {
        "of another secret": signed(connection, STARTED, secret="not ours"),
        "of another body": signed(connection, STARTED + b" "),
        "stale": signed(connection, STARTED, now=long_ago),
        "of the future": signed(connection, STARTED, now=datetime.now(UTC) + timedelta(minutes=6)),
        "missing": [],
        "twice": right * 2,
        "empty": [(b"x-retell-signature", b"")],
        "junk": [(b"x-retell-signature", b"\xff\x00v=,d=\xe9")],
        "endless": [(b"x-retell-signature", b"v=" + b"9" * 9000 + b",d=" + b"0" * 64)],
    }
    answers = asked(
        *({"path": address_of(connection), "headers": each, "parts": [STARTED]} for each in wrong.values())
    )

    told = dict(zip(wrong, (answer.told for answer in answers), strict=True))
    assert told == dict.fromkeys(wrong, (401, "unauthenticated"))
    assert not Delivery.objects.exists()


def test_a_secret_proves_nothing_at_another_connection(connection):
    other = Connection.objects.create(
        workspace=connection.workspace, platform="retell", name="Other", webhook_secret="another"
    )
    bare = Connection.objects.create(workspace=connection.workspace, platform="retell", name="No secret yet")
    requests = [
        {"path": address_of(each), "headers": signed(connection, STARTED, secret=secret), "parts": [STARTED]}
        for each, secret in [(other, "key_larkfield"), (bare, "key_larkfield"), (bare, "x")]
    ]

    assert [answer.status for answer in asked(*requests)] == [401, 401, 401]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'"call_started"', "not an object"),
        (b"\xff\xfe", "not UTF-8"),
        (b"\x00", "not JSON"),
        (b"[" * 100_000, "deep"),
        (b'{"event": "call_started"}', "no call"),
        (b'{"event": 7, "call": {}}', "no name"),
        (b'{"event": "call_started", "call": {"call_id": "%s"}}' % (b"x" * 5000), "too long"),
    ],
    ids=range(9),
)
def test_what_is_proven_and_cannot_be_read_is_kept_as_evidence(connection, body, why):
    first, again = posted(connection, body, body)

    assert first.told == again.told == (400, "bad_request")
    assert why in first.json()["error"]["message"]
    row = Delivery.objects.get()
    assert (row.status, bytes(row.body), row.repeats) == ("dead", body, 1)
    assert why in row.error
    assert row.applied_at


@pytest.mark.parametrize("escape", [b"\\u0000", b"\\ud800", b"\\udfff\\ud800"])
def test_what_postgresql_cannot_keep_is_kept_as_bytes_and_read_without(connection, escape):
    body = b'{"event": "call_started%s", "call": {"call_id": "a%sb"}}' % (escape, escape)
    known = b'{"event": "call_started", "call": {"call_id": "a%sb"}}' % escape
    answers = posted(connection, body, known)

    assert [answer.told for answer in answers] == [(200, "accepted")] * 2
    assert bytes(Delivery.objects.get(kind="call_started").body) == known
    assert Delivery.objects.get(kind="call_started").platform_call_id.startswith("a\ufffd")


# --- Addresses, methods and sizes ----------------------------------------------------------------------


def test_there_is_nothing_at_another_address(connection):
    gone = Connection.objects.create(workspace=connection.workspace, platform="retell", name="Gone")
    paths = [
        "/webhooks/vapi/" + str(connection.pk),
        address_of(gone),
        "/webhooks/retell/01890000-0000-7000-8000-000000000000",
        "/webhooks/retell/not-an-id",
        f"/webhooks/retell/{{{connection.pk}}}",
        "/webhooks/retell/\x00\ud800",
        "/webhooks/retell/" + "9" * 5000,
    ]
    gone.delete()
    answers = asked(
        *({"path": path, "headers": signed(connection, STARTED), "parts": [STARTED]} for path in paths)
    )

    assert [answer.told for answer in answers] == [(404, "not_found")] * len(paths)
    assert all(len(answer.headers[b"x-trace-id"]) == 32 for answer in answers)


def test_a_connection_of_another_platform_is_not_found(connection):
    Connection.objects.update(platform="vapi")
    request = {"path": address_of(connection), "headers": signed(connection, STARTED), "parts": [STARTED]}

    [answer] = asked(request)

    assert answer.told == (404, "not_found")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_told_which_one_works(connection, method):
    [answer] = asked({"path": address_of(connection), "method": method})

    assert answer.told == (405, "method_not_allowed")
    assert answer.headers[b"allow"] == b"POST"


def test_what_is_too_large_is_refused_by_what_it_promises_and_by_what_it_is(connection):
    large = b"x" * (3 * MIB)
    promised = [*signed(connection, large), (b"content-length", str(3 * MIB).encode())]
    lying = [*signed(connection, large), (b"content-length", b"12")]
    junk = [*signed(connection, STARTED), (b"content-length", b"a few")]
    address = address_of(connection)
    answers = asked(
        {"path": address, "headers": promised, "parts": [large]},
        {"path": address, "headers": promised[:-1], "parts": [large[:MIB]] * 3},
        {"path": address, "headers": lying, "parts": [large]},
        {"path": address, "headers": junk, "parts": [STARTED]},
    )

    assert [answer.status for answer in answers] == [413, 413, 413, 200]
    assert Delivery.objects.count() == 1


def test_a_body_of_two_mebibytes_is_taken(connection):
    body = body_of("call_ended", call={"call_id": "call_1", "transcript": ""})
    body = body.replace(b'"transcript": ""', b'"transcript": "%s"' % (b"x" * (2 * MIB - len(body))))
    assert len(body) == 2 * MIB

    [exactly, one_more] = posted(connection, body, body + b" ")

    assert (exactly.status, one_more.status) == (200, 413)


def test_large_bodies_that_are_being_read_have_so_much_room_and_no_more(connection):
    """64 MiB of half-sent bodies; the next large one is told to come again, and a small one is taken."""
    half = b"x" * MIB

    def sender(parts: list[tuple[bytes, bool]]) -> ApplicationCommunicator:
        scope = {"type": "http", "method": "POST", "path": address_of(connection), "query_string": b""}
        sending = ApplicationCommunicator(asgi.application, scope | {"headers": signed(connection, STARTED)})
        for part, more in parts:
            sending.input_queue.put_nowait({"type": "http.request", "body": part, "more_body": more})
        return sending

    async def main() -> tuple[int, int]:
        held = [sender([(half, True)]) for _ in range(64)]
        try:
            for each in held:
                assert await each.receive_nothing(timeout=0.001, interval=0.001)
            late = sender([(half, True)])
            large = await late.receive_output(timeout=15)
            await late.wait(timeout=5)
            small = await post(connection, STARTED)
        finally:
            for each in held:
                await each.send_input({"type": "http.disconnect"})
                await each.wait(timeout=15)
        again = await post(connection, half)
        assert again.status == 400
        return large["status"], small.status

    assert running(lambda: [main()]) == [(503, 200)]


def test_while_postgresql_is_away_it_says_when_to_come_again(connection, monkeypatch):
    async def main() -> list:
        with monkeypatch.context() as away:
            away.setitem(database.settings_dict, "HOST", "/nowhere")
            answer = await post(connection, STARTED)
        assert answer.headers[b"retry-after"]
        return [answer.told, (await post(connection, STARTED)).told]

    assert running(lambda: [main()]) == [[(503, "unavailable"), (200, "accepted")]]


def test_who_leaves_in_the_middle_leaves_nothing(connection):
    async def leave() -> None:
        scope = {
            "type": "http",
            "method": "POST",
            "path": address_of(connection),
            "query_string": b"",
            "headers": signed(connection, STARTED),
        }
        sender = ApplicationCommunicator(asgi.application, scope)
        await sender.send_input({"type": "http.request", "body": STARTED[:10], "more_body": True})
        await sender.send_input({"type": "http.disconnect"})
        await sender.wait(timeout=10)
        assert sender.output_queue.empty()

    async def main() -> None:
        try:
            await leave()
        finally:
            await close()

    asyncio.run(main())
    assert not Delivery.objects.exists()


# --- What is kept of the headers -----------------------------------------------------------------------


def test_headers_are_kept_without_what_is_secret(connection):
    extra = [
        (b"authorization", b"Bearer abc"),
        (b"cookie", b"sessionid=abc"),
        (b"x-api-key", b"abc"),
        (b"user-agent", b"axios/1.7"),
        (b"x-odd", b"\xe9\x00\x01"),
    ]
    posted(connection, STARTED, headers=extra)

    kept = Delivery.objects.get().headers
    assert {kept[name] for name in ("authorization", "cookie", "x-api-key")} == {"[not kept]"}
    assert (kept["user-agent"], kept["x-odd"]) == ("axios/1.7", "é\ufffd\ufffd")
    signature = dict(signed(connection, STARTED))[b"x-retell-signature"].decode()
    assert kept["x-retell-signature"].startswith("v=")
    assert signature[-40:] not in kept["x-retell-signature"]


def test_headers_without_end_are_cut_off(connection):
    extra = [(b"x-%d" % number, b"y" * 5000) for number in range(500)]
    posted(connection, STARTED, headers=extra)

    kept = Delivery.objects.get().headers
    assert len(kept) == 50
    assert max(len(value) for value in kept.values()) == 501
