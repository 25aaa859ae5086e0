"""Chromium as benchmarks, screenshots and tests start it: no part of its window that nobody looks at."""

import os
import shutil
from typing import Any

SHELL = "chromium-headless-shell"  # the same pages without a window around them: a third less to do
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", SHELL)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
# Every window would keep two pages of its own for what an address bar suggests: as costly as one of ours.
SUGGESTIONS = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup")
# Chromium heeds the last such list on its command line, so that ours holds Playwright's.
PLAYWRIGHT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)


def where() -> str:
    """Its path, or nothing."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")


def options(*without: str) -> dict[str, Any]:
    """For Playwright's `launch`; `without` names more features of Chromium that are to be off."""
    if not where():
        raise SystemExit("this needs Chromium: install it, or set CHROMIUM to its path")
    off = ",".join((*PLAYWRIGHT, *SUGGESTIONS, *without))
    return {"executable_path": where(), "args": [*FLAGS, f"--disable-features={off}"]}
