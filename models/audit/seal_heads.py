# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Seals outside the database: a file per trail to which each new seal is added, a JSON object per line.

Whoever rewrites the database cannot take back what stands there, so the folder belongs on another disk or machine,
writable for this server and readable for the auditor. It comes from ``FINANCE_INTEGRATION_SEAL_FOLDER``, else from
``seal_folder`` in the section ``[finance_integration]`` of Odoo's configuration file, else it is
``finance_integration_seals`` in Odoo's data directory.
"""

import functools
import json
import os
import re
from configparser import ConfigParser
from configparser import Error as ConfigError
from pathlib import Path

from odoo.tools import config

from ...engine.errors import TransientError

FOLDER_NAME = "finance_integration_seals"
MAX_LINE_BYTES = 10_000
END_BYTES = 100_000
MAX_FILES = 1000
_TRAIL = re.compile(r"[0-9a-f-]{36}", re.ASCII)


@functools.lru_cache(maxsize=4)
def _folder_in(path, _changed_at):
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(path)
    except ConfigError:
        return ""
    return parser.get("finance_integration", "seal_folder", fallback="")


def folder():
    """Return the folder of the exported seals."""
    text = os.environ.get("FINANCE_INTEGRATION_SEAL_FOLDER")
    path = Path(config.get("config") or "")
    if text is None and path.is_file():
        text = _folder_in(path, path.stat().st_mtime_ns)
    return Path(text) if text else Path(config["data_dir"]) / FOLDER_NAME


def file_of(trail):
    """Return the path of the exported seals of a trail.

    :raises ValueError: ``trail`` is no UUID, so it may be no name of a file either.
    """
    if not _TRAIL.fullmatch(trail):
        raise ValueError("a trail is named by a UUID")
    return folder() / f"seals-{trail}.ndjson"


def trails_of(mark):
    """Return the trails of which seals of the database with this mark were exported into the folder.

    :param mark: what ``append_heads`` was given; names the database and outlives a change of what is in it.
    :raises TransientError: ``seal_folder_unusable``.
    """
    try:
        paths = sorted(folder().glob("seals-*.ndjson"))[:MAX_FILES] if folder().is_dir() else []
        found = []
        for path in paths:
            trail = path.stem.removeprefix("seals-")
            if _TRAIL.fullmatch(trail):
                with path.open("rb") as file:
                    if _mark_of(file.readline(MAX_LINE_BYTES)) == mark:
                        found.append(trail)
    except OSError as error:
        raise _unusable(error) from error
    return found


def _mark_of(line):
    try:
        return json.loads(line).get("database")
    except (ValueError, AttributeError, RecursionError):
        return None


def read_heads(trail):
    """Yield (number, text, signature) of the exported seals of a trail, in the order of the file.

    Lines that are none are passed over: a server that ended while it wrote leaves half a line, and the seal follows on
    the next one. What a line that was damaged said is missed, because the numbers have no hole.

    :raises TransientError: ``seal_folder_unusable``.
    """
    try:
        path = file_of(trail)
        if not path.exists():
            return
        with path.open("rb") as file:
            while line := file.readline(MAX_LINE_BYTES):
                if head := _read(line):
                    yield head
    except OSError as error:
        raise _unusable(error) from error


def last_head(trail):
    """Return (number, text, signature) of the last exported seal of a trail; None where there is none.

    :raises TransientError: ``seal_folder_unusable``.
    """
    try:
        path = file_of(trail)
        if not path.exists():
            return None
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - END_BYTES))
            heads = [head for line in file.read(END_BYTES).split(b"\n") if (head := _read(line))]
    except OSError as error:
        raise _unusable(error) from error
    return heads[-1] if heads else None


def _read(line):
    try:
        head = json.loads(line)
        text, signature = head["seal"], head["signature"]
        number = json.loads(text)["number"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return (number, text, signature) if type(number) is int and isinstance(signature, str) else None


def append_heads(trail, rows, mark):
    """Add seals to the file of their trail and wait until they are on the disk.

    :param mark: names the database that they are of.
    :param rows: (text, signature, public key) in ascending order.
    :raises TransientError: ``seal_folder_unusable``.
    """
    if not rows:
        return
    lines = b"".join(
        json.dumps({"seal": text, "signature": signature, "public_key": public, "database": mark}).encode()
        + b"\n"
        for text, signature, public in rows
    )
    try:
        path = file_of(trail)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            if file.tell() and _is_torn(path):
                lines = b"\n" + lines
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _unusable(error) from error


def _is_torn(path):
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _unusable(error):
    return TransientError(
        "seal_folder_unusable", type(error).__name__, params={"reason": error.strerror or "?"}
    )
