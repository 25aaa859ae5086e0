"""What is counted stays countable."""

from base.meters import Few


def test_who_names_things_without_end_fills_no_memory():
    named = Few(2)

    assert [named("vendor", f"m{n}") for n in range(4)] == [
        ("vendor", "m0"), ("vendor", "m1"), ("other", "other"), ("other", "other"),
    ]  # fmt: skip
    assert named("vendor", "m1") == ("vendor", "m1")
