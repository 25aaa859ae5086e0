"""What is kept in Redis to hold calls with, and goes when they are removed."""

import redis
from django.conf import settings
from django.core.cache import cache
from django.dispatch import receiver

from accounts.erasing import Going, calls_erased
from live import suggestions


@receiver(calls_erased, dispatch_uid="live.calls")
def forget_calls(going: Going, **_signal) -> dict[str, int]:
    ids = [str(call_id) for call_id in going.calls]
    indexes = [suggestions.index_of(call_id) for call_id in going.calls]
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2) as client:
        suggested = client.sunion(indexes)
        kept = [f"{what}:{call}" for call in ids for what in ("lease", "digest")]
        client.delete(*suggested, *indexes, *kept)
    cache.delete_many([f"calls:title:{call}" for call in ids])
    return {"suggestions": len(suggested)}
