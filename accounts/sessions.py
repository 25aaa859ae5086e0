"""Sessions are rows: they survive Redis being emptied, and ending one is visible to every process at once."""

import re

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

_KEY = re.compile(r"[a-z0-9]{32}")
WORKSPACE = "workspace_id"  # the session's current workspace


class SessionStore(DatabaseStore):
    """Django's, but a cookie that no server of ours can have written never reaches the database."""

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key and _KEY.fullmatch(key))

    @classmethod
    def readable(cls, key: str) -> bool:
        return bool(_KEY.fullmatch(key))
