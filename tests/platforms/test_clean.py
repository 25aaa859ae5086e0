import json

import orjson
from hypothesis import given
from hypothesis import strategies as st

from platforms.clean import clean

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_is_clean_every_wire_can_carry(value):
    cleaned = clean(json.loads(json.dumps(value)))

    assert orjson.loads(orjson.dumps(cleaned)) == cleaned
    assert "\x00" not in str(cleaned)
    assert clean(cleaned) == cleaned


def test_a_number_too_long_to_carry_keeps_its_digits():
    # A model that was told a card's or a meter's long number may send it without quotes.
    assert clean({"meter": 12345678901234567890123}) == {"meter": "12345678901234567890123"}


def test_what_is_no_number_becomes_nothing():
    assert clean(json.loads("[NaN, Infinity, -Infinity, 1.5, 18446744073709551615]")) == [
        None,
        None,
        None,
        1.5,
        2**64 - 1,
    ]
