"""How long a call's row may be held, and waited for. Nobody may wait for ever for a process that is gone."""

from django.db import connection


def set_for_now(setting: str, seconds: float) -> None:
    """Set one of PostgreSQL's time limits until the end of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [setting, f"{round(seconds * 1000)}ms"])
