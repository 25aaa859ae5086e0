"""Folders of the data folder: made with the right owner and mode, and never anybody else's changed."""

import os
import pwd
import stat
from pathlib import Path

from base.processes import Account, CannotStart


def make_home(home: Path) -> None:
    """Make the data folder. Only folders made here get a mode: root's may be walked through."""
    missing = [folder for folder in (home, *home.parents) if not folder.exists()]
    try:
        for folder in reversed(missing):
            folder.mkdir()
            folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        probe = home / f".write-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"EARSHOT_HOME: cannot write to {home} ({error.strerror}); "
            "give another folder in EARSHOT_HOME or change its owner."
        ) from error


def make_private(folder: Path, account: Account | None = None) -> Path:
    """A folder only `account` (or we) may enter. Refuses one that somebody else made."""
    owner = account.uid if account else os.geteuid()
    try:
        # Only what we have just made is given away: a link put here meanwhile leads to somebody else's.
        if _make(folder) and account:
            os.chown(folder, account.uid, account.gid, follow_symlinks=False)
        found = folder.lstat()
    except OSError as error:
        raise CannotStart(f"Cannot make the folder {folder} ({error.strerror}).") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise CannotStart(
            f"{folder} belongs to {name_of(found.st_uid)}, not to {name_of(owner)}: "
            "start Earshot as the user who made it, or set EARSHOT_HOME to another folder."
        )
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
    return folder


def _make(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return False
    return True


def make_passable(folder: Path) -> Path:
    """A folder of root's that every account may walk through but not list."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o711)
    return folder


def name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
