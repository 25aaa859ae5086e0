"""Secrets nobody gave us: made once, kept in the data folder, readable by its owner only."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from base.embedded import folders
from base.processes import CannotStart
from config.env import BadSetting


def kept(home: Path, name: str) -> str:
    """The secret kept for `name` in the data folder, or nothing."""
    try:
        return (home / "secrets" / name.lower()).read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise BadSetting(f"EARSHOT_HOME: cannot read the secrets in {home} ({error.strerror}).") from error


def keep(home: Path, name: str, make: Callable[[], str]) -> str:
    """The kept secret of `name`, made now if there is none. Two processes at once agree on one."""
    try:
        folders.make_home(home)
        folder = folders.make_private(home / "secrets")
    except CannotStart as error:
        raise BadSetting(str(error)) from error
    handle, draft = tempfile.mkstemp(dir=folder)  # 0600 from the start
    with open(handle, "w") as file:
        file.write(make() + "\n")
    try:
        os.link(draft, folder / name.lower())
    except FileExistsError:
        pass  # somebody else was first: theirs counts
    finally:
        os.unlink(draft)
    return kept(home, name)
