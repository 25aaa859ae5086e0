"""What two people made of the same thing, made one."""

from hypothesis import given
from hypothesis import strategies as st

from agents.drafting import merge
from agents.drafting.merge import MOST_COMPARED, Edit, Merged, edits

# Few different lines, so that they repeat and changes meet.
TEXTS = st.lists(st.sampled_from("abcd"), max_size=8).map("\n".join)
LISTS = st.lists(st.sampled_from("abcdef"), max_size=6, unique=True)
TABLES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xyz"), max_size=4)
FIELDS = {"prompt": TEXTS, "tools": LISTS, "variables": TABLES, "voice": st.sampled_from("xyz")}
fields = st.sampled_from(list(FIELDS))
changed = fields.flatmap(lambda name: st.tuples(st.just(name), FIELDS[name], FIELDS[name], FIELDS[name]))


@given(changed)
def test_what_only_one_changed_is_as_they_have_it(some):
    name, base, one, _ = some

    assert merge.field(name, base, one, base) == Merged(one)
    assert merge.field(name, base, base, one) == Merged(one)


@given(changed)
def test_what_both_changed_alike_is_changed_once(some):
    name, base, one, _ = some

    assert merge.field(name, base, one, one) == Merged(one)


@given(TEXTS, TEXTS, TEXTS)
def test_of_texts_that_do_not_meet_it_is_no_matter_who_was_first(base, one, other):
    merged, again = merge.text(base, one, other), merge.text(base, other, one)

    assert merged.conflict == again.conflict
    assert merged.conflict or merged == again


@given(TEXTS, TEXTS, TEXTS)
def test_no_line_is_made_up_or_lost_without_a_word(base, one, other):
    merged = merge.text(base, one, other)

    lines = merged.value.split("\n")
    known = {line for text in (base, one, other) for line in text.split("\n")}
    assert set(lines) <= known | {""}  # no line at all is an empty one
    if not merged.conflict:
        new = (set(one.split("\n")) | set(other.split("\n"))) - {*base.split("\n"), ""}
        assert new <= set(lines)


@given(TABLES, TABLES, TABLES)
def test_of_tables_that_do_not_meet_it_is_no_matter_who_was_first(base, one, other):
    merged = merge.field("variables", base, one, other)

    assert merged.conflict or merged == merge.field("variables", base, other, one)


@given(LISTS, LISTS, LISTS)
def test_a_list_has_what_either_added_and_not_what_either_took_out(base, one, other):
    merged = merge.field("tools", base, one, other)

    added, gone = (set(one) | set(other)) - set(base), set(base) - (set(one) & set(other))
    assert not merged.conflict
    assert set(merged.value) == (set(base) | added) - gone
    assert len(set(merged.value)) == len(merged.value)


@given(TEXTS, TEXTS)
def test_edits_make_one_text_of_the_other(before, after):
    lines = before.split("\n")
    for edit in reversed(edits(lines, after.split("\n"))):
        lines[edit.start : edit.end] = edit.lines

    assert "\n".join(lines) == after


def test_lines_apart_are_both_taken():
    merged = merge.text("a\nb\nc\nd", "A\nb\nc\nd\ne", "a\nb\nC\nd")

    assert merged == Merged("A\nb\nC\nd\ne")


def test_neighbouring_lines_are_both_taken():
    assert merge.text("a\nb", "A\nb", "a\nB") == Merged("A\nB")


def test_of_one_line_changed_in_two_ways_mine_is_kept_and_it_is_told():
    merged = merge.text("a\nb\nc", "a\nmine\nc", "a\ntheirs\nC")

    assert merged == Merged("a\nmine\nc", conflict=True)


def test_two_things_said_at_one_place_are_a_conflict():
    assert merge.text("a", "a\nmine", "a\ntheirs") == Merged("a\nmine", conflict=True)


def test_where_too_much_differs_all_of_that_is_other_lines():
    """What is the same before and behind it is not compared, however long it is."""
    before, after = ([f"{side} {n}" for n in range(MOST_COMPARED // 100)] for side in "ab")
    same = ["same"] * 3_000

    assert edits([*same, *before, *same], [*same, *after, *same]) == [
        Edit(3_000, 3_000 + len(before), tuple(after))
    ]
    text = "\n" * 3_000
    assert merge.text(text, text + "a", "b" + text) == Merged("b" + text + "a")


def test_rules_that_go_by_one_name_or_by_none_are_all_kept():
    one, two = {"says": "one"}, {"says": "two"}

    assert merge.field("rules", [one], [one, two], [one | {"on": False}]) == Merged(
        [one | {"on": False}, two]
    )


def test_an_order_that_one_changed_is_kept_and_what_the_other_added_is_in_its_place():
    merged = merge.field("chain", ["a", "b", "c"], ["c", "a", "b"], ["a", "x", "b", "c"])

    assert merged == Merged(["c", "a", "x", "b"])


def test_a_rule_that_both_changed_in_two_ways_is_a_conflict():
    base, mine, theirs = ([{"id": "r1", "on": on}, {"id": "r2", "on": on}] for on in (1, 2, 3))

    assert merge.field("rules", base, mine, theirs) == Merged(mine, conflict=True)


def test_rules_that_each_changed_are_both_as_changed():
    one, two = {"id": "r1", "on": True}, {"id": "r2", "on": True}
    off_one, off_two = one | {"on": False}, two | {"on": False}

    assert merge.field("rules", [one, two], [off_one, two], [one, off_two]) == Merged([off_one, off_two])


def test_what_one_took_out_and_the_other_changed_is_as_the_later_has_it():
    assert merge.field("variables", {"a": "1"}, {}, {"a": "2"}) == Merged({}, conflict=True)
    assert merge.field("variables", {"a": "1"}, {"a": "2"}, {}) == Merged({"a": "2"}, conflict=True)
