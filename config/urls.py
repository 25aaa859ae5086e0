"""Every page and API, by room. Streams and sockets are in config/asgi.py."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from config.api import api

admin.autodiscover()
# One door: the admin's own login page would go round the throttle.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# What has a prefix comes first: it is passed over by one look, and what is below it need not be looked for
# among all pages before.
urlpatterns = [
    path("accounts/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("live.chat.urls")),
    path("api/v1/", api.urls),
    path("", include("live.urls")),
    path("", include("calls.urls")),
    path("", include("calls.privacy.urls")),
    path("", include("calls.judging.urls")),
    path("", include("calls.insights.urls")),
    path("", include("calls.notes.urls")),
    path("", include("webhooks.urls")),
    path("", include("webhooks.setup.urls")),
    path("", include("agents.pages.urls")),
    path("", include("agents.setup.urls")),
    path("", include("agents.spending.urls")),
    path("", include("agents.publishing.urls")),
    path("", include("observability.urls")),
]

handler400 = "base.errors.bad_request"
handler403 = "base.errors.forbidden"
handler404 = "base.errors.not_found"
handler429 = "base.errors.too_many"
handler500 = "base.errors.server_error"
