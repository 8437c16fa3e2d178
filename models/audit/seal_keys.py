# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The private keys that sign seals. The database does not hold them; it knows their public halves.

A key is the base64 of the 32 bytes of an Ed25519 private key. The first one signs; further ones are older ones that are
still this server's own, so a key is replaced by putting the new one in front. They come from, in this order:

1. the environment variable ``FINANCE_INTEGRATION_SEAL_KEYS`` (keys separated by blanks);
2. the file that ``FINANCE_INTEGRATION_SEAL_KEY_FILE`` names (a key per line);
3. ``finance_integration.seal.key`` in Odoo's data directory, made at first use, readable by its owner only.
"""

import os
from pathlib import Path

from odoo.tools import config

from ...engine import key_files
from ...engine.audit_seal import SealError, SigningKey, new_seed
from ...engine.errors import AuthorizationError

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
        return key_files.read(Path(named))
    path = Path(config["data_dir"]) / FILE_NAME
    if may_make and not path.exists():
        key_files.make_once(path, new_seed())
    return key_files.read(path) if path.exists() else []
