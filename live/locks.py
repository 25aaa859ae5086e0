"""How long what all share is held: a call’s row, a connection to the database, a thread. Nobody may wait for
ever for a process that is gone, or for one of sixteen connections that is with who waits for a model.
"""

from asgiref.sync import SyncToAsync, sync_to_async
from django.db import Error, InterfaceError, OperationalError, connection, connections
from psycopg.errors import IdleInTransactionSessionTimeout

HOLD_SECONDS = 5.0  # of a call's row, between one statement and the next


def hold_briefly() -> None:
    """In a transaction that holds a call's row. Frozen in it, or its machine gone, this process would keep
    everybody else from the call."""
    set_for_now("idle_in_transaction_session_timeout", HOLD_SECONDS)


def set_for_now(setting: str, seconds: float) -> None:
    """Set one of PostgreSQL's time limits until the end of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [setting, f"{round(seconds * 1000)}ms"])


async def leave_database() -> None:
    """Give back the connection that a request's thread would keep until the last byte of its answer."""
    await sync_to_async(connections.close_all)()


def leave_thread() -> None:
    """Let go of the thread that a request keeps for itself until the last byte of its answer, which may take
    minutes to come. Only from within the answer: what runs before would begin another one."""
    context = SyncToAsync.thread_sensitive_context.get(None)
    executor = SyncToAsync.context_to_thread_executor.pop(context, None) if context else None
    if executor:
        executor.submit(connections.close_all)
        executor.shutdown(wait=False)


def is_passing(error: Error) -> bool:
    """Whether what failed is worth another try: the database was away, or ended a transaction of ours because
    we asked nothing in it for too long, which Django takes for an internal error."""
    passing = isinstance(error, (OperationalError, InterfaceError))
    return passing or isinstance(error.__cause__, IdleInTransactionSessionTimeout)
