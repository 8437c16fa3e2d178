"""File locks, so that two heavy runs on one machine take turns."""

import fcntl
import os
import sys
import time
from contextlib import contextmanager

from . import paths
from .console import duration, say


@contextmanager
def exclusive(name: str, what: str):
    """Hold the lock ``name`` of this user's cache; say whom we are waiting for."""
    folder = paths.cache_dir() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("a+", encoding="utf-8") as stream:
        _acquire(stream, what)
        stream.truncate(0)
        stream.write(f"pid {os.getpid()}: ./dev {' '.join(sys.argv[1:])}".strip())
        stream.flush()
        try:
            yield
        finally:
            stream.truncate(0)


def _acquire(stream, what: str) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.seek(0)
        holder = stream.read().strip() or "another run"
        say(f"{what}: waiting for {holder}")
        begin = time.monotonic()
        fcntl.flock(stream, fcntl.LOCK_EX)
        say(f"{what}: my turn after {duration(time.monotonic() - begin)}")
