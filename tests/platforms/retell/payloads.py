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
