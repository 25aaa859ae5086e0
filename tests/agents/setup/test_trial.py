"""The test of a model: what came back, in words, from vendors that are played."""

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache

from agents.setup import trial
from tests.agents.vendors import HANG, Counts, Oops, Refuse, Say, Stop, Vendors

make = sync_to_async(trial.make, thread_sensitive=False)
SAID = "the vendor's own words, with sk-test in them"


@pytest.fixture
def quick(settings) -> None:
    cache.clear()


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_it_says_how_long_it_took_and_what_it_cost(quick, vendors: Vendors, add_model, recorded, kind):
    vendors.play("good", Say("OK"), Stop(), Counts(fresh=12, out=3))
    result = await make(await add_model("good", kind=kind))

    assert result.ok
    assert result.said.startswith("good answered: its first token came after ")
    assert "12 tokens in, 3 out, as the vendor counts. It cost $0.000054" in result.means
    [row] = await recorded()
    assert (row.feature, row.finish, row.tokens_out) == ("test", "stop", 3)
    [seen] = vendors.asked("good")
    assert seen.body["stream"] is True


@pytest.mark.parametrize(
    ("steps", "error", "means"),
    [
        ([Refuse(401, "invalid_api_key", SAID)], "auth", "The key is wrong"),
        ([Refuse(404, "model_not_found", SAID)], "internal", "There is no model of that name"),
        ([Refuse(429, "insufficient_quota", SAID)], "rate_limited", "not paid for"),
        ([Refuse(400, "made_up_by_somebody", SAID)], "internal", "Check the model’s name"),
        ([Say("O"), Oops("server_error")], "internal", "does not take the request"),
        ([HANG], "timeout", "did not begin to answer in time"),
    ],
)
async def test_it_says_what_is_wrong_and_nothing_of_the_vendors(
    quick, vendors, add_model, recorded, steps, error, means
):
    vendors.play("bad", *steps)
    result = await make(await add_model("bad", timeout_ms=300))

    assert (result.ok, result.error_type) == (False, error)
    assert means in result.means
    assert "vendor's own" not in result.said + result.means
    assert "made_up" not in result.said + result.means
    assert [row.error_type for row in await recorded()] == [error]


async def test_a_vendor_that_says_what_no_record_holds_is_a_result_too(quick, vendors, add_model, recorded):
    vendors.play("odd", Refuse(400, "\x00\ud800", SAID, {"x-request-id": "x" * 500}))
    vendors.play("odd", Say("OK"), Stop(), Counts(fresh=10**30, out=-1))
    model = await add_model("odd")

    assert (await make(model)).error_type == "internal"
    cache.clear()
    assert (await make(model)).ok
    assert [row.finish for row in await recorded()] == ["error", "stop"]


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_no_vendor_leads_us_elsewhere(quick, vendors, add_model, kind):
    """Into our own network, for one."""
    vendors.play("moved", Refuse(307, "", "", {"location": f"{vendors.url}/elsewhere"}))
    result = await make(await add_model("moved", kind=kind))

    assert not result.ok
    assert len(vendors.requests) == 1


async def test_nobody_is_asked_twice_in_a_moment(quick, vendors, add_model):
    vendors.play("good", Say("OK"), Stop(), Counts(fresh=12, out=3))
    model = await add_model("good")
    assert (await make(model)).ok
    with pytest.raises(trial.TooSoon):
        await make(model)
    assert len(vendors.asked("good")) == 1


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_nothing_in_our_own_network_is_asked(quick, settings, vendors, add_model, recorded, kind):
    """Though its name led outside when it was typed."""
    settings.PRIVATE_HOSTS = []
    result = await make(await add_model("moved", kind=kind))

    assert (result.error_type, result.means) == ("connection", trial.MEANS["private_address"])
    assert [row.error_code for row in await recorded()] == ["private_address"]
    assert vendors.requests == []
