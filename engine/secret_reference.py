# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""References to secrets that are kept outside the database: where a secret stands, never the secret itself.

``env:FINANCE_SECRET_NAME``   a variable of the server's environment;
``file:root/folder/name``     a file below a folder that the server's configuration calls ``root``;
``vault:mount/path#field``    a field of a secret in HashiCorp Vault's KV store, version 2.

What a reference may name is bounded on purpose: whoever may enter one decides to whom its value is sent. With free
names they could send the database's password to a server of their own.
"""

from __future__ import annotations

import dataclasses
import json
import re
from urllib.parse import quote

from .errors import AuthorizationError, IntegrationError, TransientError
from .file_names import check_folder, check_name

KINDS = ("env", "file", "vault")
ENV_PREFIX = "FINANCE_SECRET_"
MAX_REFERENCE_CHARACTERS = 500
_ENV_NAME = re.compile(ENV_PREFIX + r"[A-Z0-9_]{1,100}", re.ASCII)
_ROOT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)
_VAULT_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_VAULT_FIELD = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)
_MAX_VAULT_PARTS = 12


@dataclasses.dataclass(frozen=True)
class SecretReference:
    """Where a secret stands.

    ``place``  env: the variable; file: the root's name; vault: the mount.
    ``path``   file: folder and name below the root; vault: path below the mount; env: empty.
    ``field``  vault: the field of the secret; else empty.
    """

    kind: str
    text: str
    place: str
    path: str = ""
    field: str = ""


def is_reference(text: str) -> bool:
    """Whether ``text`` is meant as a reference and not as a secret."""
    return text.partition(":")[0] in KINDS and ":" in text


def parse(text: str) -> SecretReference:
    """Return what ``text`` refers to.

    :raises AuthorizationError: ``secret_reference_malformed``.
    """
    text = text.strip()
    kind, _colon, rest = text.partition(":")
    if not is_reference(text) or len(text) > MAX_REFERENCE_CHARACTERS:
        raise _malformed(text, "it begins with env:, file: or vault: and has at most 500 characters")
    return {"env": _env, "file": _file, "vault": _vault}[kind](text, rest)


def _env(text: str, rest: str) -> SecretReference:
    if not _ENV_NAME.fullmatch(rest):
        raise _malformed(text, f"the variable's name begins with {ENV_PREFIX}, in capital letters")
    return SecretReference("env", text, rest)


def _file(text: str, rest: str) -> SecretReference:
    root, _slash, path = rest.partition("/")
    if not _ROOT_NAME.fullmatch(root) or not path or path.endswith("/"):
        raise _malformed(text, "it is written file:root/name, with a root of the server's configuration")
    folder, _slash, name = path.rpartition("/")
    try:
        inner = check_folder(folder)
        check_name(name)
    except AuthorizationError as error:
        raise _malformed(text, error.params["problem"]) from error
    return SecretReference("file", text, root, f"{inner}/{name}" if inner else name)


def _vault(text: str, rest: str) -> SecretReference:
    location, _hash, field = rest.partition("#")
    parts = location.split("/")
    good = 2 <= len(parts) <= _MAX_VAULT_PARTS and all(_VAULT_PART.fullmatch(part) for part in parts)
    if not good or not _VAULT_FIELD.fullmatch(field):
        raise _malformed(text, "it is written vault:mount/path#field")
    return SecretReference("vault", text, parts[0], "/".join(parts[1:]), field)


def vault_path(reference: SecretReference) -> str:
    """Return the path of the request that reads a secret: KV version 2, newest version.

    https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 (Read secret version).
    """
    return f"/v1/{quote(reference.place)}/data/{quote(reference.path)}"


def read_vault_answer(reference: SecretReference, status: int, body: bytes) -> str:
    """Return the secret in Vault's answer.

    :raises AuthorizationError: ``secret_store_refused`` (our token may not read it),
        ``secret_reference_unresolved`` (there is no such secret or field, or it is no text).
    :raises TransientError: ``secret_store_unavailable`` (sealed, overloaded, in trouble, not readable).
    """
    if status == 403:
        raise AuthorizationError("secret_store_refused", params={"reference": reference.text})
    if status == 404:
        raise unresolved(reference, "there is no such secret, or it was deleted")
    if status != 200:
        raise TransientError("secret_store_unavailable", f"HTTP {status}", params={"status": status})
    try:
        fields = json.loads(body)["data"]["data"]
        value = fields.get(reference.field)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TransientError(
            "secret_store_unavailable",
            f"unreadable answer: {type(error).__name__}",
            params={"status": status},
        ) from error
    if not isinstance(value, str) or not value.strip():
        raise unresolved(reference, f"the secret has no text in its field “{reference.field}”")
    return value.strip()


def unresolved(reference: SecretReference, reason: str) -> IntegrationError:
    """Return the error of a reference behind which nothing usable stands; ``reason`` in plain words."""
    return AuthorizationError(
        "secret_reference_unresolved", params={"reference": reference.text, "reason": reason}
    )


def _malformed(text: str, reason: str) -> AuthorizationError:
    # A mistyped reference may be a secret: only what stands before the colon is repeated.
    shown = text.partition(":")[0][:10] + ":…"
    return AuthorizationError("secret_reference_malformed", params={"reference": shown, "reason": reason})
