# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The partner's SFTP server: one folder, one user, on this machine only; for the demo and for tests."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import paramiko

HOST = "127.0.0.1"
USER = "partner"
# A client that goes away is nothing to write about.
LOG_CHANNEL = "paramiko.simulators"
logging.getLogger(LOG_CHANNEL).setLevel(logging.CRITICAL)


class _Login(paramiko.ServerInterface):
    def __init__(self, server: SftpServer):
        self._server = server

    def check_auth_password(self, username, password):
        right = (username, password) == (USER, self._server.password)
        self._server.logins.append(right)
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username, key):
        right = username == USER and key in self._server.keys
        self._server.logins.append(right)
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def get_allowed_auths(self, _username):
        return "password,publickey"

    def check_channel_request(self, kind, _channel_id):
        return (
            paramiko.OPEN_SUCCEEDED if kind == "session" else paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        )


class _Handle(paramiko.SFTPHandle):
    def stat(self):
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class _Folder(paramiko.SFTPServerInterface):
    def __init__(self, _login, *_arguments, root: Path, **_options):
        super().__init__(_login)
        self._root = root

    def _path(self, path):
        return self._root / self.canonicalize(path).lstrip("/")

    def list_folder(self, path):
        try:
            found = []
            for child in sorted(self._path(path).iterdir()):
                attributes = paramiko.SFTPAttributes.from_stat(child.lstat())
                attributes.filename = child.name
                found.append(attributes)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        return found

    def _attempt(self, work):
        try:
            return work()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def stat(self, path):
        return self._attempt(lambda: paramiko.SFTPAttributes.from_stat(self._path(path).stat()))

    def lstat(self, path):
        return self._attempt(lambda: paramiko.SFTPAttributes.from_stat(self._path(path).lstat()))

    def open(self, path, flags, _attributes):
        writes = flags & (os.O_WRONLY | os.O_RDWR)

        def work():
            handle = _Handle(flags)
            file = self._path(path).open("wb" if writes else "rb")
            handle.readfile = handle.writefile = file
            return handle

        return self._attempt(work)

    def mkdir(self, path, _attributes):
        return self._attempt(lambda: self._path(path).mkdir() or paramiko.SFTP_OK)

    def posix_rename(self, old, new):
        return self._attempt(lambda: self._path(old).replace(self._path(new)) and paramiko.SFTP_OK)

    def remove(self, path):
        return self._attempt(lambda: self._path(path).unlink() or paramiko.SFTP_OK)


class SftpServer:
    """Serves ``root`` until it is closed; ``logins`` tells which attempts were right."""

    def __init__(self, root: Path, password: str = "", keys: tuple[paramiko.PKey, ...] = ()):
        self.root = root
        self.password = password
        self.keys = keys
        self.logins: list[bool] = []
        self.key = paramiko.ECDSAKey.generate()
        self._socket = socket.create_server((HOST, 0))
        self.port = self._socket.getsockname()[1]
        self._transports: list[paramiko.Transport] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def host_key(self) -> str:
        """The server's key as a line of known_hosts without the host."""
        return f"{self.key.get_name()} {self.key.get_base64()}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:  # closed
                return
            transport = paramiko.Transport(connection)
            transport.set_log_channel(LOG_CHANNEL)
            transport.add_server_key(self.key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, sftp_si=_Folder, root=self.root)
            self._transports.append(transport)
            with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(server=_Login(self))

    def close(self) -> None:
        """Stop serving."""
        with contextlib.suppress(OSError):  # closed before
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for transport in self._transports:
            transport.close()


@contextlib.contextmanager
def serving(root: Path, password: str = "", keys: tuple[paramiko.PKey, ...] = ()) -> Iterator[SftpServer]:
    """Run a server for the time of a block."""
    server = SftpServer(root, password, keys)
    try:
        yield server
    finally:
        server.close()
