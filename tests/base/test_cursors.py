import pytest
from django.core.exceptions import BadRequest
from hypothesis import given
from hypothesis import strategies as st

from base.cursors import make_cursor, read_cursor
from base.ids import uuid7


@pytest.mark.parametrize("towards", ["older", "newer"])
def test_it_names_a_row_and_a_direction(towards):
    row_id = uuid7()

    assert read_cursor(make_cursor(row_id, towards, "test"), "test") == (row_id, towards)


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
