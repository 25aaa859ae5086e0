"""Where and with what a benchmark was run."""

import os
import platform
import re
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PROGRAMS = {"nginx": "-v", "node": "--version"}
PACKAGES = ("django", "channels", "uvicorn", "uvloop", "daphne", "channels-redis", "fastapi", "sse-starlette")


def described() -> str:
    """Two lines: the date and the machine, and the versions of all that is compared."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    now = datetime.now(UTC)
    first = (
        f"{now:%Y-%m-%d %H:%M} UTC, {cores} cores of {_processor()}, {platform.system()} {platform.release()}"
    )
    if hasattr(os, "getloadavg"):
        first += f", load {os.getloadavg()[0]:.1f}"
    versions = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in PACKAGES)]
    versions += [
        f"{name} {_version(name, option)}" for name, option in PROGRAMS.items() if shutil.which(name)
    ]
    return f"{first}\n{', '.join(versions)}\n"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", info.read_text()) if info.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def _version(program: str, option: str) -> str:
    told = subprocess.run([program, option], capture_output=True, text=True, timeout=10, check=False)
    found = re.search(r"[\d.]+\d", told.stdout + told.stderr)
    return found[0] if found else "?"
