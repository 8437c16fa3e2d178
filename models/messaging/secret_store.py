# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Secrets that are kept outside the database: read at use, from the environment, a file or HashiCorp Vault.

What the server's configuration says (environment variable, else the option in the section ``[finance_integration]`` of
Odoo's configuration file):

``FINANCE_INTEGRATION_SECRET_ROOTS`` / ``secret_roots``  folders for ``file:``, ``secrets=/run/secrets more=/srv/more``;
``FINANCE_INTEGRATION_VAULT_ADDRESS`` / ``vault_address``  for example https://vault.example.com:8200;
``FINANCE_INTEGRATION_VAULT_TOKEN`` / ``vault_token``  our token, or
``FINANCE_INTEGRATION_VAULT_TOKEN_FILE`` / ``vault_token_file``  the file in which an agent keeps it fresh;
``FINANCE_INTEGRATION_VAULT_NAMESPACE`` / ``vault_namespace``  where the vault has namespaces.
"""

import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

from ...connectors.base import HttpRequest
from ...engine import secret_reference
from ...engine.errors import AuthorizationError, TransientError
from ...engine.file_names import read_roots
from ...engine.secret_reference import unresolved
from . import fetched, http_client, key_ring
from .file_store import configured

MAX_SECRET_BYTES = 20_000
# A secret that is changed in the vault is used after this time at the latest, in every process.
REMEMBER_SECONDS = 60
VAULT_SECONDS = 5
MAX_ANSWER_BYTES = 1_000_000


def value_of(sealed):
    """Return the secret behind ``sealed``: what the key ring encrypted, or a reference.

    :raises AuthorizationError: it cannot be read; the code says why.
    :raises NeedsFetchError: it has to be fetched first, with no transaction open.
    """
    if not secret_reference.is_reference(sealed):
        return key_ring.decrypt(sealed)
    reference = secret_reference.parse(sealed)
    if reference.kind == "vault":
        return fetched.known(("vault", reference.text), lambda: _read_vault(reference))
    return _read_environment(reference) if reference.kind == "env" else _read_file(reference)


def _read_environment(reference):
    value = os.environ.get(reference.place, "").strip()
    if not value:
        raise unresolved(reference, "the server's environment has no such variable, or it is empty")
    return value


def _read_file(reference):
    """Return what a file below a root holds, if nobody but its owner can read it.

    Links are followed, since container platforms deliver secrets as links, but only to places below the same root.
    """
    root = read_roots(configured("secret_roots")).get(reference.place)
    if not root:
        raise unresolved(reference, f"the server's configuration names no folder “{reference.place}”")
    try:
        base = Path(root).resolve(strict=True)
        path = (base / reference.path).resolve(strict=True)
        if not path.is_relative_to(base):
            raise unresolved(reference, "it leads out of its folder")
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise unresolved(reference, "it is no file")
            if facts.st_mode & 0o077 or facts.st_uid not in (os.geteuid(), 0):
                raise unresolved(reference, "others than its owner may read or change the file")
            value = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise unresolved(reference, "the file is missing or this server may not read it") from error
    if len(value) > MAX_SECRET_BYTES:
        raise unresolved(reference, "the file is too long for a secret")
    try:
        text = value.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise unresolved(reference, "the file holds no text") from error
    if not text:
        raise unresolved(reference, "the file is empty")
    return text


def _read_vault(reference):
    """Return (secret, seconds to remember it). Never called while a transaction is open."""
    address = configured("vault_address").rstrip("/")
    token = _vault_token()
    if not address or not token:
        raise unresolved(reference, "the server's configuration names no vault, or no token for it")
    headers = {"X-Vault-Token": token, "X-Vault-Request": "true"}
    if namespace := configured("vault_namespace"):
        headers["X-Vault-Namespace"] = namespace
    url = address + secret_reference.vault_path(reference)
    request = HttpRequest("GET", url, headers, timeout_seconds=VAULT_SECONDS)
    # Who runs the server named this address, so it may be inside the own network; redirects are not followed.
    host = urlsplit(address).hostname or ""
    try:
        answer = http_client.send(request, (host,), MAX_ANSWER_BYTES)
    except TransientError as error:
        raise TransientError("secret_store_unavailable", error.detail, params={"status": "–"}) from error
    except AuthorizationError as error:
        raise unresolved(reference, "the vault's address in the configuration cannot be called") from error
    return secret_reference.read_vault_answer(reference, answer.status, answer.body), REMEMBER_SECONDS


def _vault_token():
    if path := configured("vault_token_file"):
        try:
            return Path(path).read_text(encoding="ascii")[:MAX_SECRET_BYTES].strip()
        except (OSError, UnicodeDecodeError):
            return ""
    return configured("vault_token")
