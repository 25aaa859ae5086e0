"""What a value of a custom field may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.judging.values import Unfit, fit
from calls.models import CustomField

FIELDS = {
    kind: CustomField(key=kind, kind=kind, choices=["Fixed 12", "Variable"])
    for kind in CustomField.FieldKind.values
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("kind", "told", "kept"),
    [
        ("text", " The  green\none ", "The green one"),
        ("number", 12, 12),
        ("number", -0.5, -0.5),
        ("boolean", False, False),
        ("choice", "fixed  12", "Fixed 12"),
        ("date", "2026-02-28", "2026-02-28"),
        *((kind, None, None) for kind in FIELDS),
    ],
)
def test_what_fits_is_kept(kind, told, kept):
    assert fit(FIELDS[kind], told) == kept


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("text", ""), ("text", " "), ("text", 7), ("text", "x" * 401),
        ("number", "12"), ("number", True), ("number", 10**400),
        ("number", float("nan")), ("number", float("inf")),
        ("boolean", "true"), ("boolean", 1),
        ("choice", "Green"), ("choice", ""), ("choice", 1),
        ("date", "2026-02-30"), ("date", "20260228"), ("date", "28 February"), ("date", "2026-02-28T10:00"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_reason(kind, told):
    with pytest.raises(Unfit, match=r"\w\.$"):
        fit(FIELDS[kind], told)


@given(kind=st.sampled_from(CustomField.FieldKind.values), told=ANYTHING)
def test_whatever_a_model_says_is_of_the_fields_kind_or_nothing(kind, told):
    try:
        kept = fit(FIELDS[kind], told)
    except Unfit:
        return
    kinds = {"text": str, "number": (int, float), "boolean": bool, "choice": str, "date": str}
    assert kept is None or isinstance(kept, kinds[kind])
