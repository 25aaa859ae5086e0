"""Every page and API, by room. Streams and sockets are in config/asgi.py."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("accounts/", include("accounts.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "base.errors.bad_request"
handler403 = "base.errors.forbidden"
handler404 = "base.errors.not_found"
handler429 = "base.errors.too_many"
handler500 = "base.errors.server_error"
