"""How long a call's row may be held, and waited for. Nobody may wait for ever for a process that is gone."""

from django.db import Error, InterfaceError, OperationalError, connection
from psycopg.errors import IdleInTransactionSessionTimeout


def set_for_now(setting: str, seconds: float) -> None:
    """Set one of PostgreSQL's time limits until the end of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [setting, f"{round(seconds * 1000)}ms"])


def is_passing(error: Error) -> bool:
    """Whether what failed is worth another try: the database was away, or ended a transaction of ours because
    we asked nothing in it for too long, which Django takes for an internal error."""
    passing = isinstance(error, (OperationalError, InterfaceError))
    return passing or isinstance(error.__cause__, IdleInTransactionSessionTimeout)
