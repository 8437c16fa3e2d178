# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Opens a file that may be packed (gzip or zip), without letting a small file become a large one.

Sources: RFC 1952 (gzip), PKWARE APPNOTE 6.3.10 (zip: end of central directory, general purpose bit 0).
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from typing import BinaryIO

from .base import Limits, corrupt, too_large, truncated

CHUNK_BYTES = 65_536
GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
EMPTY_ZIP_MAGIC = b"PK\x05\x06"
# Packed by other means: named, so that a person knows what to ask for.
FOREIGN_MAGIC = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!": "rar",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_END_RECORD = struct.Struct("<4s4H2LH")
_MAX_COMMENT_BYTES = 65_535
_BROKEN = (zipfile.BadZipFile, zlib.error, gzip.BadGzipFile, NotImplementedError, struct.error)


class Metered(io.RawIOBase):
    """A stream that counts what comes out of it and stops at the limits of what was packed.

    :raises ContractError: ``file_too_large``, ``file_truncated``, ``file_corrupt`` while reading.
    """

    def __init__(self, inner: BinaryIO, source: str, limits: Limits, packed_bytes: int | None):
        super().__init__()
        self._inner = inner
        self._source = source
        self._limits = limits
        self._packed_bytes = packed_bytes
        self.read_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        chunk = self._read(min(len(buffer), CHUNK_BYTES))
        self.read_bytes += len(chunk)
        self._check()
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _read(self, length: int) -> bytes:
        try:
            return self._inner.read(length)
        except EOFError:
            raise truncated(self._source, "the packed content ends in the middle") from None
        except _BROKEN as error:
            raise corrupt(self._source, f"the packed content is damaged ({type(error).__name__})") from None

    def _check(self) -> None:
        limits = self._limits
        if self.read_bytes > limits.max_unpacked_bytes:
            raise too_large(self._source, f"more than {limits.max_unpacked_bytes} bytes when unpacked")
        if self._packed_bytes is None or self.read_bytes <= limits.free_unpacked_bytes:
            return
        if self.read_bytes > self._packed_bytes * limits.max_ratio:
            raise too_large(self._source, f"unpacks to more than {limits.max_ratio} times its size")


def open_unpacked(stream: BinaryIO, source: str, size_bytes: int, limits: Limits) -> io.BufferedReader:
    """Return the content of a seekable ``stream`` of ``size_bytes``, unpacked if it is packed.

    A zip holds exactly one file; what is inside must not be packed again. The result is read once, from its
    beginning.

    :raises ContractError: ``file_too_large``, ``file_truncated``, ``file_corrupt``, now or while reading.
    """
    if size_bytes > limits.max_bytes:
        raise too_large(source, f"{size_bytes} bytes, at most {limits.max_bytes} are allowed")
    magic = _peek(stream)
    if magic.startswith(GZIP_MAGIC):
        inner, packed = gzip.GzipFile(fileobj=stream, mode="rb"), size_bytes
    elif magic.startswith((ZIP_MAGIC, EMPTY_ZIP_MAGIC)):
        inner, packed = _open_zip(stream, source, size_bytes), size_bytes
    else:
        _refuse_foreign(magic, source)
        inner, packed = stream, None
    reader = io.BufferedReader(Metered(inner, source, limits, packed), CHUNK_BYTES)
    if packed is not None:
        inside = reader.peek(8)
        if inside.startswith((GZIP_MAGIC, ZIP_MAGIC)):
            raise corrupt(source, "a packed file within a packed file")
        _refuse_foreign(inside, source)
    return reader


def _peek(stream: BinaryIO) -> bytes:
    stream.seek(0)
    magic = stream.read(8)
    stream.seek(0)
    return magic


def _refuse_foreign(magic: bytes, source: str) -> None:
    for prefix, name in FOREIGN_MAGIC.items():
        if magic.startswith(prefix):
            raise corrupt(source, f"packed with {name}; gzip and zip are understood")


def _open_zip(stream: BinaryIO, source: str, size_bytes: int) -> BinaryIO:
    """Open the only file of a zip; its directory is looked at before the library reads it into memory."""
    tail_bytes = min(size_bytes, _END_RECORD.size + _MAX_COMMENT_BYTES)
    stream.seek(size_bytes - tail_bytes)
    tail = stream.read(tail_bytes)
    stream.seek(0)
    at = tail.rfind(EMPTY_ZIP_MAGIC)
    if at < 0 or len(tail) - at < _END_RECORD.size:
        raise truncated(source, "the zip has no directory at its end")
    entries = _END_RECORD.unpack_from(tail, at)[4]
    if entries != 1:
        raise corrupt(source, f"the zip holds {entries} files; exactly one is allowed")
    try:
        archive = zipfile.ZipFile(stream)
        [info] = archive.infolist()
        if info.is_dir() or info.flag_bits & 1:
            raise corrupt(source, "the zip is encrypted or holds a folder")
        return archive.open(info)
    except (*_BROKEN, ValueError, RuntimeError, EOFError) as error:
        raise corrupt(source, f"the zip is damaged ({type(error).__name__})") from None
