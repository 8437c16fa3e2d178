# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The private keys that sign seals. The database does not hold them; it knows their public halves.

A key is the base64 of the 32 bytes of an Ed25519 private key. The first one signs; further ones are older ones that are
still this server's own, so a key is replaced by putting the new one in front. They come from, in this order:

1. the environment variable ``FINANCE_INTEGRATION_SEAL_KEYS`` (keys separated by blanks);
2. the file that ``FINANCE_INTEGRATION_SEAL_KEY_FILE`` names (a key per line);
3. ``finance_integration.seal.key`` in Odoo's data directory, made at first use, readable by its owner only.
"""

import contextlib
import os
from pathlib import Path

from odoo.tools import config

from ...engine.audit_seal import SealError, SigningKey, new_seed
from ...engine.errors import AuthorizationError

MAX_FILE_BYTES = 10_000
FILE_NAME = "finance_integration.seal.key"


def signing_keys(may_make=False):
    """Return the keys of this server, the one that signs first; an empty list where there are none.

    :param may_make: make the file in the data directory where no key is configured.
    :raises AuthorizationError: ``seal_key_unreadable``.
    """
    try:
        return [SigningKey(seed) for seed in _seeds(may_make)]
    except (SealError, OSError, UnicodeDecodeError) as error:
        raise AuthorizationError("seal_key_unreadable", type(error).__name__) from error


def _seeds(may_make):
    if seeds := os.environ.get("FINANCE_INTEGRATION_SEAL_KEYS", "").split():
        return seeds
    if named := os.environ.get("FINANCE_INTEGRATION_SEAL_KEY_FILE"):
        return _read(Path(named))
    path = Path(config["data_dir"]) / FILE_NAME
    if may_make and not path.exists():
        _make(path)
    return _read(path) if path.exists() else []


def _read(path):
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES).decode("ascii").split()


def _make(path):
    """Write a new key; another process that is quicker wins, and nobody ever reads half a key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(new_seed() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink()
