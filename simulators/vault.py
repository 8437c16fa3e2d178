# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A small HashiCorp Vault: the KV store, version 2, as its public API documentation describes it.

https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 (Read secret version)
https://developer.hashicorp.com/vault/api-docs#http-status-codes
"""

from __future__ import annotations

import dataclasses
import threading

from .local_server import LocalServer, Reply, Request, json_reply


@dataclasses.dataclass
class Vault:
    """Secrets by (mount, path); each is a list of versions, None = deleted. ``status`` answers everything with it."""

    token: str
    secrets: dict[tuple[str, str], list[dict[str, str] | None]] = dataclasses.field(default_factory=dict)
    sealed: bool = False
    status: int = 0
    reads: int = 0
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def put(self, mount: str, path: str, **fields: str) -> None:
        """Write a new version of a secret."""
        self.secrets.setdefault((mount, path), []).append(fields)

    def delete(self, mount: str, path: str) -> None:
        """Delete the newest version of a secret."""
        self.secrets[mount, path].append(None)

    def answer(self, request: Request) -> Reply:
        """Answer one request of the HTTP API."""
        with self.lock:
            self.reads += 1
        if self.status:
            return json_reply(self.status, {"errors": []})
        if self.sealed:
            return json_reply(503, {"errors": ["Vault is sealed"]})
        if request.headers.get("x-vault-token") != self.token:
            return json_reply(403, {"errors": ["permission denied"]})
        parts = request.path.strip("/").split("/")
        if request.method != "GET" or len(parts) < 4 or parts[0] != "v1" or parts[2] != "data":
            return json_reply(404, {"errors": []})
        versions = self.secrets.get((parts[1], "/".join(parts[3:])))
        if not versions:
            return json_reply(404, {"errors": []})
        metadata = {"version": len(versions), "destroyed": False}
        found = versions[-1]
        # A deleted version is told with 404 and its metadata.
        status = 200 if found is not None else 404
        return json_reply(status, {"data": {"data": found, "metadata": metadata}})


def vault_server(vault: Vault, port: int = 0) -> LocalServer:
    """Return a server of this vault; run it with ``serving``."""
    return LocalServer(vault.answer, port)
