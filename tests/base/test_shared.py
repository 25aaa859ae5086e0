"""What the Redis that all processes share does not do for us."""

import pytest

from base.shared import Away, Shared


async def test_a_question_that_is_refused_is_nobody_elses_trouble():
    shared = Shared(seconds=30.0)
    try:
        with pytest.raises(Away):
            await shared.ask(lambda: shared.client.execute_command("NO-SUCH-COMMAND"))

        assert await shared.ask(shared.client.ping)
    finally:
        await shared.close()
