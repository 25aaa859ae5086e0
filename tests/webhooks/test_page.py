"""What one delivery's page is drawn from."""

import tracemalloc

from webhooks import page


def test_a_body_that_grows_by_its_indentation_takes_no_memory_for_what_is_not_shown():
    deep, many = 400, 50_000
    raw = b"[" * deep + b",".join([b"1"] * many) + b"]" * deep  # in lines: 40 MB

    tracemalloc.start()
    try:
        body = page.body(raw)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(body.pretty) == page.SHOWN
    assert body.is_cut
    assert most < 5_000_000
