"""What fails for a while and is worth another try, as against what will never do."""

from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

PASSING = (OperationalError, InterfaceError, RedisError, OSError)
