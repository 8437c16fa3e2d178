# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Names of files and folders that strangers chose: a name is never a way out of its folder."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping

from .errors import AuthorizationError

MAX_NAME_CHARACTERS = 200
MAX_DEPTH = 8
_UNUSUAL = re.compile(r"[\x00-\x1f\x7f/\\\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_ROOT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def check_name(name: str) -> str:
    """Return ``name`` if it names a file inside a folder and nothing else.

    :raises AuthorizationError: ``file_forbidden``: a separator, control or direction character, a leading dot, too
        long.
    """
    if not name or len(name) > MAX_NAME_CHARACTERS or name.startswith(".") or _UNUSUAL.search(name):
        raise forbidden(name, "its name is not permitted")
    return name


def check_folder(folder: str) -> str:
    """Return a relative folder without leading and trailing separators; an empty text is the root itself.

    :raises AuthorizationError: ``file_forbidden``: absolute, a part that leads out, too deep.
    """
    if folder.startswith(("/", "~")) or "\\" in folder:
        raise forbidden(folder, "the folder must be named relative to its root")
    parts = [part for part in folder.split("/") if part]
    if len(parts) > MAX_DEPTH:
        raise forbidden(folder, "the folder is too deep")
    return "/".join(check_name(part) for part in parts)


def check_remote_folder(folder: str) -> str:
    """Return a folder on a file server: as ``check_folder``, but it may begin at the server's root.

    :raises AuthorizationError: ``file_forbidden``.
    """
    inner = check_folder(folder.lstrip("/"))
    return f"/{inner}" if folder.startswith("/") else inner or "."


def is_wanted(name: str, pattern: str, trigger_suffix: str = "") -> bool:
    """Say whether a listed name is a file to read: it fits a pattern (``*.csv *.csv.gz``), and is no trigger or part.

    Names that begin with a dot, or end like files that are still being written, are left alone.
    """
    if name.startswith(".") or name.endswith((".part", ".partial", ".tmp", ".filepart", "~")):
        return False
    if trigger_suffix and name.endswith(trigger_suffix):
        return False
    return any(fnmatch.fnmatchcase(name, part) for part in (pattern or "*").split())


def read_roots(text: str) -> Mapping[str, str]:
    """Return {name: absolute path} from ``name=/path`` pairs, separated by blanks or line ends.

    A pair that is not of that form is left out: a mistake in the configuration opens no folder.
    """
    roots = {}
    for pair in text.split():
        name, equals, path = pair.partition("=")
        if equals and _ROOT_NAME.fullmatch(name) and path.startswith("/") and path.strip("/"):
            roots[name] = path.rstrip("/")
    return roots


def forbidden(source: str, problem: str) -> AuthorizationError:
    """Return the error for a file or folder that may not be touched."""
    shown = _UNUSUAL.sub("?", source)[:MAX_NAME_CHARACTERS]
    return AuthorizationError("file_forbidden", problem, params={"source": shown, "problem": problem})
