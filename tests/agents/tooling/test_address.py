"""Addresses with places in them: whatever a model writes, it stays within its place."""

import pytest

from agents.tooling.address import Unfilled, filled, places, with_query

ORDERS = "https://shop.example/orders/{order_id}/lines"


def test_it_knows_its_places():
    assert places("https://a.example/{b}/{c}?d={b}&e={f.g}") == ["b", "c", "f.g"]


@pytest.mark.parametrize(
    ("value", "becomes"),
    [
        ("A-7", "A-7"),
        (7, "7"),
        (1.5, "1.5"),
        (True, "true"),
        ("a/../b", "a%2F..%2Fb"),
        ("a?b=c&d#e", "a%3Fb%3Dc%26d%23e"),
        ("%2e%2e", "%252e%252e"),
        ("Zoë {x}", "Zo%C3%AB%20%7Bx%7D"),
        (["a", 1], "%5B%22a%22%2C1%5D"),
    ],
)
def test_an_argument_never_leaves_its_place(value, becomes):
    assert filled(ORDERS, {"order_id": value}) == f"https://shop.example/orders/{becomes}/lines"
    assert filled("https://a.example/?q={q}&r=1", {"q": value}) == f"https://a.example/?q={becomes}&r=1"


@pytest.mark.parametrize("value", ["..", ".", "", None])
def test_what_would_be_another_folder_is_refused(value):
    with pytest.raises(Unfilled, match="order_id"):
        filled(ORDERS, {"order_id": value})


def test_two_halves_make_no_other_folder_either():
    with pytest.raises(Unfilled):
        filled("https://a.example/{a}{b}/c", {"a": ".", "b": "."})


def test_a_parameter_without_its_argument_is_left_out():
    assert filled("https://a.example/x?q={q}&r={r}", {"r": 2}) == "https://a.example/x?r=2"
    assert filled("https://a.example/x?q={q}", {}) == "https://a.example/x"


def test_what_is_left_over_becomes_parameters():
    assert with_query("https://a.example/x", {"a": "b c", "n": None}) == "https://a.example/x?a=b%20c"
    assert with_query("https://a.example/x?y=1", {"ids": [1, 2]}) == "https://a.example/x?y=1&ids=1&ids=2"
    assert with_query("https://a.example/", {"o": {"p": 1}}) == "https://a.example/?o=%7B%22p%22%3A1%7D"
    assert with_query("https://a.example/", {}) == "https://a.example/"
