# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Files that hold keys, a key per line: read within bounds, and made once however many processes want one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

MAX_BYTES = 100_000


def read(path: Path) -> list[str]:
    """Return the keys of the first MAX_BYTES bytes of ``path``, in their order.

    :raises OSError: the file cannot be read.
    :raises UnicodeDecodeError: it holds something else than ASCII.
    """
    with path.open("rb") as file:
        return file.read(MAX_BYTES).decode("ascii").split()


def make_once(path: Path, key: str) -> None:
    """Write ``key`` to ``path``, readable by its owner only, unless another process was quicker: then its key stays.

    The file appears whole or not at all: nobody ever reads half a key, and a process that dies in between leaves none.

    :raises OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{key}\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
    finally:
        Path(part).unlink()
