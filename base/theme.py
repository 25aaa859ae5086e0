"""Light, dark, or as the system: kept in a cookie, so that the server draws the page right the first time."""

from django.http import HttpRequest

THEMES = ("light", "dark")


def theme_of(request: HttpRequest) -> str:
    """ "light", "dark", or "" to follow the system."""
    theme = request.COOKIES.get("theme", "")
    return theme if theme in THEMES else ""
