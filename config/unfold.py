"""How the admin looks and what its sidebar leads to: by room, to those who may see it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _mark(request: HttpRequest) -> str:
    return static("mark.svg")


def _nowhere(request: HttpRequest) -> bool:
    return False


def _may_see(app: str, model: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(f"{app}.view_{model}")


def _room(title: str, app: str, **models: tuple[str, str]) -> dict[str, Any]:
    """A group of the sidebar. `models`: name → (label, icon)."""
    return {
        "title": title,
        "separator": True,
        "items": [
            {
                "title": label,
                "icon": icon,
                "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
                "permission": _may_see(app, model),
            }
            for model, (label, icon) in models.items()
        ],
    }


NAVIGATION = [
    {
        "items": [
            # Every address begins with its own, which would make it look chosen everywhere.
            {"title": "Back to the dashboard", "icon": "arrow_back", "link": "/", "active": _nowhere}
        ]
    },
    _room(
        "People",
        "accounts",
        user=("Users", "person"),
        workspace=("Workspaces", "apartment"),
        membership=("Memberships", "group"),
        apitoken=("API tokens", "key"),
        auditentry=("Audit log", "history"),
    ),
    _room("Platforms", "platforms", connection=("Connections", "cable")),
    _room(
        "Agents",
        "agents",
        agent=("Agents", "support_agent"),
        agentversion=("Versions", "layers"),
        tool=("Tools", "build"),
        provider=("Model providers", "dns"),
        languagemodel=("Models", "neurology"),
        modelcall=("Model calls", "bolt"),
    ),
    _room(
        "Calls",
        "calls",
        call=("Calls", "call"),
        turn=("Turns", "forum"),
        event=("Facts", "fact_check"),
    ),
    _room(
        "Webhooks",
        "webhooks",
        delivery=("Deliveries", "inbox"),
        unproven=("Unproven attempts", "gpp_bad"),
    ),
    _room("Observability", "observability", browserreport=("Browser reports", "bug_report")),
]

# The design's own ink and accent (static/tokens.css), as the steps unfold asks for.
_INK = {
    50: "oklch(97.3% .003 95)",
    100: "oklch(95.5% .004 95)",
    200: "oklch(90.8% .004 95)",
    300: "oklch(84.5% .005 95)",
    400: "oklch(67.2% .010 275)",
    500: "oklch(51.2% .010 275)",
    600: "oklch(42% .010 275)",
    700: "oklch(35.2% .012 275)",
    800: "oklch(25.8% .011 275)",
    900: "oklch(20.6% .009 275)",
    950: "oklch(16.8% .008 275)",
}
_ACCENT = {
    50: "oklch(97.5% .012 255)",
    100: "oklch(95.5% .020 255)",
    200: "oklch(91% .040 255)",
    300: "oklch(84% .070 255)",
    400: "oklch(76% .115 254)",
    500: "oklch(72% .140 255)",
    600: "oklch(54% .180 257)",
    700: "oklch(47.8% .170 258)",
    800: "oklch(42% .140 258)",
    900: "oklch(35% .095 257)",
    950: "oklch(27.5% .050 257)",
}

UNFOLD = {
    "SITE_TITLE": "Earshot",
    "SITE_HEADER": "Earshot",
    "SITE_SUBHEADER": "Admin",
    "SITE_URL": "/",
    "SITE_ICON": _mark,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _mark}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        name: {str(step): colour for step, colour in steps.items()}
        for name, steps in (("base", _INK), ("primary", _ACCENT))
    },
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": NAVIGATION},
}
