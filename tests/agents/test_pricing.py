from decimal import Decimal

from agents.llm.events import Usage
from agents.llm.pricing import MOST_USD, Prices, cost, tokens_of


def test_what_was_cached_costs_its_own_price():
    prices = Prices(Decimal(2), Decimal(10), Decimal("0.2"))

    assert cost(Usage(1_000_000, 400_000, 100_000), prices) == Decimal("1.2") + Decimal("0.08") + Decimal(1)


def test_without_a_price_of_its_own_it_costs_the_same():
    assert cost(Usage(1_000_000, 400_000, 0), Prices(Decimal(2), Decimal(10))) == 2


def test_a_single_token_of_the_cheapest_model_is_not_free():
    assert cost(Usage(1, 0, 0), Prices(Decimal("0.1"), Decimal(1))) == Decimal("0.0000001")


def test_it_counts_other_scripts_as_more_tokens():
    assert tokens_of("") == 0
    assert tokens_of("power") == 2
    assert tokens_of("停電ですか") == 4


def test_it_is_never_less_than_nothing_nor_more_than_a_record_holds():
    assert cost(Usage(0, 1_000_000, 0), Prices(Decimal(2), Decimal(10), Decimal(1))) == 0
    assert cost(Usage(2**31 - 1, 0, 0), Prices(Decimal(999_999), Decimal(0))) == MOST_USD
