"""Lists in each order: pages fit together both ways, and calls without a value come last."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import BadRequest

from calls.models import Call
from calls.sorting import SORTS, Gone, Sort
from tests.calls.made import BEGAN, make_call


@pytest.fixture
def calls(agent) -> list[Call]:
    """Seven that ended, of which some are alike, and three that go on or have no value."""
    for n in range(7):
        began = BEGAN + timedelta(hours=n // 2)
        make_call(
            agent,
            started_at=began,
            ended_at=began + timedelta(seconds=n // 3),
            reply_p95_ms=100 * (n // 2),
            total_usd=Decimal(n // 2),
            score=n // 2,
        )
    for n in range(3):
        make_call(agent, ended=False, started_at=BEGAN + timedelta(hours=n // 2))
    return list(Call.objects.all())


def value(call: Call, name: str):
    values = {
        "started": call.started_at,
        "duration": call.ended_at and call.ended_at - call.started_at,
        "latency": call.reply_p95_ms,
        "cost": call.total_usd,
        "score": call.score,
    }
    return values[name]


def expected(calls: list[Call], sort: Sort) -> list:
    known = [call for call in calls if value(call, sort.name) is not None]
    others = [call for call in calls if value(call, sort.name) is None]
    known.sort(key=lambda call: (value(call, sort.name), call.pk), reverse=sort.is_descending)
    others.sort(key=lambda call: (call.started_at, call.pk), reverse=True)
    return [call.pk for call in [*known, *others]]


@pytest.mark.parametrize("text", SORTS)
def test_pages_fit_together_both_ways(calls, text):
    sort, rows = Sort.of(text), Call.objects.all()
    whole = expected(calls, sort)

    for limit in (1, 3, 4, 10):
        page = sort.page(rows, "", "here", limit)
        seen, pages = [call.pk for call in page.calls], 1
        assert page.before == ""
        while page.after:
            page = sort.page(rows, page.after, "here", limit)
            seen += [call.pk for call in page.calls]
            pages += 1
        assert seen == whole
        back = [call.pk for call in page.calls]
        while page.before:
            page = sort.page(rows, page.before, "here", limit)
            back = [call.pk for call in page.calls] + back
        assert back == whole
        assert pages == -(-len(whole) // limit)


def test_a_cursor_is_good_for_its_own_order_only(calls):
    after = Sort.of("-cost").page(Call.objects.all(), "", "here", 2).after

    with pytest.raises(BadRequest):
        Sort.of("cost").page(Call.objects.all(), after, "here", 2)
    with pytest.raises(BadRequest):
        Sort.of("-cost").page(Call.objects.all(), after, "there", 2)


def test_a_row_that_is_gone_is_told(calls):
    page = Sort.of("-cost").page(Call.objects.all(), "", "here", 2)
    page.calls[-1].delete()

    with pytest.raises(Gone):
        Sort.of("-cost").page(Call.objects.all(), page.after, "here", 2)


def test_an_order_that_makes_no_sense_is_the_newest_first():
    assert Sort.of("price").text == Sort.of("").text == "-started"
