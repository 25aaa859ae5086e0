"""The judged queries of search: a file that is read by line, and halves that can be compared."""

import json
from collections import Counter
from pathlib import Path

import pytest

from bench import __file__ as bench

FIELDS = {"id", "kind", "set", "q", "relevant"}
KINDS, SETS = ("keyword", "paraphrase", "mixed"), ("dev", "held out")


@pytest.fixture(scope="module")
def queries() -> list[dict]:
    lines = Path(bench).with_name("judged").joinpath("queries.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_both_sets_hold_ten_queries_of_each_kind(queries):
    assert Counter((q["kind"], q["set"]) for q in queries) == {
        (kind, half): 10 for kind in KINDS for half in SETS
    }


def test_no_query_comes_twice(queries):
    assert len({q["id"] for q in queries}) == len({q["q"].lower() for q in queries}) == 60


def test_every_query_is_answered_by_a_few_calls_each_proved_by_its_turns(queries):
    for query in queries:
        assert query.keys() == FIELDS
        assert 1 <= len(query["relevant"]) <= 12, query["id"]
        for turns in query["relevant"].values():
            assert turns
            assert turns == sorted(set(turns)), query["id"]
            assert turns[0] >= 0
