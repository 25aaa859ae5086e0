from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from agents.llm.providers.faults import of_answer, retry_after


@pytest.mark.parametrize(
    ("codes", "status", "type", "retryable", "falls_through"),
    [
        (("insufficient_quota", "requests"), 429, "rate_limited", False, True),
        (("rate_limit_exceeded",), 429, "rate_limited", True, True),
        (("billing_error",), 402, "rate_limited", False, True),
        (("context_length_exceeded", "invalid_request_error"), 400, "context_length", False, False),
        (("content_policy_violation",), 400, "content_filter", False, False),
        (("permission_error",), 403, "auth", False, True),
        (("not_found_error",), 404, "internal", False, True),
        # The code is more telling than the status: in mid-stream that is 200.
        (("overloaded_error",), 200, "overloaded", True, True),
        (("rate_limit_error",), 200, "rate_limited", True, True),
        (("api_error",), 200, "internal", True, True),
        ((None, None), None, "internal", True, True),
        (("429",), None, "rate_limited", True, True),
        (("unavailable", "server_error"), 503, "overloaded", True, True),
        ((None,), 408, "timeout", True, True),
        ((None,), 413, "context_length", False, False),
        ((None,), 422, "internal", False, False),
        ((None,), 504, "timeout", True, True),
        ((None,), 529, "overloaded", True, True),
        (("something_new",), 520, "internal", True, True),
    ],
)
def test_it_says_it_in_our_words(codes, status, type, retryable, falls_through):
    error = of_answer(codes, status)

    assert (error.type, error.retryable, error.falls_through) == (type, retryable, falls_through)


def test_it_knows_a_prompt_that_is_too_long_by_what_servers_say():
    error = of_answer(("invalid_request_error",), 400, message="This model's maximum context length is 8")

    assert error.type == "context_length"
    assert "8" not in error.message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_it_reads_how_long_to_wait(headers, seconds):
    assert retry_after(headers) == seconds


def test_it_reads_until_when_to_wait():
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)

    assert 27 < retry_after({"retry-after": at}) <= 30
