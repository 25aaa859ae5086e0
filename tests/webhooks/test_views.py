"""The page of deliveries, as the server draws it, and what is replayed from it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import Workspace
from base.ids import first_uuid7, uuid7
from calls.models import Call
from platforms.models import Connection
from tests.webhooks.listed import ids, listed, row_of, some, words_of
from tests.webhooks.told import body_of, kept
from webhooks.models import Delivery, Unproven

WORDS = "I was charged twice."
BODY = body_of("call_ended", call={"call_id": "call_1", "transcript": WORDS})


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()


@pytest.fixture
def elsewhere(db):
    theirs = Workspace.objects.create(name="Elsewhere")
    return Connection.objects.create(workspace=theirs, platform="retell", name="Their line")


# --- The list --------------------------------------------------------------------------------------------


def test_it_lists_the_newest_first_and_a_page_at_a_time(operator, connection):
    made = ids(some(connection, 53))[::-1]

    assert listed(operator) == made[:50]
    html = operator.get("/webhooks/").content.decode()
    assert "53 deliveries, newest first" in html
    older = re.search(r'rel="next" href="([^"]+)"', html)[1]
    assert listed(operator, older) == made[50:]
    newer = re.search(r'rel="prev" href="([^"]+)"', operator.get(f"/webhooks/{older}").content.decode())[1]
    assert listed(operator, newer) == made[:50]


def test_a_cursor_is_good_for_its_own_list_only(operator, connection):
    some(connection, 51)
    older = re.search(r'cursor=([^"&]+)"', operator.get("/webhooks/").content.decode())[1]

    assert operator.get(f"/webhooks/?status=applied&cursor={older}").status_code == 400


NOW = timezone.now()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "applied", "applied_at": NOW, "processing_ms": 14}, "Applied"),
        ({"status": "pending"}, "Waiting"),
        (
            {
                "status": "pending",
                "attempts": 2,
                "error": "KeyError",
                "due_at": timedelta(seconds=3_000),
            },
            "Retrying 2 of 8 tries, next in 4",
        ),
        ({"status": "pending", "attempts": 2, "error": "KeyError"}, "Retrying 2 of 8 tries, next now"),
        ({"status": "dead", "attempts": 8, "error": "Unreadable: no call."}, "Gave up Unreadable: no call."),
        ({"status": "ignored"}, "Kept"),
        ({"status": "ignored", "kind": "earshot_test"}, "Test"),
        ({"status": "applied", "repeats": 2}, "Duplicate ×2"),
        ({"status": "pending", "replays": 1, "replayed_at": NOW}, "Waiting Replayed"),
    ],
)
def test_a_verdict_is_a_word(operator, connection, fields, said):
    if "due_at" in fields:
        fields = fields | {"due_at": timezone.now() + fields["due_at"]}
    (delivery,) = some(connection, 1, **fields)

    assert said in row_of(operator, delivery)


def test_a_row_says_how_long_it_waited_and_took(operator, connection):
    (delivery,) = some(connection, 1, status="applied", processing_ms=14)
    delivery.refresh_from_db()
    Delivery.objects.update(applied_at=delivery.created_at + timedelta(milliseconds=2_414))

    assert "2.4 s 14 ms" in row_of(operator, delivery)


def test_a_row_leads_to_its_call(operator, connection):
    call = Call.objects.create(
        workspace=connection.workspace, platform="retell", platform_call_id="call_0", started_at=NOW
    )
    some(connection, 1, call=call, status="applied")

    assert f'href="/calls/{call.pk}/"' in operator.get("/webhooks/").content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [4, 3, 2, 1, 0]),
        ("?status=failing", [1]),
        ("?status=dead", [2]),
        ("?status=applied", [0]),
        ("?status=waiting", [3]),
        ("?status=ignored", [4]),
        ("?status=nonsense&connection=nonsense&since=nonsense&until=9999-12-31", [4, 3, 2, 1, 0]),
        ("?kind=call_analyzed", [4]),
        ("?call=call_2", [2]),
        ("?call=nowhere", []),
        ("?kind=call_ended&status=dead&call=call_2", [2]),
    ],
)
def test_filters_are_in_the_address(operator, connection, query, found):
    made = [
        *some(connection, 1, status="applied"),
        *some(connection, 1, status="pending", attempts=1, error="KeyError"),
        *some(connection, 1, status="dead", error="Unreadable"),
        *some(connection, 1, status="pending"),
        *some(connection, 1, status="ignored", kind="call_analyzed"),
    ]

    assert listed(operator, query) == [str(made[n].pk) for n in found]


def test_it_is_narrowed_to_a_connection_and_a_call_of_ours(operator, workspace, connection):
    other = Connection.objects.create(workspace=workspace, platform="retell", name="Second line")
    call = Call.objects.create(workspace=workspace, platform="retell", platform_call_id="c", started_at=NOW)
    some(connection, 2)
    theirs = some(other, 1, call=call)

    assert listed(operator, f"?connection={other.pk}") == ids(theirs)
    assert listed(operator, f"?call={call.pk}") == ids(theirs)


def test_events_to_choose_from_are_those_that_came(
    operator, workspace, connection, django_assert_max_num_queries
):
    for n in range(4):
        another = Connection.objects.create(workspace=workspace, platform="retell", name=f"Line {n}")
        for kind in ("call_started", f"event_{n}", ""):
            kept(another, body_of(kind or "x", call={"call_id": f"call_{n}"}), kind=kind)

    with django_assert_max_num_queries(20):
        html = operator.get("/webhooks/").content.decode()
    offered = re.search(r'<select name="kind">(.*?)</select>', html, re.DOTALL)[1]
    assert re.findall(r"<option>(.*?)</option>", offered) == [
        "call_started",
        *(f"event_{n}" for n in range(4)),
    ]


def test_it_is_narrowed_to_a_time(operator, connection):
    at = [datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (9, 10, 11)]
    made = [some(connection, 1, id=first_uuid7(int(when.timestamp() * 1000)))[0] for when in at]

    assert listed(operator, "?since=2026-11-20T10:00&until=2026-11-20T11:00") == ids(made[1:2])
    assert listed(operator, "?since=2026-11-21") == []
    assert listed(operator, "?until=2026-11-20T10:00") == ids(made[:1])


def test_a_time_to_the_second_stays_one_on_the_way(operator, connection):
    """Pages after it, and a replay of all that match, are of the same list."""
    some(connection, 1)
    html = operator.get("/webhooks/?since=2020-11-20T10:00:45.9").content.decode()

    assert 'data-query="since=2020-11-20T10%3A00%3A45"' in html
    assert 'name="since" value="2020-11-20T10:00:45"' in html


@pytest.mark.parametrize(
    ("many", "said"), [(1, "1 delivery,"), (2, "2 deliveries,"), (1_001, "1,000+ deliveries,")]
)
def test_it_says_how_many_there_are(operator, connection, many, said):
    [first] = some(connection, 1)
    rows = [Delivery.objects.get(pk=first.pk) for _ in range(many - 1)]
    for n, row in enumerate(rows):
        row.pk, row.digest, row._state.adding = uuid7(), f"{n:064x}", True
    Delivery.objects.bulk_create(rows)

    assert f"{said} newest first" in words_of(operator.get("/webhooks/").content.decode())


def test_tabs_count_what_needs_somebody(operator, connection):
    some(connection, 2, status="dead", error="Unreadable")
    some(connection, 1, status="pending", attempts=3, error="KeyError")
    Unproven.objects.create(
        workspace=connection.workspace, connection=connection, count=7, last_at=NOW, recent=[]
    )

    tabs = re.search(r'<nav class="tabs".*?</nav>', operator.get("/webhooks/").content.decode(), re.DOTALL)[0]
    assert words_of(tabs) == "Failing 1 All Dead letters 2 Rejected 7"


def test_rejected_shows_headers_and_whose_door_it_was(operator, connection):
    attempt = {
        "at": NOW.isoformat(),
        "reason": "The signature is <b>wrong</b>.",
        "trace_id": "b" * 32,
        "headers": {"x-retell-signature": "v=1,d=deadbeef…", "x-<script>": "<script>alert(1)</script>"},
    }
    Unproven.objects.create(
        workspace=connection.workspace, connection=connection, count=7, last_at=NOW, recent=[attempt]
    )

    html = operator.get("/webhooks/?status=rejected").content.decode()

    assert "7 attempts" in html
    assert "d=deadbeef…" in html
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html
    assert "<b>wrong" not in html


def test_nothing_of_another_workspace_is_there(admin, elsewhere):
    (theirs,) = some(elsewhere, 1, status="dead", error="Unreadable")
    Unproven.objects.create(
        workspace=elsewhere.workspace, connection=elsewhere, count=3, last_at=NOW, recent=[]
    )

    for address in ("", "?status=dead", "?status=rejected", f"?open={theirs.pk}"):
        assert "Their line" not in admin.get(f"/webhooks/{address}").content.decode()
        assert str(theirs.pk) not in re.findall(
            r'id="d-([^"]+)"', admin.get(f"/webhooks/{address}").content.decode()
        )
    for part in ("", "body", "curl"):
        assert admin.get(f"/webhooks/deliveries/{theirs.pk}/{part}").status_code == 404
    assert str(theirs.pk) not in admin.get(f"/webhooks/changes?row={theirs.pk}").content.decode()
    answer = admin.post("/webhooks/replay", {"id": str(theirs.pk)})
    assert answer.json()["deliveries"] == 0
    theirs.refresh_from_db()
    assert theirs.status == "dead"


# --- Nothing here yet ------------------------------------------------------------------------------------


def test_without_a_connection_it_offers_one_to_who_may(admin, viewer):
    assert 'href="/settings/connections/new"' in admin.get("/webhooks/").content.decode()

    html = viewer.get("/webhooks/").content.decode()
    assert "/settings/connections/new" not in html
    assert "Connecting needs the Admin role." in html


def test_before_the_first_delivery_it_shows_where_to_send_it(admin, connection):
    html = admin.get("/webhooks/").content.decode()

    assert f"/webhooks/retell/{connection.pk}</code>" in html
    assert f'href="/settings/connections/{connection.pk}/#test"' in html


def test_where_nothing_matches_the_filters_can_be_cleared(operator, connection):
    some(connection, 1)

    html = operator.get("/webhooks/?kind=<script>").content.decode()

    assert "No delivery matches" in html
    assert "<script>" not in re.sub(r"<script [^>]+>", "", html)


# --- What changes meanwhile ------------------------------------------------------------------------------


def changed(client, query: str) -> tuple[list[str], list[str]]:
    """The known and the fresh rows of an answer."""
    html = client.get(f"/webhooks/changes?{query}").content.decode()
    known, fresh = re.search(
        r'<table id="known">(.*?)</table><table id="fresh">(.*)</table>', html, re.DOTALL
    ).groups()
    return re.findall(r'id="d-([^"]+)"', known), re.findall(r'id="d-([^"]+)"', fresh)


def test_a_page_hears_of_its_rows_and_of_those_that_came_since(operator, connection):
    old, top = ids(some(connection, 2, status="dead"))
    since = ids(some(connection, 2, status="dead"))[::-1]
    some(connection, 1, status="applied")

    known, fresh = changed(operator, f"status=dead&row={old}&row={top}&row=nonsense&floor=nonsense")

    assert (sorted(known), fresh) == (sorted([old, top]), since)


def test_a_page_hears_of_one_that_was_given_up_after_a_newer_one(operator, connection):
    below, floor, waiting, top = ids(some(connection, 4, status="dead"))
    Delivery.objects.filter(pk=waiting).update(status="pending", attempts=7)
    shown = f"status=dead&row={floor}&row={top}"
    assert changed(operator, f"{shown}&floor={floor}")[1] == []

    Delivery.objects.filter(pk=waiting).update(status="dead", attempts=8)

    assert changed(operator, f"{shown}&floor={floor}")[1] == [waiting]
    # Nothing older follows, so what lies below is this page's, too.
    assert changed(operator, shown)[1] == [waiting, below]


def test_a_page_of_older_ones_hears_of_its_own_rows_only(operator, connection):
    older, _ = ids(some(connection, 2, status="dead"))

    assert changed(operator, f"status=dead&cursor=any&row={older}") == ([older], [])


def test_a_row_that_left_the_filter_is_still_told_of(operator, connection):
    (dead,) = some(connection, 1, status="dead")
    Delivery.objects.update(status="applied")

    assert changed(operator, f"status=dead&row={dead.pk}") == ([str(dead.pk)], [])
