"""Who else has an agent open, and where they are writing: said every few seconds, forgotten soon after.

A hash per agent in the Redis all share, a field per open editor. Without Redis nobody is seen; what they
write is merged all the same.
"""

import json
from dataclasses import dataclass
from time import time
from uuid import UUID

from base.shared import Away, shared

KEPT_S = 15  # an editor says that it is there every 5 s
_HASH_S = 60


@dataclass(frozen=True, slots=True)
class Editor:
    tab: str  # made up by the page
    user_id: str
    name: str
    section: str  # where they write; empty: nowhere


async def here(agent_id: UUID, me: Editor, *, leaving: bool = False) -> list[Editor]:
    """Say that `me` is here, or leaves, and hear who else is."""
    key, now = f"editing:{agent_id}", time()

    async def ask() -> dict[bytes, bytes]:
        async with shared().client.pipeline(transaction=False) as pipe:
            if leaving:
                pipe.hdel(key, me.tab)
            else:
                pipe.hset(key, me.tab, json.dumps([now, me.user_id, me.name, me.section]))
                pipe.expire(key, _HASH_S)
            pipe.hgetall(key)
            return (await pipe.execute())[-1]

    try:
        told = await shared().ask(ask)
    except Away:
        return []
    found = [(tab.decode(), *json.loads(row)) for tab, row in told.items()]
    return [
        Editor(tab, user_id, name, section)
        for tab, at, user_id, name, section in sorted(found)
        if tab != me.tab and at > now - KEPT_S
    ]
