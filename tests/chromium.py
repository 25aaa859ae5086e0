"""Chromium for tests that look at pages."""

import os
import shutil
from typing import Any

import pytest

from bench import chromium
from bench.chromium import where


def options(*without: str) -> dict[str, Any]:
    """For Playwright's `launch`; `without` names more features of Chromium that are to be off.

    The shell goes before a whole Chromium. Skips where there is no Chromium; in CI that is a failure.
    """
    found = os.environ.get("CHROMIUM") or shutil.which(chromium.SHELL) or where()
    if not found:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say("no Chromium here: install one or set CHROMIUM")
    return chromium.options(*without) | {"executable_path": found}
