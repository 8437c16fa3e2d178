# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whose bundles this server takes: its own, and those signed with a key that its administrator has named outside.

A bundle is signed with the key that signs the seals of the audit trail (``seal_keys.py``). Public keys of
other servers (base64) come from, in this order; nobody can add one by way of the database:

1. the environment variable ``FINANCE_INTEGRATION_BUNDLE_KEYS`` (keys separated by blanks);
2. the file that ``FINANCE_INTEGRATION_BUNDLE_KEY_FILE`` names (a key per line);
3. ``finance_integration.bundle.keys`` in Odoo's data directory, where it is there.
"""

import os
from pathlib import Path

from odoo import api, models
from odoo.tools import config

from ...engine import key_files
from ...engine.audit_seal import SealError, key_id_of
from ...engine.errors import AuthorizationError
from .seal_keys import signing_keys

FILE_NAME = "finance_integration.bundle.keys"


def known_key_ids():
    """Return the ids of the keys whose bundles are taken.

    :raises AuthorizationError: ``seal_key_unreadable``, ``bundle_keys_unreadable``.
    """
    own = [key.id for key in signing_keys()]
    try:
        return {*own, *(key_id_of(public) for public in _named())}
    except (SealError, OSError, UnicodeDecodeError) as error:
        raise AuthorizationError("bundle_keys_unreadable", type(error).__name__) from error


def signing_key():
    """Return the key that signs bundles of this server; it is made at first use where none is configured.

    :raises AuthorizationError: ``seal_key_unreadable``.
    """
    return signing_keys(may_make=True)[0]


def _named():
    if keys := os.environ.get("FINANCE_INTEGRATION_BUNDLE_KEYS", "").split():
        return keys
    if named := os.environ.get("FINANCE_INTEGRATION_BUNDLE_KEY_FILE"):
        return key_files.read(Path(named))
    path = Path(config["data_dir"]) / FILE_NAME
    return key_files.read(path) if path.exists() else []


class IntegrationBundleKeys(models.AbstractModel):
    """Gives the keys to what is loaded before the audit trail is."""

    _name = "integration.bundle.keys"
    _description = "Keys of configurations"

    @api.model
    def _known_ids(self):
        return known_key_ids()

    @api.model
    def _signing_key(self):
        return signing_key()
