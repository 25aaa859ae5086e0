"""A call object as Retell gives it: in get-call, and in its webhooks."""

WORDS = [{"word": "Great,", "start": 13.2, "end": 13.44}, {"word": "bye.", "start": 13.48, "end": 13.72}]
CALL = {
    "call_id": "call_7c1e9a40b2d84f5e93a61b0c",
    "call_type": "phone_call",
    "agent_id": "agent_5f2c9d0a7b41e83c6d9f0a12ef",
    "agent_version": 4,
    "agent_name": "Front desk",
    "call_status": "ended",
    "direction": "inbound",
    "from_number": "+14155550137",
    "to_number": "+14155550190",
    "metadata": {"tenant": "org_42"},
    "retell_llm_dynamic_variables": {"customer_name": "Dana"},
    "start_timestamp": 1795000000000,
    "end_timestamp": 1795000042380,
    "duration_ms": 42380,
    "disconnection_reason": "user_hangup",
    "transcript_with_tool_calls": [
        {
            "role": "agent",
            "content": "Hi, how can I help?",
            "words": [
                {"word": "Hi,", "start": 0.42, "end": 0.66},
                {"word": "help?", "start": 2.1, "end": 2.34},
            ],
            "metadata": {"response_id": 0},
        },
        {
            "role": "user",
            "content": "I need to move my cleaning to Friday.",
            "words": [
                {"word": "I", "start": 4.1, "end": 4.34},
                {"word": "Friday.", "start": 6.06, "end": 6.3},
            ],
        },
        {
            "role": "tool_call_invocation",
            "tool_call_id": "tool_call_51f0c2",
            "name": "reschedule_visit",
            "arguments": '{"visit_id":"v_881"}',
            "type": "custom",
        },
        {
            "role": "tool_call_result",
            "tool_call_id": "tool_call_51f0c2",
            "content": '{"ok":true}',
            "successful": True,
        },
        {"role": "node_transition", "former_node_id": "a", "new_node_id": "b"},
        {"role": "agent", "content": "Booked.", "words": [], "metadata": {"response_id": 3}},
        {"role": "user", "content": "Great, bye.", "words": WORDS},
    ],
    "call_cost": {"combined_cost": 7.063, "product_costs": [], "total_duration_seconds": 42.38},
    "call_analysis": {
        "call_summary": "The caller moved a visit.",
        "call_successful": True,
        "user_sentiment": "Positive",
        "in_voicemail": False,
        "custom_analysis_data": {"topic": "visits"},
    },
}

NEVER_CONNECTED = {
    "call_id": "call_90b4d7f3a2c14e6fa8d0c5e1",
    "call_type": "phone_call",
    "agent_id": "agent_5f2c9d0a7b41e83c6d9f0a12ef",
    "call_status": "not_connected",
    "direction": "outbound",
    "from_number": "+14155550190",
    "to_number": "+14155550155",
    "disconnection_reason": "dial_no_answer",
    "start_timestamp": 1795000090000,
    "end_timestamp": 1795000120000,
    "duration_ms": 0,
    "transcript": "",
    "transcript_object": [],
    "transcript_with_tool_calls": [],
    "call_cost": {"combined_cost": 0, "product_costs": []},
}
CHAT = {
    "chat_id": "chat_b81f5e0c39a74d62",
    "agent_id": "agent_c0ffee12ab34cd56ef78901234",
    "version": 2,
    "chat_status": "ended",
    "chat_type": "api_chat",
    "start_timestamp": 1795000000000,
    "message_with_tool_calls": [
        {
            "role": "user",
            "content": "Are you open Saturday?",
            "message_id": "msg_01a",
            "created_timestamp": 1795000000500,
        },
        {
            "role": "tool_call_invocation",
            "tool_call_id": "tool_call_9",
            "name": "opening_hours",
            "arguments": '{"day":"Saturday"}',
            "created_timestamp": 1795000001000,
        },
        {"role": "tool_call_result", "tool_call_id": "tool_call_9", "content": "9 to 13"},
        {
            "role": "agent",
            "content": "Yes, nine to one.",
            "message_id": "msg_01b",
            "created_timestamp": 1795000002100,
        },
    ],
    "end_timestamp": 1795000061000,
    "chat_cost": {"combined_cost": 0.4, "product_costs": [{"product": "gpt_4_1", "cost": 0.4}]},
    "chat_analysis": {
        "chat_summary": "Asked about Saturday hours.",
        "user_sentiment": "Neutral",
        "chat_successful": True,
        "custom_analysis_data": {},
    },
}
# What Retell calls a call before it has ended.
ONGOING = {
    key: CALL[key]
    for key in (
        "call_id",
        "call_type",
        "agent_id",
        "direction",
        "from_number",
        "to_number",
        "start_timestamp",
    )
} | {"call_status": "ongoing"}
TO = {
    "transfer_destination": {"number": "+14155550166", "extension": "12"},
    "transfer_option": {"type": "warm_transfer", "showTransfereeAsCaller": False},
}


def _so_far(entries: int) -> dict:
    return ONGOING | {"transcript_with_tool_calls": CALL["transcript_with_tool_calls"][:entries]}


def without(told: dict, *names: str) -> dict:
    return {name: value for name, value in told.items() if name not in names}


# Everything Retell posts about one call, in the order it would; the analysis was run again.
OF_A_CALL = [
    {"event": "call_started", "call": ONGOING},
    {"event": "transcript_updated", "call": _so_far(1)},
    {"event": "transcript_updated", "call": _so_far(3)},
    {"event": "transfer_started", "call": ONGOING, **TO},
    {"event": "transfer_cancelled", "call": ONGOING, **TO},
    {"event": "transcript_updated", "call": _so_far(6)},
    {"event": "transfer_started", "call": ONGOING, "transfer_destination": {"number": "+14155550199"}},
    {"event": "transcript_updated", "call": without(CALL, "call_analysis")},
    {"event": "call_ended", "call": without(CALL, "call_analysis") | {"call_status": "registered"}},
    {"event": "call_analyzed", "call": CALL},
    {
        "event": "call_analyzed",
        "call": CALL | {"call_analysis": CALL["call_analysis"] | {"call_summary": "They moved a visit."}},
    },
]
OF_A_CALL_NEVER_CONNECTED = [
    {"event": "call_ended", "call": NEVER_CONNECTED},
    {"event": "call_analyzed", "call": NEVER_CONNECTED | {"call_analysis": {"call_successful": False}}},
]
OF_A_CHAT = [
    {
        "event": "chat_started",
        "chat": without(CHAT, "message_with_tool_calls", "end_timestamp", "chat_cost", "chat_analysis"),
    },
    {
        "event": "transcript_updated",
        "chat": without(CHAT, "end_timestamp", "chat_cost", "chat_analysis")
        | {"message_with_tool_calls": CHAT["message_with_tool_calls"][:2]},
    },
    {"event": "chat_ended", "chat": without(CHAT, "chat_analysis")},
    {"event": "chat_analyzed", "chat": CHAT},
]
OF_A_NUMBER = [
    {"event": "call_inbound", "call_inbound": {"call_id": CALL["call_id"], "from_number": "+14155550137"}},
    {"event": "chat_inbound", "chat_inbound": {"from_number": "+14155550137"}},
]
EVERYTHING = OF_A_CALL + OF_A_CALL_NEVER_CONNECTED + OF_A_CHAT + OF_A_NUMBER
