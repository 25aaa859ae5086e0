"""What the API says of things: all of it to who may see words, bare facts to others, secrets to nobody."""

import json

import pytest

from calls.models import Call
from platforms.models import Connection
from tests.api.made import BODY, make_delivery
from tests.calls.made import A_SHORT_CALL, make_call
from webhooks.models import Delivery


def test_a_call_is_told_whole(world):
    call = world.program().get(f"calls/{world.ended.pk}")

    assert call["platform"] == "retell"
    assert call["platform_call_id"] == "ended"
    assert call["agent"] == {"id": str(world.agent.pk), "name": "Odell", "version": 1, "label": "v1"}
    assert call["status"] == "ended"
    assert (call["started_at"], call["ended_at"]) == ("2026-11-20T09:00:00Z", "2026-11-20T09:00:09Z")
    assert call["duration_ms"] == 9_000
    assert (call["direction"], call["outcome"], call["end_reason"]) == (
        "inbound",
        "caller_hung_up",
        "user_hangup",
    )
    assert call["summary"] == "Charged twice, one refunded."
    assert call["cost_usd"] == "0.07060042"  # the platform's and the model's
    assert call["turn_count"] == 7


def test_numbers_are_masked_for_everybody(world):
    call = world.program("owner").get(f"calls/{world.ended.pk}")
    facts = world.program("owner").get(f"calls/{world.ended.pk}/events")

    assert call["from_number"] == "+44 77•• ••• 142"
    assert "7700900142" not in json.dumps([call, facts])


def test_what_is_not_known_is_null(world):
    call = world.program().get(f"calls/{world.live.pk}")

    unknown = (
        "ended_at",
        "duration_ms",
        "outcome",
        "end_reason",
        "summary",
        "sentiment",
        "transfer",
        "successful",
    )
    assert {call[name] for name in unknown} == {None}
    assert call["status"] == "live"


def test_a_call_without_an_agent_says_so(world):
    lost = make_call(world.agent, platform_agent_id="agent_x")
    Call.objects.filter(pk=lost.pk).update(agent=None, version=None)

    call = world.program().get(f"calls/{lost.pk}")

    assert (call["agent"], call["platform_agent_id"]) == (None, "agent_x")


def test_a_viewer_gets_facts_and_not_one_word(world):
    program = world.program("viewer")

    told = [
        program.get("calls"),
        program.get(f"calls/{world.ended.pk}"),
        program.get(f"calls/{world.ended.pk}/events", limit=200),
        program.get(f"webhooks/deliveries/{world.delivery.pk}"),
    ]

    # Nor can they find out by asking which calls say it.
    assert program.ask("calls", **{"field.plan": "Gold"}).status_code == 400
    shown = json.dumps(told).lower()
    for word in ("charged", "refunded", "larkfield energy", "charges"):
        assert word not in shown
    assert {fact["data"] for fact in told[2]["items"]} == {None}
    assert told[1]["summary"] is None


def test_a_turn_of_a_tool_says_what_it_was_given(world):
    call = make_call(world.agent, A_SHORT_CALL)

    turns = world.program().get(f"calls/{call.pk}/transcript")["items"]

    assert [turn["role"] for turn in turns] == ["agent", "caller", "tool", "agent"]
    assert turns[2]["tool"] == {
        "name": "billing.find_charges",
        "arguments": {"account": "L-20418"},
        "ok": True,
    }
    assert (turns[3]["reply_ms"], turns[3]["model"], turns[3]["fallback"]) == (1_900, "sim-standard", 1)
    assert turns[3]["at"] == "2026-11-20T09:00:06.900Z"


def test_a_fact_says_who_told_it(world):
    facts = world.program().get(f"calls/{world.ended.pk}/events", limit=200)["items"]

    assert {fact["source"] for fact in facts} == {"socket", "platform"}
    spoken = next(fact for fact in facts if fact["kind"] == "TurnSpoken")
    assert spoken["data"]["text"] == "Larkfield Energy, how can I help?"
    assert "stream" not in spoken["data"]


def test_a_connection_is_told_without_its_secrets(world):
    response = world.program("admin").ask("connections")

    shown = response.content.decode()
    assert "key_of_the_platform" not in shown
    assert "secret_of_the_webhooks" not in shown
    (told,) = response.json()["items"]
    assert (told["has_api_key"], told["has_webhook_secret"], told["is_rotating"]) == (True, True, False)
    assert told["webhook_url"] == f"http://127.0.0.1:8000/webhooks/retell/{world.connection.pk}"


def test_a_rotation_under_way_is_told(world):
    Connection.objects.filter(pk=world.connection.pk).update(previous_webhook_secret="before")

    assert world.program("admin").get("connections")["items"][0]["is_rotating"] is True


def test_an_agent_is_told_without_its_key(world):
    program = world.program("owner")

    shown = [program.get("agents"), program.get(f"agents/{world.agent.pk}")]

    assert "voice_address_key" not in json.dumps(shown)
    assert shown[1]["live_version"] == 1


def test_a_version_says_what_the_agent_was_told(world):
    (version,) = world.program().get(f"agents/{world.agent.pk}/versions")["items"]

    assert version["prompt"] == "You answer questions about bills."
    assert (version["first_message"], version["tools"]) == ("Hello!", ["end_call"])


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (BODY, {"encoding": "text", "content": BODY.decode()}),
        (b"\x00\xff", {"encoding": "base64", "content": "AP8="}),
        (b"\x00", {"encoding": "text", "content": "\x00"}),
        (None, None),
    ],
)
def test_a_delivery_is_shown_as_it_came(world, body, shown):
    row = make_delivery(world.connection)
    Delivery.objects.filter(pk=row.pk).update(body=body)

    delivery = world.program("admin").get(f"webhooks/deliveries/{row.pk}")

    assert delivery["body"] == shown
    assert delivery["headers"]["x-retell-signature"] == "v=…"
