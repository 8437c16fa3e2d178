# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Encryption of credentials with keys that the database does not hold.

Keys are Fernet keys (url-safe base64 of 32 bytes). The first one encrypts, all of them decrypt, so a
key is rotated by putting the new one in front. They come from, in this order:

1. the environment variable ``FINANCE_INTEGRATION_KEYS`` (keys separated by blanks);
2. the file that ``FINANCE_INTEGRATION_KEY_FILE`` names (a key per line);
3. ``finance_integration.key`` in Odoo's data directory, made at first use, readable by its owner only.
"""

import functools
import hashlib
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from odoo.tools import config

from ...engine import key_files
from ...engine.errors import AuthorizationError

FINGERPRINT_CHARS = 12
_cache: dict[tuple[str, ...], MultiFernet] = {}
_files: dict[tuple[Path, int, int, int], tuple[str, ...]] = {}


@functools.lru_cache(maxsize=4)
def _key_file_in(folder: str) -> Path:
    return Path(folder) / "finance_integration.key"


def _default_key_file() -> Path:
    return _key_file_in(config["data_dir"])


def _read_key_file(path: Path) -> tuple[str, ...]:
    """Return the keys of a file; read again when the file is another one or was changed."""
    state = path.stat()
    mark = (path, state.st_ino, state.st_mtime_ns, state.st_size)
    if mark not in _files:
        _files.clear()
        _files[mark] = tuple(key_files.read(path))
    return _files[mark]


def _keys() -> tuple[str, ...]:
    """Return the configured keys, the newest first.

    :raises AuthorizationError: ``encryption_key_unusable``: a named file is missing or holds no key.
    """
    if keys := tuple(os.environ.get("FINANCE_INTEGRATION_KEYS", "").split()):
        return keys
    if named := os.environ.get("FINANCE_INTEGRATION_KEY_FILE"):
        try:
            keys = _read_key_file(Path(named))
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable("the file with the key cannot be read") from error
    else:
        keys = _default_keys()
    if not keys:
        raise _unusable("the file with the key is empty")
    return keys


def _default_keys() -> tuple[str, ...]:
    path = _default_key_file()
    try:
        if not path.exists():
            key_files.make_once(path, Fernet.generate_key().decode("ascii"))
        return _read_key_file(path)
    except OSError as error:
        raise _unusable("the file with the key can be neither read nor made") from error
    except UnicodeDecodeError as error:
        raise _unusable("the file with the key holds something else") from error


def _ring(keys: tuple[str, ...]) -> MultiFernet:
    if keys not in _cache:
        try:
            _cache[keys] = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise _unusable("a key is 32 bytes in url-safe base64") from error
    return _cache[keys]


def _unusable(reason: str) -> AuthorizationError:
    return AuthorizationError("encryption_key_unusable", params={"reason": reason})


def fingerprints() -> list[str]:
    """Return what names each configured key without telling it, the newest first.

    :raises AuthorizationError: ``encryption_key_unusable``.
    """
    keys = _keys()
    _ring(keys)
    return [_fingerprint(key) for key in keys]


def newest() -> str:
    """Return the fingerprint of the key that encrypts.

    :raises AuthorizationError: ``encryption_key_unusable``.
    """
    return fingerprints()[0]


@functools.lru_cache(maxsize=64)
def _fingerprint(key: str) -> str:
    return hashlib.sha256(b"finance_integration key " + key.encode()).hexdigest()[:FINGERPRINT_CHARS]


def opened_by(token: str) -> str:
    """Return the fingerprint of the configured key that opens ``token``, an empty text when none does.

    :raises AuthorizationError: ``encryption_key_unusable``.
    """
    keys = _keys()
    _ring(keys)
    for key in keys:
        try:
            Fernet(key).decrypt(token.encode("ascii"))
        except InvalidToken:
            continue
        return _fingerprint(key)
    return ""


# A signature is verified with the same secret for every event. The keys that open it are in this memory anyway.
@functools.lru_cache(maxsize=256)
def _opened(keys: tuple[str, ...], token: str) -> str:
    return _ring(keys).decrypt(token.encode("ascii")).decode()


def encrypt(text: str) -> str:
    """Return ``text`` encrypted with the first key."""
    return _ring(_keys()).encrypt(text.encode()).decode("ascii")


def decrypt(token: str) -> str:
    """Return the clear text of ``token``.

    :raises AuthorizationError: none of the keys opens it (code ``credential_unreadable``).
    """
    try:
        return _opened(_keys(), token)
    except InvalidToken as exc:
        raise AuthorizationError(
            "credential_unreadable", "no configured key decrypts this credential"
        ) from exc
