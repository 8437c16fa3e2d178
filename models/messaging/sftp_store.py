# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Folders on SFTP servers: guarded address, a host key that a person entered, no keys of this server."""

import binascii
import contextlib
import io
import logging
import re
import socket

import paramiko
import paramiko.hostkeys
from fsspec.implementations.sftp import SFTPFileSystem

from ...engine.address_guard import check_address, check_url
from ...engine.errors import AuthorizationError, TransientError
from ...engine.file_names import check_remote_folder
from .file_store import Store, translated

CONNECT_TIMEOUT_SECONDS = 10
READ_TIMEOUT_SECONDS = 60
# What paramiko logs as an error it also raises: it becomes an error of the hub, with words.
LOG_CHANNEL = "paramiko.finance_integration"
logging.getLogger(LOG_CHANNEL).setLevel(logging.CRITICAL)
_PEM = re.compile(r"(-----BEGIN [A-Z ]*KEY-----)\s*([A-Za-z0-9+/=\s]*?)\s*(-----END [A-Z ]*KEY-----)\s*")
_KEY_CLASSES = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


def read_host_key(host, port, line):
    """Return the known-hosts entry of a key written as ``ssh-ed25519 AAAA…``, or None where it cannot be read."""
    name = host if port == 22 else f"[{host}]:{port}"
    words = (line or "").split()
    if words and not words[0].startswith(("ssh-", "ecdsa-")):
        words = words[1:]  # a line of known_hosts begins with the host's name
    try:
        entry = paramiko.hostkeys.HostKeyEntry.from_line(" ".join([name, *words[:2]]))
    except (paramiko.hostkeys.InvalidHostKey, paramiko.SSHException, binascii.Error, ValueError):
        return None
    return entry if entry is not None and entry.key is not None else None


def _private_key(secret):
    """Return the key that ``secret`` writes in PEM, or None when it is a password."""
    if not secret.startswith("-----BEGIN"):
        return None
    if found := _PEM.fullmatch(secret):  # a field of one line turns line ends into blanks
        secret = "\n".join([found[1], *found[2].split(), found[3], ""])
    for kind in _KEY_CLASSES:
        with contextlib.suppress(paramiko.SSHException, ValueError, IndexError):
            return kind.from_private_key(io.StringIO(secret))
    raise AuthorizationError("secret_unusable", "the private key cannot be read")


class _GuardedSFTP(SFTPFileSystem):
    """Connects to the address that was checked, and only to a server whose key is known."""

    cachable = False

    def _connect(self):
        options = dict(self.ssh_kwargs)
        entry, allowed = options.pop("host_key"), options.pop("allowed")
        port = options["port"]
        sock = socket.create_connection((self.host, port), CONNECT_TIMEOUT_SECONDS)
        try:
            if not allowed:
                check_address(sock.getpeername()[0])
            self.client = paramiko.SSHClient()
            self.client.set_log_channel(LOG_CHANNEL)
            self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
            self.client.get_host_keys().add(entry.hostnames[0], entry.key.get_name(), entry.key)
            self.client.connect(
                self.host,
                sock=sock,
                allow_agent=False,
                look_for_keys=False,
                banner_timeout=CONNECT_TIMEOUT_SECONDS,
                auth_timeout=CONNECT_TIMEOUT_SECONDS,
                **options,
            )
            self.ftp = self.client.open_sftp()
            self.ftp.get_channel().settimeout(READ_TIMEOUT_SECONDS)
        except BaseException:
            sock.close()
            raise


class SftpStore(Store):
    """A folder on an SFTP server.

    :param facts: host, port, username, secret (password or private key), host_key, folder, allowed_hosts.
    :raises AuthorizationError: ``address_forbidden``, ``host_key_refused``, ``credential_refused``,
        ``secret_unusable``.
    :raises TransientError: ``source_unavailable``.
    """

    def __init__(self, facts):
        host, port = facts["host"], facts["port"]
        target = check_url(f"https://{host}:{port}/", facts["allowed_hosts"])
        entry = read_host_key(host, port, facts["host_key"])
        if entry is None:
            raise AuthorizationError("host_key_refused", "no readable host key", params={"host": host})
        key = _private_key(facts["secret"])
        login = {"pkey": key} if key else {"password": facts["secret"]}
        with _ssh_errors(host):
            filesystem = _GuardedSFTP(
                host,
                port=port,
                username=facts["username"] or "",
                host_key=entry,
                allowed=target.allowed_by_name,
                **login,
            )
        super().__init__(filesystem, check_remote_folder(facts["folder"] or ""))

    def _errors(self, name):
        return _ssh_errors(name)

    def close(self):
        self._filesystem.ftp.close()
        self._filesystem.client.close()


@contextlib.contextmanager
def _ssh_errors(host):
    try:
        with translated(host):
            yield
    except paramiko.BadHostKeyException as error:
        raise AuthorizationError("host_key_refused", "another key", params={"host": host}) from error
    except paramiko.AuthenticationException as error:
        raise AuthorizationError(
            "credential_refused", type(error).__name__, params={"status": "SFTP"}
        ) from error
    except paramiko.SSHException as error:
        if "not found in known_hosts" in str(error):
            raise AuthorizationError(
                "host_key_refused", "a key of another kind", params={"host": host}
            ) from error
        raise TransientError("source_unavailable", type(error).__name__, params={"status": "SFTP"}) from error
