"""Figures as people read them."""

import pytest

from calls.insights.worded import worded


@pytest.mark.parametrize(
    ("mood", "told"), [(0.254, "+0.25"), (-0.5, "−0.50"), (-0.001, "0.00"), (0, "0.00"), (None, "—")]
)
def test_a_mood_has_a_sign_unless_it_is_nought(mood, told):
    assert worded(mood, "mood") == told
