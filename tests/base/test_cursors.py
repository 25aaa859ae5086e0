import pytest
from django.core.exceptions import BadRequest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Workspace
from base.cursors import make_cursor, newest_first, read_cursor
from base.ids import uuid7


def page(cursor="", limit=3):
    return newest_first(Workspace.objects.all(), cursor=cursor, limit=limit, scope="test")


def names(found):
    return [row.name for row in found.items]


@pytest.fixture
def ten(db):
    return [Workspace.objects.create(name=str(n)) for n in range(10)]


def test_it_walks_to_the_end_and_back(ten):
    first = page()
    second = page(first.older)
    third = page(second.older)
    last = page(third.older)

    assert [names(found) for found in (first, second, third, last)] == [
        ["9", "8", "7"],
        ["6", "5", "4"],
        ["3", "2", "1"],
        ["0"],
    ]
    assert (first.newer, last.older) == ("", "")
    assert names(page(last.newer)) == ["3", "2", "1"]
    assert names(page(third.newer)) == ["6", "5", "4"]


def test_rows_that_arrive_meanwhile_shift_nothing(ten):
    first = page()
    Workspace.objects.create(name="new")

    assert names(page(first.older)) == ["6", "5", "4"]


def test_the_newest_page_has_nothing_newer(ten):
    first = page()

    assert page(page(first.older).newer).newer == ""


def test_an_empty_list_leads_nowhere(db):
    assert page() == page()
    assert (page().items, page().newer, page().older) == ([], "", "")


def test_a_cursor_of_another_list_is_refused():
    with pytest.raises(BadRequest):
        read_cursor(make_cursor(uuid7(), "older", "workspace:1"), "workspace:2")


@given(st.one_of(st.text(max_size=80), st.binary(max_size=40).map(lambda raw: raw.decode("latin-1"))))
def test_junk_is_a_bad_request(junk):
    with pytest.raises(BadRequest):
        read_cursor(junk or "x", "test")


@given(st.integers(0, 29))
def test_an_edited_cursor_is_a_bad_request(at):
    cursor = make_cursor(uuid7(), "older", "test")
    edited = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]

    with pytest.raises(BadRequest):
        read_cursor(edited, "test")
