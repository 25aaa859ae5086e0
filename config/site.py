"""The admin's own site: unfold's, with the one policy under which its scripts run."""

from collections.abc import Callable
from typing import Any

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks
from unfold.sites import UnfoldAdminSite

# Alpine, which unfold is built on, compiles the expressions in its attributes and sets styles in them.
# Scripts still come from us alone: none is inline.
POLICY = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "font-src": [SELF],
}


class Site(UnfoldAdminSite):
    def admin_view(self, view: Callable, cacheable: bool = False) -> Callable:
        return csp_replace(POLICY)(super().admin_view(view, cacheable))


class AdminConfig(SimpleAdminConfig):
    """Whoever shows the admin looks for what is in it (config/urls.py); the others start without."""

    default_site = "config.site.Site"

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_all, checks.Tags.admin)


def check_all(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Django's checks of all that the admin shows, whether or not anybody looked for it before."""
    autodiscover()
    return check_admin_app(app_configs, **kwargs)
