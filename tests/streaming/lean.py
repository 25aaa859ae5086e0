"""The app in a process whose size tells what is held, not what once was: memory that it lets go of goes back
to the system at once."""

import ctypes

from tests.streaming.app import application

__all__ = ["application"]

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # mallopt(3)

_libc = ctypes.CDLL(None)
_libc.mallopt(M_ARENA_MAX, 1)
_libc.mallopt(M_MMAP_THRESHOLD, 32_768)
