"""How allauth behaves here: quiet, closed to sign-ups, and honest about how long a lock-out lasts."""

import math
import time

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.models import User

_LIMIT = {"app": "allauth.account", "action": "login_failed"}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "That email and password don’t match an account.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        return False  # our forms are plain forms; nobody gets allauth's own JSON

    def add_message(self, request: HttpRequest, *args, **kwargs) -> None:
        """Signing in and out show for themselves."""

    def authenticate(self, request: HttpRequest, **credentials) -> User | None:
        # allauth would send a disabled person to a page that says so. They are told what everybody is told.
        user = super().authenticate(request, **credentials)
        return user if user and user.is_active else None

    def pre_authenticate(self, request: HttpRequest, **credentials) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as error:
            wait = self._locked_for(request, self._get_login_attempts_cache_key(request, **credentials))
            minutes = math.ceil(wait / 60)
            raise ValidationError(
                f"Too many attempts. You can try again in {minutes} minute{'s' if minutes != 1 else ''}.",
                code="too_many_login_attempts",
            ) from error

    @staticmethod
    def _locked_for(request: HttpRequest, key: str) -> float:
        """Seconds until one more attempt would be counted under every limit."""
        waits = [1.0]
        for rate in ratelimit.get_rates(**_LIMIT):
            attempts = cache.get(ratelimit.get_cache_key(request, rate=rate, key=key, **_LIMIT), [])
            if len(attempts) >= rate.amount:
                waits.append(attempts[rate.amount - 1] + rate.duration - time.time())
        return max(waits)
