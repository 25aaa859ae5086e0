from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from agents.llm.providers.base import arguments_of, count_of, usage_of
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
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -1200"}, None),
        ({}, None),
    ],
)
def test_it_reads_how_long_to_wait(headers, seconds):
    assert retry_after(headers) == seconds


def test_it_reads_until_when_to_wait():
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)

    assert 27 < retry_after({"retry-after": at}) <= 30


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("insufficient_quota", "insufficient_quota"),
        ("DeploymentNotFound", "DeploymentNotFound"),
        ("429", "429"),
        ("Margaret Hale, 07700 900123", "other"),
        ("07700900123", "other"),
        ("9" * 5_000, "other"),
        ("a\x00b", "other"),
        ("\ud800", "other"),
        ("é", "other"),
        ("x" * 61, "other"),
        ("", "http_400"),
    ],
)
def test_it_keeps_no_code_that_does_not_look_like_one(said, kept):
    error = of_answer((said,), 400, message={"not": "a sentence"})
    assert error.code == kept
    assert str(error) == f"{error.type} ({kept})"  # what logs say


@pytest.mark.parametrize("said", ["x" * 121, "a\x00b", "\ud800", "two words", 7, None])
def test_it_keeps_no_request_id_that_does_not_look_like_one(said):
    assert of_answer((), 500, request_id="req_1-a:b/c==").request_id == "req_1-a:b/c=="
    assert of_answer((), 500, request_id=said).request_id == ""


def test_a_count_is_one_or_none():
    counts = [count_of(said) for said in (0, 7, 10**30, -1, "7", 7.5, None, {})]

    assert counts == [0, 7, 2**31 - 1, None, None, None, None, None]


def test_no_more_of_a_prompt_was_cached_than_there_is():
    most = 2**31 - 1
    used = usage_of(most + most, most + 5, most + 1)

    assert (used.tokens_in, used.tokens_cached, used.tokens_out) == (most, most, most)
    assert usage_of(10, 11, 1).tokens_cached == 10


def test_arguments_that_are_nothing_but_brackets_are_no_object():
    assert arguments_of('{"a":' * 100_000) is None
