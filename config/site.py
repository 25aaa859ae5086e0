"""The admin's own site: unfold's, with the one policy under which its scripts run."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.contrib.admin.apps import AdminConfig as DjangosAdminConfig
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


class AdminConfig(DjangosAdminConfig):
    default_site = "config.site.Site"
