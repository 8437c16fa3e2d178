# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The one way in which the hub touches files of others: through fsspec, inside one folder, streaming.

Never called inside a transaction. Folders of this server are confined to roots that its configuration names: nobody
types a path of the server.
"""

import contextlib
import functools
import hashlib
import os
import stat
import tempfile
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from pathlib import Path

from fsspec.implementations.local import LocalFileSystem

from odoo.tools import config

from ...engine.errors import TransientError
from ...engine.file_names import check_folder, check_name, forbidden, read_roots
from ...engine.formats.base import too_large

CHUNK_BYTES = 1_048_576
MAX_LISTED = 10_000
# Up to here a file is kept in memory while it is read, beyond on disk.
SPOOL_IN_MEMORY_BYTES = 4_000_000


@functools.lru_cache(maxsize=4)
def _section_of(path, _changed_at):
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(path)
    except ConfigError:
        return {}
    return dict(parser["finance_integration"]) if parser.has_section("finance_integration") else {}


def configured(option):
    """Return what this server's configuration says, an empty text when it says nothing.

    It comes from ``FINANCE_INTEGRATION_<OPTION>``, else from ``<option>`` in the section ``[finance_integration]`` of
    Odoo's configuration file.
    """
    text = os.environ.get(f"FINANCE_INTEGRATION_{option.upper()}")
    path = Path(config.get("config") or "")
    if text is None and path.is_file():
        text = _section_of(path, path.stat().st_mtime_ns).get(option)
    return (text or "").strip()


def roots():
    """Return {name: path} of the folders that this server's configuration opens (``drop_roots``).

    They are written ``bank=/srv/bank payroll=/srv/payroll``.
    """
    return read_roots(configured("drop_roots"))


@dataclass(frozen=True)
class Entry:
    """A listed file. ``mark`` changes when the file does: its size and time of change as the server tells them."""

    name: str
    size_bytes: int
    mark: str


class Store:
    """One folder of one file system, with its sub-folders. Names are names, never paths.

    :raises TransientError: ``source_unavailable`` from every method.
    :raises AuthorizationError: ``file_forbidden``.
    """

    def __init__(self, filesystem, folder):
        self._filesystem = filesystem
        self._folder = folder

    def _errors(self, name):
        return translated(name)

    def _path(self, folder, name):
        parts = [self._folder, check_folder(folder or ""), check_name(name)]
        return "/".join(part for part in parts if part)

    def entries(self, folder=""):
        """Return the files of the folder (not links, not sub-folders), by name, at most MAX_LISTED."""
        path = "/".join(part for part in (self._folder, check_folder(folder or "")) if part)
        with self._errors(path):
            listed = self._filesystem.ls(path, detail=True)
        found = []
        for info in listed:
            if info["type"] != "file" or info.get("islink"):
                continue
            name = info["name"].rstrip("/").rpartition("/")[2]
            found.append(Entry(name, int(info["size"] or 0), f"{info['size']}:{info.get('mtime')}"))
        return sorted(found, key=lambda entry: entry.name)[:MAX_LISTED]

    def exists(self, folder, name):
        with self._errors(name):
            return bool(self._filesystem.exists(self._path(folder, name)))

    def _open(self, path):
        return self._filesystem.open(path, "rb")

    @contextlib.contextmanager
    def spool(self, folder, name, max_bytes):
        """Copy a file to a temporary one of our own; yields (file, SHA-256 in hex, size in bytes).

        What is parsed is then what was hashed, whatever happens to the original meanwhile.

        :raises ContractError: ``file_too_large``.
        """
        path = self._path(folder, name)
        with tempfile.SpooledTemporaryFile(max_size=SPOOL_IN_MEMORY_BYTES) as file:
            sha, size = hashlib.sha256(), 0
            with self._errors(name), contextlib.closing(self._open(path)) as source:
                while chunk := source.read(CHUNK_BYTES):
                    size += len(chunk)
                    if size > max_bytes:
                        raise too_large(name, f"at most {max_bytes} bytes are allowed")
                    sha.update(chunk)
                    file.write(chunk)
            file.seek(0)
            yield file, sha.hexdigest(), size

    def move(self, folder, name, to_folder, to_name):
        """Move a file into a sub-folder, which is made where it is missing."""
        source, target = self._path(folder, name), self._path(to_folder, to_name)
        with self._errors(name):
            self._make_folder(to_folder)
            self._filesystem.mv(source, target)

    def write(self, folder, name, content):  # pylint: disable=method-required-super
        """Write a file so that a reader sees all of it or nothing: under another name first, then renamed."""
        part, target = self._path(folder, f"{name}.part"), self._path(folder, name)
        with self._errors(name):
            self._make_folder(folder)
            with self._filesystem.open(part, "wb") as file:
                file.write(content)
            self._filesystem.mv(part, target)

    def _make_folder(self, folder):
        inner = check_folder(folder or "")
        if inner:
            self._filesystem.makedirs(f"{self._folder}/{inner}", exist_ok=True)

    def close(self):
        """Give connections back."""


class LocalStore(Store):
    """A folder of this server below a root of its configuration. Links never lead out of it."""

    def __init__(self, root, folder):
        path = roots().get(root or "")
        if not path:
            raise forbidden(root or "", "the configuration of this server does not name this root")
        inner = check_folder(folder or "")
        whole = Path(path, inner).resolve()
        if not whole.is_relative_to(Path(path).resolve()):
            raise forbidden(inner, "it leads out of its root")
        if not whole.is_dir():
            raise forbidden(inner or root, "there is no such folder")
        super().__init__(LocalFileSystem(auto_mkdir=False, skip_instance_cache=True), str(whole))

    def _path(self, folder, name):
        path = super()._path(folder, name)
        if Path(path).parent != Path(path).parent.resolve():
            raise forbidden(folder, "it leads out of its root")
        return path

    def _open(self, path):
        # A link or a pipe under the file's name is not followed: the check and the opening are one step.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        file = os.fdopen(handle, "rb")
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            file.close()
            raise forbidden(Path(path).name, "it is not a plain file")
        return file


@contextlib.contextmanager
def translated(name):
    """Turn what a file system says into the hub's own errors."""
    try:
        yield
    except (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError) as error:
        raise forbidden(Path(name).name, f"{type(error).__name__}") from error
    except (OSError, EOFError) as error:
        if getattr(error, "errno", None) in (40, 62):  # ELOOP: a link stands where a file should
            raise forbidden(Path(name).name, "it is a link") from error
        raise TransientError(
            "source_unavailable", type(error).__name__, params={"status": type(error).__name__}
        ) from error
