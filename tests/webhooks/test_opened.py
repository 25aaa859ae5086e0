"""One delivery on its page: opened, as a file, and by whom; and what is replayed from there."""

from uuid import UUID

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import AuditEntry
from tests.webhooks.listed import ids, listed, some
from tests.webhooks.told import body_of, kept
from webhooks.models import Delivery

WORDS = "I was charged twice."
BODY = body_of("call_ended", call={"call_id": "call_1", "transcript": WORDS})
NOW = timezone.now()
API = "/api/v1/webhooks/deliveries/"


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()


# --- One of them -----------------------------------------------------------------------------------------


def test_an_open_delivery_shows_everything_about_it(operator, connection):
    delivery = kept(
        connection, BODY, status="applied", attempts=1, applied_at=NOW, processing_ms=14, trace_id="c" * 32,
        signed_at=NOW, headers={"x-retell-signature": "v=1,d=deadbeef…"},
    )  # fmt: skip

    html = operator.get(f"/webhooks/deliveries/{delivery.pk}/").content.decode()

    for part in ("Valid", "1 of 8", "c" * 32, "d=deadbeef…", WORDS, "took 14 ms"):
        assert part in html
    assert WORDS in operator.get(f"/webhooks/?open={delivery.pk}").content.decode()


def test_an_open_delivery_of_another_page_stands_above_the_list(operator, connection):
    made = some(connection, 51)

    assert listed(operator, f"?open={made[0].pk}")[0] == str(made[0].pk)


def test_a_link_to_a_delivery_leads_to_its_place_on_the_page(operator, connection):
    delivery = kept(connection, BODY)

    answer = operator.get(f"/webhooks/deliveries/{delivery.pk}/", headers={"sec-fetch-dest": "document"})

    assert answer["Location"] == f"/webhooks/?open={delivery.pk}"


def test_a_viewer_sees_that_it_came_and_not_one_word_of_it(viewer, connection):
    delivery = kept(connection, BODY)

    for address in ("", f"?open={delivery.pk}", f"deliveries/{delivery.pk}/"):
        assert WORDS not in viewer.get(f"/webhooks/{address}").content.decode()
    assert "Bodies need the Operator role." in viewer.get(f"/webhooks/?open={delivery.pk}").content.decode()
    assert viewer.get(f"/webhooks/deliveries/{delivery.pk}/body").status_code == 403
    assert viewer.get(f"/webhooks/deliveries/{delivery.pk}/curl").status_code == 403


CARD = "4111 1111 1111 1111"
SPELLED = [{"word": word, "start": n} for n, word in enumerate(CARD.split())]


@pytest.mark.parametrize(
    "body",
    [
        body_of("call_ended", call={"call_id": "call_1", "transcript": f"It is {CARD}."}),
        body_of("call_ended", call={"call_id": "call_1", "transcript_object": [{"words": SPELLED}]}),
        body_of("call_ended", call={"call_id": "call_1", "card": 4111111111111111}),
        b'{"card": "4111 1111 1111 1111", "card": "", "call": 1}',
        b"no JSON, and " + CARD.encode(),
        b"\xff and " + CARD.encode(),
    ],
)
def test_what_is_hidden_from_a_role_is_hidden_in_a_body(admin, operator, connection, body):
    delivery = kept(connection, body)
    page = f"/webhooks/deliveries/{delivery.pk}/"

    opened, of_api = f"/webhooks/?open={delivery.pk}", f"{API}{delivery.pk}"
    for address in (page, opened, f"{page}body", f"{page}curl", of_api):
        told = operator.get(address).content.decode()
        assert "1111 1111" not in told
        assert "11111111" not in told
        assert '"1111"' not in told.replace("&quot;", '"')
    assert "hidden from your role" in operator.get(page).content.decode()
    assert "hidden from your role" not in admin.get(page).content.decode()
    assert admin.get(f"{page}body").content == body


def test_a_body_in_which_nothing_is_hidden_is_as_it_came(operator, connection):
    delivery = kept(connection, b'{ "event":  "call_ended", "call": {"call_id": "call_1"} }')

    assert operator.get(f"/webhooks/deliveries/{delivery.pk}/body").content == delivery.body


def test_only_who_manages_the_workspace_is_offered_a_replay(admin, operator, connection):
    delivery = kept(connection, BODY, status="dead", error="Unreadable")

    for client, offered in ((admin, True), (operator, False)):
        html = client.get(f"/webhooks/?status=dead&open={delivery.pk}").content.decode()
        assert [part in html for part in ("data-replay-one", "data-replay-many", 'type="checkbox"')][:2] == [
            offered,
            offered,
        ]
        assert ("data-pick-all" in html) == offered
    assert operator.post("/webhooks/replay", {"id": str(delivery.pk)}).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b'{"event": "</pre><script>alert(1)</script>"}',
        b"</pre><script>alert(1)</script>",
        b'{"a": "\\ud800", "b": "\\u0000"}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"",
        b'{"n": ' + b"9" * 5_000 + b"}",
    ],
)
def test_whatever_a_body_holds_is_text(operator, connection, body):
    delivery = kept(connection, body, kind="<script>alert(1)</script>", headers={"x-<i>": "<script>alert(1)"})

    for address in ("/webhooks/", f"/webhooks/deliveries/{delivery.pk}/"):
        response = operator.get(address)
        assert response.status_code == 200
        assert b"<script>alert" not in response.content
        assert b"x-<i>" not in response.content


def test_a_long_body_is_cut_on_the_page_and_whole_in_a_file(operator, connection):
    body = body_of("call_ended", call={"call_id": "call_1", "transcript": "x" * 200_000})
    delivery = kept(connection, body)

    html = operator.get(f"/webhooks/deliveries/{delivery.pk}/").content.decode()
    saved = operator.get(f"/webhooks/deliveries/{delivery.pk}/body")

    assert "The first 64 kB are shown." in html
    assert "Download all 200 kB" in html
    assert html.count("x") < 140_000
    assert saved.content == body
    assert saved["Content-Type"] == "application/octet-stream"
    assert saved["Content-Disposition"].startswith("attachment")
    assert saved["X-Content-Type-Options"] == "nosniff"


def test_an_erased_body_is_said_to_be_gone(admin, connection):
    delivery = kept(connection, BODY)
    Delivery.objects.update(body=None)

    html = admin.get(f"/webhooks/deliveries/{delivery.pk}/").content.decode()

    assert "This body was erased." in html
    assert "data-replay-one" not in html
    assert admin.get(f"/webhooks/deliveries/{delivery.pk}/body").status_code == 404
    assert admin.get(f"/webhooks/deliveries/{delivery.pk}/curl").status_code == 404


# --- Replay ----------------------------------------------------------------------------------------------


def test_a_dry_run_counts_and_changes_nothing(admin, connection):
    dead = some(connection, 3, status="dead", error="Unreadable")
    kept(connection, body_of("call_analyzed", call={"call_id": "call_0"}), status="dead")
    before = list(Delivery.objects.order_by("id").values())

    answer = admin.post("/webhooks/replay", {"all": "1", "query": "status=dead", "dry_run": "1"}).json()

    assert (answer["deliveries"], answer["calls"], answer["erased"]) == (4, 3, 0)
    assert answer["upto"] > str(dead[-1].pk)
    assert list(Delivery.objects.order_by("id").values()) == before
    assert not AuditEntry.objects.filter(action="delivery.replay").exists()


def test_those_selected_are_replayed_and_no_others(admin, connection):
    made = some(connection, 3, status="dead", error="Unreadable", attempts=8)

    answer = admin.post("/webhooks/replay", {"id": ids(made[:2])}).json()

    assert (answer["deliveries"], answer["calls"]) == (2, 2)
    assert list(Delivery.objects.order_by("id").values_list("status", "replays", "attempts")) == [
        ("pending", 1, 0),
        ("pending", 1, 0),
        ("dead", 0, 8),
    ]
    assert AuditEntry.objects.get(action="delivery.replay").detail == {"deliveries": 2}


def test_all_that_match_are_replayed_but_none_that_came_after_they_were_counted(admin, connection):
    some(connection, 2, status="dead", error="Unreadable")
    some(connection, 1, status="applied")
    upto = admin.post("/webhooks/replay", {"all": "1", "query": "status=dead", "dry_run": "1"}).json()["upto"]
    (later,) = some(connection, 1, status="dead", error="Unreadable")

    answer = admin.post("/webhooks/replay", {"all": "1", "query": "status=dead", "upto": upto}).json()

    assert answer["deliveries"] == 2
    later.refresh_from_db()
    assert later.status == "dead"
    assert Delivery.objects.filter(status="applied").count() == 1


def test_erased_bodies_are_counted_and_left(admin, connection):
    some(connection, 2, status="dead")
    Delivery.objects.filter(platform_call_id="call_0").update(body=None)

    answer = admin.post("/webhooks/replay", {"all": "1", "query": "status=dead"}).json()

    assert (answer["deliveries"], answer["erased"]) == (1, 1)


def test_nothing_is_chosen_by_nonsense(admin, connection):
    some(connection, 1, status="dead")

    for data in ({}, {"id": ["nonsense", "\0"]}, {"all": "1", "query": "status=rejected"}):
        assert admin.post("/webhooks/replay", data).json()["deliveries"] == 0
    assert UUID(admin.post("/webhooks/replay", {"all": "1", "dry_run": "1", "upto": "x"}).json()["upto"])
