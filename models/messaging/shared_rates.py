# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Token buckets that all processes of one host share, without a statement to the database.

A small file in memory (``/dev/shm``, else the folder for temporary files) is a table of buckets: what each held at an
instant of the clock that runs since the host was started. It is looked up and changed under a lock of the file, which
PostgreSQL knows nothing of, takes microseconds, and is given back by the system when its holder is killed. Only who
runs Odoo may read the file; it holds no names, only digests of them, and may be deleted at any time: all limits then
begin anew. Containers with memory of their own count as hosts of their own (see docs/operations.md).
"""

import contextlib
import hashlib
import logging
import mmap
import os
import stat
import struct
import tempfile
import threading
import time
from pathlib import Path

from odoo.tools import config

try:
    import fcntl
except ImportError:  # there is no such lock on Windows
    fcntl = None

from ...engine.rate_limit import Level, TokenBucket

_logger = logging.getLogger(__name__)

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the file is opened so that nobody else's is taken for it
# Digest of the name, nanotokens (below zero = owed), nanoseconds since the host was started.
SLOT = struct.Struct("=Qqq")
SLOTS = 4096
SIZE = SLOT.size * SLOTS
# A bucket may stand in so many places after its own; the one that was used longest ago gives way.
PROBES = 8


def now_nanoseconds():
    """The time since the host was started: one clock for all of its processes."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class SharedRates:
    """The buckets of this host. ``path`` = another file than the usual one; opened at first use.

    Where no such file can be had, the buckets are this process's own, and the log says so once.
    """

    def __init__(self, path=None):
        self._path = path
        self._lock = threading.Lock()
        self._file = self._table = None
        self._opened_by = None

    def take(self, wanted, now=None):
        """Take tokens of several buckets, all or none; return 0, or the nanoseconds to wait instead.

        More tokens than a bucket holds are given when it is full; see ``TokenBucket.take_owing``.

        :param wanted: list of (name, rate per second, burst, tokens); each name once.
        """
        now = now_nanoseconds() if now is None else now
        with self._locked():
            return self._take(wanted, now)

    def clear(self):
        """Forget what was taken of all buckets."""
        with self._locked():
            self._table[:] = bytes(SIZE)

    # -- buckets -------------------------------------------------------------------------------------------

    def _take(self, wanted, now):
        taken, wait, places = [], 0, set()
        for name, rate, burst, tokens in wanted:
            tag = _tag(name)
            place, level = self._find(tag, now, places)
            places.add(place)
            bucket = TokenBucket(rate, burst, level)
            wait = max(wait, bucket.take_owing(now, tokens))
            taken.append((place, tag, bucket.level))
        if not wait:
            for place, tag, level in taken:
                SLOT.pack_into(self._table, place * SLOT.size, tag, level.nanotokens, level.at_nanoseconds)
        return wait

    def _find(self, tag, now, taken):
        """Return (place of a bucket, what it held or None); a new one gets an empty place, or the stalest one."""
        oldest, oldest_at = None, None
        for probe in range(PROBES):
            place = (tag + probe) % SLOTS
            if place in taken:
                continue
            found, nanotokens, at = SLOT.unpack_from(self._table, place * SLOT.size)
            if found == tag:
                # A time that has not come yet is one before the host was started again.
                return place, Level(nanotokens, at) if at <= now else None
            if not found:
                return place, None
            if oldest is None or at < oldest_at:
                oldest, oldest_at = place, at
        return oldest, None

    # -- the file ------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _locked(self):
        """Hold the table alone: among the threads of this process, and among the processes of this host."""
        with self._lock:
            self._open()
            if self._file is None:
                yield
                return
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _open(self):
        """Open the file once per process: a lock belongs to the process that took it."""
        if self._table is not None and self._opened_by == os.getpid():
            return
        self._opened_by = os.getpid()
        try:
            if fcntl is None:
                raise OSError("this system has no locks of files")
            self._file = _open_file(self._path or usual_path())
            self._table = mmap.mmap(self._file, SIZE)
        except (OSError, ValueError) as error:
            _logger.warning("inbound limits count per process, not per host: %s", error)
            self._file, self._table = None, bytearray(SIZE)


def usual_path():
    """Return where the buckets of the Odoo that uses this data folder are."""
    folder = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    data = hashlib.sha256(os.path.realpath(config["data_dir"]).encode()).hexdigest()[:16]
    return folder / f"finance_integration-{os.geteuid()}-{data}.rates"


def _open_file(path):
    """Return the descriptor of a file of ours of the right size; it is inherited by no other program.

    :raises OSError: it cannot be had, or is not ours alone.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
            raise PermissionError(f"{path} is not a file of ours alone")
        if facts.st_size < SIZE:
            os.ftruncate(descriptor, SIZE)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _tag(name):
    """Return a number other than 0 that stands for a name."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little") or 1
