"""What the chat page says when an answer does not come or breaks off, and what can be done about it."""

from calls.wording import ERRORS as WHY

AGAIN = "Ask for it again."
NEXT = {
    "timeout": AGAIN,
    "rate_limited": "Wait a moment, then ask for it again.",
    "overloaded": "Wait a moment, then ask for it again.",
    "content_filter": "Put it in other words.",
    "context_length": "Begin a new chat.",
    "auth": "An admin can mend the key in Settings.",
    "connection": AGAIN,
    "budget_exceeded": "An admin can raise it in Settings. Until then nothing more is answered.",
    "interrupted": AGAIN,
    "internal": "Ask for it again; if it stays so, tell an admin.",
}
# Of the answers to a POST, and of the way there.
REFUSALS = {
    "rate_limited": {"why": "That was too many messages in a minute.", "next": ""},
    "all_models_unavailable": {
        "why": "No model is available right now.",
        "next": "Every one is switched off or failing. Try again in a minute, or choose other models.",
    },
    "unavailable": {"why": "Chats are away for a moment.", "next": "Try again."},
    "conflict": {"why": "This chat has gone on somewhere else.", "next": "Reload the page to see it."},
    "forbidden": {"why": "You may not write here.", "next": "Only who began a chat goes on with it."},
    "lost": {"why": "The connection to Earshot broke.", "next": "What you wrote is kept here. Try again."},
}
ERRORS = {name: {"why": why, "next": NEXT[name]} for name, why in WHY.items()} | {
    "lost": {
        "why": "The connection broke.",
        "next": "The answer may be there all the same: reload, or ask again.",
    },
}
